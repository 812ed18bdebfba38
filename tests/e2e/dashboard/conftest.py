"""What the tests of the dashboard share: a browser, a site with events of every kind, and a page that is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import ROOT, chromium
from tests.e2e.dashboard.look import Look
from tests.e2e.dashboard.traffic import make_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from tests.e2e.conftest import LocalStack
    from tests.e2e.dashboard.traffic import Site

PAGE = ROOT / "web" / "dashboard"


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not (PAGE / "dist" / "index.html").exists():
        pytest.skip("the dashboard is not built: run `make install` with a network")
    with chromium() as made:
        yield made


@pytest.fixture(scope="package")
def site(stack: LocalStack, browser: Browser) -> Site:
    """Return a site with events of every kind, all of them counted."""
    return make_site(stack)


@pytest.fixture(scope="package")
def opened(browser: Browser, stack: LocalStack) -> Iterator[Callable[..., Look]]:
    """Return a function that opens a page in a browser of its own; what it is given is the browser's context."""
    contexts = []

    def make(**given: Any) -> Look:
        context = browser.new_context(**given)
        contexts.append(context)
        # Run by the browser's own tools, which the page's policy does not bind.
        context.add_init_script((PAGE / "node_modules" / "axe-core" / "axe.min.js").read_text())
        return Look(context.new_page(), stack.endpoints["base_url"])

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def fresh(browser: Browser, opened: Callable[..., Look]) -> Iterator[Look]:
    """Return a page that nobody has signed in to yet."""
    made = opened()
    yield made
    made.page.context.close()


@pytest.fixture(scope="package")
def wide(opened: Callable[..., Look], site: Site) -> Look:
    """Return a page that is signed in, on a desk."""
    made = opened(color_scheme="light", viewport={"width": 1280, "height": 900})
    made.sign_in(site.keys["admin"])
    return made


@pytest.fixture(scope="package", params=["light, wide", "dark, wide", "light, phone", "dark, phone"])
def look(request: pytest.FixtureRequest, opened: Callable[..., Look], site: Site) -> Look:
    """Return a page that is signed in, in each colour and size."""
    theme, size = request.param.split(", ")
    viewport = {"width": 1280, "height": 900} if size == "wide" else {"width": 390, "height": 844}
    made = opened(color_scheme=theme, viewport=viewport)
    made.sign_in(site.keys["admin"])
    return made
