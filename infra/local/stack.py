"""`make up` and `make down`: what is started in which order, what is kept, and what is told."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra import page
from infra.local import calls, demo
from infra.local.deployment import CLOUD, MINISTACK_PYTHON, Deployment, deploy, synthesize
from infra.local.home import ROOT, Home, StackError, basic_environment, say
from infra.local.postgres import Postgres, free_port
from infra.local.processes import Process

if TYPE_CHECKING:
    from collections.abc import Callable

# As CloudFront has them (`infra/stacks/edge.py`).
_PAGES: Final = {"/tracker/": ROOT / "web" / "tracker" / "dist", "/": ROOT / "web" / "dashboard" / "dist"}
_OK: Final = 200
_LAST_PORT: Final = 65_535


class Stack:
    """The local stack of one state folder and one port."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder.resolve()
        self.home = Home(self.folder)
        self.port = port
        self.base_url = f"http://127.0.0.1:{port}"
        self._ministack = Process("ministack", self.folder)
        self._event_source = Process("event_source", self.folder)
        self._front_door = Process("front_door", self.folder)
        # There while MiniStack may hold something else than the last deployment.
        self._unknown = self.folder / "run" / "unknown"

    @classmethod
    def of_environment(cls) -> Stack:
        """Return the stack that STREAMGAUGE_HOME and STREAMGAUGE_PORT name. Raises StackError for what is no port."""
        home = Path(os.environ.get("STREAMGAUGE_HOME") or ROOT / ".streamgauge")
        port = os.environ.get("STREAMGAUGE_PORT") or "8787"
        if not (port.isascii() and port.isdigit() and 0 < int(port) <= _LAST_PORT):
            raise StackError(f"STREAMGAUGE_PORT is no port: {port!r}. Give a number from 1 to {_LAST_PORT}.")
        return cls(ROOT / home, int(port))

    # -- up -----------------------------------------------------------------------------------------------------------

    def up(self) -> None:
        """Start or update everything; return when a request is answered. Raises StackError."""
        started = time.monotonic()
        self.home.make()
        with self.home.alone():
            ports = self._ports()
            postgres = self._postgres(ports["postgres"])
            endpoint = f"http://127.0.0.1:{ports['aws']}"
            with ThreadPoolExecutor() as pool:
                database = pool.submit(self._start_postgres, postgres)
                cloud = pool.submit(self._start_ministack, ports["aws"])
                database.result()
                synthesis = pool.submit(synthesize, self.home, self.port, postgres.url(), endpoint)
                cloud.result()
                wanted = synthesis.result()
            deployed = deploy(self.home, endpoint, wanted, force=self._unknown.exists())
            deployment = Deployment.last(self.home)
            if self._unknown.exists() and (self.folder / "endpoints.json").exists():
                self._restore(endpoint, deployment)
            self._unknown.unlink(missing_ok=True)
            self._start_event_source(endpoint, again=deployed)
            self._start_front_door(endpoint, deployment, again=deployed)
            self._tell(postgres, endpoint, deployment)
            say(f"ready in {time.monotonic() - started:.0f} s: {self.base_url}/")

    def _ports(self) -> dict[str, int]:
        """Return the ports of the folder, chosen at its first start and again only where another program took one."""
        known: dict[str, int] = self.home.read("ports.json")
        ours = {"postgres": self._postgres(0).head() is not None, "aws": self._ministack.pid() is not None}
        ports = {
            name: known[name] if name in known and (running or _is_free(known[name])) else free_port()
            for name, running in ours.items()
        }
        self.home.write("ports.json", ports)
        if self._front_door.pid() is None and not _is_free(self.port):
            raise StackError(
                f"Port {self.port} is in use by another program: stop it, or set STREAMGAUGE_PORT (and STREAMGAUGE_HOME) to others."
            )
        return ports

    def _postgres(self, port: int) -> Postgres:
        return Postgres(self.folder / "postgres", port, self.folder / "logs" / "postgres.log")

    def _start_postgres(self, postgres: Postgres) -> None:
        if postgres.head() is None or not postgres.answers():
            postgres.start()
            say("Postgres is up")
        postgres.create_database("streamgauge")

    def _start_ministack(self, port: int) -> None:
        """Start MiniStack when it does not run. Unless it was stopped cleanly, what it holds is not known."""
        if self._ministack.pid() is not None:
            return
        clean = self.folder / "run" / "clean"
        # What a killed MiniStack left lying about; layers of a deployment that is still the last one are kept.
        self.home.empty("tmp")
        if not clean.exists():
            self._unknown.touch()
            self.home.empty("layers")
        clean.unlink(missing_ok=True)
        environment = {
            **basic_environment(),
            **CLOUD,
            "STREAMGAUGE_HOME": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.folder / "ministack" / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.folder / "ministack" / "s3"),
            "LOG_LEVEL": "WARNING",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._ministack.start(
            [MINISTACK_PYTHON, ROOT / "infra" / "local" / "ministack_main.py"], environment, self.folder
        )
        self._wait(self._ministack, lambda: calls.status(f"http://127.0.0.1:{port}/_ministack/ready") == _OK)
        say("MiniStack is up")

    def _restore(self, endpoint: str, deployment: Deployment) -> None:
        """After a kill: bring sites, keys and counters from Postgres, the truth, into MiniStack's empty or old tables."""
        say("restoring sites, keys and counters from Postgres …")
        answer = calls.invoke(endpoint, deployment.functions["migrations"], {"restore": True})
        if "errorMessage" in answer:
            raise StackError(
                f"The registry could not be restored: see {self.folder}/logs/functions ({answer['errorMessage']})."
            )

    def _start_event_source(self, endpoint: str, *, again: bool) -> None:
        if self._event_source.pid() is not None:
            if not again:
                return
            self._event_source.stop()
        ready = self.folder / "run" / "event_source.ready"
        ready.unlink(missing_ok=True)
        environment = {**basic_environment(), "STREAMGAUGE_HOME": str(self.folder), "AWS_ENDPOINT_URL": endpoint}
        self._event_source.start([sys.executable, "-m", "infra.local.mapping_runner"], environment, ROOT)
        self._wait(self._event_source, ready.exists)

    def _start_front_door(self, endpoint: str, deployment: Deployment, *, again: bool) -> None:
        trust = os.environ.get("STREAMGAUGE_TRUST_FORWARDED", "")
        told = {
            "port": self.port,
            "endpoint": endpoint,
            "api_id": deployment.outputs["ApiId"],
            "socket_api_id": deployment.outputs.get("WebSocketApiId"),
            "origin_secret": self.home.secret("origin_secret"),
            "trust_forwarded": trust == "1",
            "pages": {start: str(folder) for start, folder in _PAGES.items() if folder.is_dir()},
            "page": {"configuration": page.configuration(os.environ), "headers": page.headers(os.environ)},
        }
        if self._front_door.pid() is not None:
            if not again and self.home.read("front_door.json") == told:
                return
            self._front_door.stop()
        self.home.write("front_door.json", told)
        environment = {**basic_environment(), "STREAMGAUGE_HOME": str(self.folder)}
        self._front_door.start([sys.executable, "-m", "infra.local.front_door"], environment, ROOT)
        self._wait(self._front_door, lambda: calls.status(f"{self.base_url}/health") == _OK)

    def _tell(self, postgres: Postgres, endpoint: str, deployment: Deployment) -> None:
        """Write `endpoints.json`; at the first start make the site and the keys that it names."""
        known = self.home.read("endpoints.json")
        site_id, keys = known.get("site_id"), known.get("keys") or {}
        admin = keys.get("admin") or self.home.secret("admin_key")
        if not site_id or calls.status(f"{self.base_url}/api/v1/sites/{site_id}", admin) != _OK:
            self._let_in(admin, postgres, endpoint, deployment)
            if not site_id or calls.status(f"{self.base_url}/api/v1/sites/{site_id}", admin) != _OK:
                made = calls.post(f"{self.base_url}/api/v1/sites", admin, {"name": "Local site"})
                site_id, keys = made["site_id"], made["keys"]
        self.home.write(
            "endpoints.json",
            {
                "base_url": self.base_url,
                "ws_url": f"ws://127.0.0.1:{self.port}/ws",
                "dashboard_url": f"{self.base_url}/",
                "aws_endpoint_url": endpoint,
                "database_url": postgres.url(),
                "site_id": site_id,
                "keys": {**keys, "admin": admin},
                "resources": deployment.resources,
                "functions": deployment.functions,
            },
        )

    def _let_in(self, admin: str, postgres: Postgres, endpoint: str, deployment: Deployment) -> None:
        """Make the admin key for all sites, straight in the stores: nobody is there yet who could ask for it."""
        environment = {
            **CLOUD,
            **deployment.variables,
            "STREAMGAUGE_STAGE": "local",
            "DATABASE_URL": postgres.url(),
            "AWS_ENDPOINT_URL": endpoint,
            "STREAMGAUGE_FIRST_KEY": admin,
        }
        self.home.run(
            [sys.executable, "-m", "infra.local.first_key"], environment, "first_key", "The admin key could not be made"
        )

    # -- down ---------------------------------------------------------------------------------------------------------

    def down(self) -> None:
        """Stop everything, keeping all data. Raises StackError when a part does not stop."""
        if not self.folder.exists():
            say("nothing was started")
            return
        with self.home.alone():
            for traffic in demo.traffic(self.home):
                traffic.stop()
            self._front_door.stop()
            self._event_source.stop()
            if self._ministack.stop(60):
                (self.folder / "run" / "clean").touch()
            self._postgres(0).stop()
        say("stopped; all data is kept")

    def clean(self) -> None:
        """Stop everything and remove its data."""
        if self.folder.exists():
            if not (self.folder / "ports.json").exists() and any(self.folder.iterdir()):
                raise StackError(f"{self.folder} does not look like a state folder; remove it by hand.")
            self.down()
            shutil.rmtree(self.folder)
            say(f"{self.folder} is removed")

    def status(self) -> dict[str, int | None]:
        """Return the process id of each part that runs."""
        return {
            "postgres": self._postgres(0).head(),
            **{
                part.name: part.pid()
                for part in (self._ministack, self._event_source, self._front_door, *demo.traffic(self.home))
            },
        }

    def _wait(self, process: Process, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until a part is ready. Raises StackError with its last words when it stops or takes too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            if process.pid() is None:
                raise StackError(f"{process.last_words()}\n{process.name} stopped at once: see {process.log}.")
            if time.monotonic() > deadline:
                raise StackError(
                    f"{process.last_words()}\n{process.name} does not answer: see {process.log}, then `make down up`."
                )
            time.sleep(0.05)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
