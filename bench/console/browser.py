"""The Chromium of the machine, as benchmarks and tests of the console start it."""

# Playwright is there for those alone.
# pyright: reportMissingImports=false
from __future__ import annotations

import shutil
from typing import Any

_OWN_PAGES = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup")
"""The pages below Chromium's address bar. Each new window loads hundreds of files for them, in the very second in which
a visit is measured, and takes up to one of two cores for it."""
_ARGS = ("--no-sandbox", f"--disable-features={','.join(_OWN_PAGES)}")


# `Any`: Playwright, and its browser.
def launch(playwright: Any) -> Any:
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(_ARGS))
