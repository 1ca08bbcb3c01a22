"""Pictures of the console's main pages, in both themes and on a phone, of a platform with real runs.

make screenshots                  all of them, into .data/screenshots
make screenshots KEEP=--keep      those that the docs show, into docs/console
"""

# pyright: reportMissingImports=false
# Playwright is there for these tests alone.
from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.console.browser import launch
from tests.browser.conftest import TRIGGERS, address, fill
from tests.browser.looks import PAGES
from tests.integration.platform import Platforms

TO, KEPT_IN = Path(".data/screenshots"), Path("docs/console")
KEPT = ("home", "failed", "graph", "launch", "compare", "grid")
"""Pages that the docs show."""
DESK: Any = {"width": 1360, "height": 820}
PHONE: Any = {"width": 390, "height": 844}
# `Any`: options of Playwright.
FORMS: Any = (("desk", DESK, "light"), ("desk", DESK, "dark"), ("phone", PHONE, "light"), ("phone", PHONE, "dark"))
SETTLED_MS = 800
QUALITY = 80


def main() -> None:
    from playwright.sync_api import sync_playwright

    keep = "--keep" in sys.argv
    to, pages = (KEPT_IN, {name: PAGES[name] for name in KEPT}) if keep else (TO, PAGES)
    to.mkdir(parents=True, exist_ok=True)
    platforms = Platforms(Path(tempfile.mkdtemp()), TRIGGERS)
    try:
        platform = platforms.start()
        fill(platform)
        with sync_playwright() as playwright:
            chromium = launch(playwright)
            for form, size, theme in FORMS[:2] if keep else FORMS:
                context = chromium.new_context(viewport=size, color_scheme=theme)
                for name, path in pages.items():
                    page = context.new_page()
                    page.goto(platform.http + address(path))
                    page.locator("main > *").first.wait_for()
                    page.locator("[aria-busy=true]").first.wait_for(state="hidden")
                    page.wait_for_timeout(SETTLED_MS)
                    (to / f"{name}-{form}-{theme}.webp").write_bytes(_picture(page))
                    page.close()
            chromium.close()
    finally:
        platforms.close()


def _picture(page: Any) -> bytes:
    """What is seen, as WebP: a third of the size of a PNG."""
    session = page.context.new_cdp_session(page)
    return base64.b64decode(session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})["data"])


if __name__ == "__main__":
    main()
