"""Takes the README's picture of the dashboard from a running local stack, best after `make demo`: needs Chromium."""  # noqa: INP001

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Sign in, wait until the overview stands, and write `docs/images/dashboard.png`."""
    home = ROOT / (os.environ.get("STREAMGAUGE_HOME") or ".streamgauge")
    known = json.loads((home / "endpoints.json").read_text("utf-8"))
    folder = ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1180, "height": 760}, color_scheme="light")
        page.goto(f"{known['base_url']}/#/website?period=7d")
        page.get_by_label("Key", exact=True).fill(known["keys"]["read"])
        page.get_by_role("button", name="Sign in").click()
        page.locator("main tbody").first.wait_for()
        page.wait_for_timeout(3000)
        page.screenshot(path=folder / "dashboard.png")
        browser.close()


if __name__ == "__main__":
    main()
