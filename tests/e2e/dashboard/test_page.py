"""The page as it is built and served."""

from __future__ import annotations

import re
import subprocess
from gzip import compress
from typing import TYPE_CHECKING

import httpx
import pytest

from infra import page
from tests.e2e.dashboard.conftest import PAGE

if TYPE_CHECKING:
    from tests.e2e.conftest import LocalStack
    from tests.e2e.dashboard.look import Look

pytestmark = pytest.mark.e2e

FIRST_LOAD_BYTES = 200_000


@pytest.fixture(autouse=True)
def _built() -> None:
    if not (PAGE / "dist" / "index.html").exists():
        pytest.skip("the dashboard is not built: run `make install` with a network")


def test_the_types_hold() -> None:
    subprocess.run([PAGE / "node_modules" / ".bin" / "tsc"], cwd=PAGE, check=True)


def test_the_first_load_is_small() -> None:
    sent = sum(len(compress(file.read_bytes())) for file in (PAGE / "dist").rglob("*") if file.is_file())
    assert sent < FIRST_LOAD_BYTES


def test_nothing_in_the_page_is_inline() -> None:
    text = (PAGE / "dist" / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style| style=| on\w+=", text)


def test_the_page_comes_with_its_policy(stack: LocalStack) -> None:
    headers = httpx.get(f"{stack.endpoints['base_url']}/").headers
    assert headers["content-security-policy"] == page.policy(stack.settings)
    assert headers["x-frame-options"] == "DENY"


def test_the_policy_stops_script_that_is_not_the_pages_own(fresh: Look) -> None:
    fresh.page.goto(f"{fresh.base}/")
    fresh.page.get_by_label("Key", exact=True).wait_for()
    fresh.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran=1\">')")
    fresh.page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran=2'}))")
    fresh.page.wait_for_timeout(200)
    assert fresh.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in one for one in fresh.said)
