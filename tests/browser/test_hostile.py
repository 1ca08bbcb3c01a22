"""A run that means ill does no harm to the page that shows it."""

# pyright: reportMissingImports=false
# Playwright is there for these tests alone.
from __future__ import annotations

import json
import re
import secrets
from pathlib import Path

import pytest
from tests.browser.conftest import PLACE, Open
from tests.browser.looks import expect
from tests.integration.platform import RunningPlatform, alula

FLOWS = Path(__file__).parent / "flows/hostile.py"
NAME = "n" * 3_900 + "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe<script>document.title='taken'</script>"
VIEWS = {
    "error": "/executions/{run}?sel=n1",
    "log": "/executions/{run}?sel=n0&tab=log",
    "deck": "/executions/{run}?sel=n0&tab=deck",
    "data": "/executions/{run}?tab=data",
    "again": "/launch?from={run}",
}
TEXT_MAX, ELEMENTS_MAX = 80_000, 2_500
"""Of an error of 5 MB the platform keeps 64 KiB."""
_REPORTS = (
    "window.reports = []; document.addEventListener('securitypolicyviolation', (told) => reports.push(told.blockedURI))"
)


@pytest.fixture
def hostile(site: RunningPlatform, tmp_path: Path) -> str:
    name = f"hostile-{secrets.token_hex(3)}"
    inputs = tmp_path / "inputs.json"
    inputs.write_text(json.dumps({"names": {NAME: NAME}, "endless": {"name": NAME}}))
    given = ("--name", name, "--wait", "--inputs-file", str(inputs))
    alula("run", "--remote", "--endpoint", site.grpc, *given, str(FLOWS), "hostile")
    return name


def test_what_means_ill_is_text_and_stays_in_its_place(visit: Open, site: RunningPlatform, hostile: str) -> None:
    page = visit("", tolerant=True)  # the browser tells what it keeps the deck from
    page.add_init_script(_REPORTS)
    for view, path in VIEWS.items():
        address = site.http + PLACE + path.format(run=hostile)
        page.goto(address)
        expect(page.locator("main h1, main [data-phase]").first).to_be_visible()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        if view == "deck":
            deck = page.frame_locator("iframe[title='Deck of loud']").frame_locator("iframe")
            expect(deck.locator("h1")).to_have_text("here, shut out, stays, not fetched")
        if view == "error":
            page.get_by_role("button", name=re.compile("^Show all")).click()
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, view
        seen = page.locator("body").inner_text()
        assert (len(seen) < TEXT_MAX, "\N{RIGHT-TO-LEFT OVERRIDE}" in seen) == (True, False), view
        assert page.evaluate("document.querySelectorAll('*').length") < ELEMENTS_MAX, view
        assert (page.url, "taken" in page.title(), page.evaluate("reports")) == (address, False, [])
