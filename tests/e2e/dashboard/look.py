"""A page of the dashboard as somebody looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


class Look:
    """`said` is what the console heard, `opened` what dialogs came up."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.said: list[str] = []
        self.opened: list[str] = []
        page.on(
            "console",
            lambda message: message.type == "error" and self.said.append(f"{message.text} {message.location['url']}"),
        )
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: (self.opened.append(dialog.message), dialog.dismiss()))

    def sign_in(self, key: str) -> None:
        """Sign in with a key."""
        self.page.goto(f"{self.base}/")
        self.page.get_by_label("Key", exact=True).fill(key)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.get_by_role("navigation", name="Views").wait_for()

    def go(self, address: str) -> None:
        """Go to a view and wait until nothing loads any more."""
        self.page.goto(f"{self.base}/#/{address}")
        self.page.locator("main h1").first.wait_for()
        self.wait()

    def wait(self) -> None:
        """Wait until nothing loads any more."""
        from playwright.sync_api import expect

        expect(self.page.locator("main .loading, main [aria-busy=true]")).to_have_count(0, timeout=60_000)

    def card(self, name: str) -> Locator:
        """Return the part of a view that bears this name."""
        return self.page.get_by_role("region", name=name, exact=True)

    def figures(self, card: str) -> dict[str, str]:
        """Return the figures of a card by their labels, as they are read."""
        pairs = self.card(card).locator("dl.figures > div")
        return {one.locator("dt").inner_text(): one.locator(".value").inner_text() for one in pairs.all()}

    def rows(self, card: str, *columns: int) -> list[tuple[str, ...]]:
        """Return the rows of a card's table: of the columns given (from 0), or of all that are seen."""
        found = []
        for row in self.card(card).locator("tbody tr").all():
            cells = [cell.inner_text() for cell in row.locator("td, th").all()]
            found.append(tuple(cells[place] for place in columns) if columns else tuple(cells))
        return found

    def axe(self) -> list[str]:
        """Return what axe finds wrong."""
        found = self.page.evaluate("axe.run().then((result) => result.violations)")
        return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]
