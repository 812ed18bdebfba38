"""A local stack of the test run's own: started in a state folder of its own on a free port, removed at the end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.oidc_provider import Provider, provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from tests.e2e.tracked import Tracked
    from tests.e2e.web_server import Website

ROOT = Path(__file__).resolve().parents[2]
# A program's own agent would be counted as a bot's.
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class LocalStack:
    """One stack; `endpoints` is what its `endpoints.json` says."""

    home: Path
    port: int
    endpoints: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)

    def run(self, action: str) -> str:
        """Run `python -m infra.local <action>` and return what it printed; read the endpoints again."""
        environment = {**os.environ, "STREAMGAUGE_HOME": str(self.home), "STREAMGAUGE_PORT": str(self.port)}
        environment |= {"STREAMGAUGE_TRUST_FORWARDED": "1", **self.settings}
        done = subprocess.run(
            [sys.executable, "-m", "infra.local", action],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{action} failed:\n{done.stdout}\n{done.stderr}"
        file = self.home / "endpoints.json"
        self.endpoints = json.loads(file.read_text()) if file.exists() else {}
        return done.stdout

    def pids(self) -> dict[str, int]:
        """Return the process ids of the parts that run."""
        return {name: pid for name, pid in json.loads(self.run("status")).items() if pid}

    def ask(self, method: str, path: str, scope: str | None = None, **request: Any) -> httpx.Response:
        """Send a request through the front door with the key of a scope."""
        headers = {"user-agent": BROWSER, **request.pop("headers", {})}
        if scope:
            headers["authorization"] = f"Bearer {self.endpoints['keys'][scope]}"
        address = f"{self.endpoints['base_url']}{path}"
        return httpx.request(method, address, headers=headers, timeout=40, **request)

    def invoke(self, function: str, event: dict[str, Any]) -> httpx.Response:
        """Invoke a function by its module name at the AWS endpoint."""
        return httpx.post(
            f"{self.endpoints['aws_endpoint_url']}/2015-03-31/functions/{self.endpoints['functions'][function]}/invocations",
            json=event,
            headers={"authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request"},
            timeout=300,
        )


@pytest.fixture(scope="session")
def issuer() -> Iterator[Provider]:
    """Return the issuer whose tokens the stack takes beside its keys."""
    with provider() as made:
        yield made


@pytest.fixture(scope="session")
def stack(issuer: Provider) -> Iterator[LocalStack]:
    if not (ROOT / ".tools" / "ministack" / "bin" / "python").exists():
        pytest.skip("MiniStack is not installed: run `make install`")
    from infra.local.postgres import free_port

    made = LocalStack(Path(tempfile.mkdtemp(prefix="streamgauge-e2e-")), free_port(), settings=issuer.settings)
    try:
        made.run("up")
        yield made
    finally:
        made.run("down")
        shutil.rmtree(made.home)


@pytest.fixture(scope="session")
def endpoints(stack: LocalStack) -> dict[str, Any]:
    """Where the stack of the test run answers, and its keys."""
    return stack.endpoints


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """Return a function that asks again until a check holds, and returns how long that took."""

    def wait(check: Callable[[], bool], seconds: float = 15.0) -> float:
        began = time.monotonic()
        while not check():
            assert time.monotonic() - began < seconds, f"it did not hold within {seconds} s"
            time.sleep(0.05)
        return time.monotonic() - began

    return wait


@contextmanager
def chromium(*flags: str, **how: Any) -> Iterator[Browser]:
    """Start the machine's browser. While it runs no test can use asyncio, so no fixture keeps it for a whole session."""
    programs = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    program = next(filter(None, programs), None)
    if program is None:
        pytest.skip("there is no Chromium: run `make browser` where apt can install it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", *flags], **how)
        yield made
        made.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium that plays videos unasked and, as people's do, keeps pages that are left for the way back."""
    # The agent belongs to the browser, not to a page: a beacon outlives its page.
    flags = "--autoplay-policy=no-user-gesture-required", f"--user-agent={BROWSER}"
    with chromium(*flags, ignore_default_args=["--disable-back-forward-cache"]) as made:
        yield made


@pytest.fixture(scope="module")
def website(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    """A website of another origin than the stack's."""
    from tests.e2e.web_server import Server, Website

    if not (ROOT / "web" / "tracker" / "dist" / "streamgauge.js").exists():
        pytest.skip("the tracker is not built: run `make install` with a network")
    made = Website(stack.endpoints["base_url"], tmp_path_factory.mktemp("clips"))
    server = Server(made)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def tracked(stack: LocalStack, browser: Browser, website: Website) -> Tracked:
    """A site of the test's own, with the tracker on its pages."""
    from tests.e2e.tracked import Tracked

    site = stack.ask("POST", "/api/v1/sites", "admin", json={"name": "Tracked"}).json()
    website.scripts.clear()
    website.cut = None
    made = Tracked(stack, browser, website, site)
    made.put_tracker()
    return made
