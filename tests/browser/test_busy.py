"""Pages on which much happens, and those that are open for long."""

# pyright: reportMissingImports=false
# Playwright is there for these tests alone.
from __future__ import annotations

import secrets

from tests.browser.busy_run import STEPS, BusyRun, Measures
from tests.browser.conftest import PLACE, Open, run
from tests.browser.looks import expect
from tests.integration.platform import RunningPlatform

ANSWERS, DAY_MS = 120, 86_400_000
WARM_UP = 30


def _open_run(site: RunningPlatform) -> str:
    name = f"busy-{secrets.token_hex(3)}"
    run(site, name, "waiting")
    return name


def test_a_page_that_is_open_for_a_day_holds_no_more_in_the_end(visit: Open, site: RunningPlatform) -> None:
    name = _open_run(site)
    page = visit("")
    busy, measures = BusyRun(page), Measures(page)
    page.clock.install()
    page.goto(f"{site.http}{PLACE}/executions/{name}?sel=n0")
    expect(page.get_by_role("treegrid")).to_have_attribute("aria-rowcount", str(STEPS))
    after_warm_up = 0.0
    while busy.told < ANSWERS:
        with page.expect_response("**/changes?*"):
            page.clock.fast_forward(DAY_MS // ANSWERS)
        if busy.told == WARM_UP:
            after_warm_up = measures.heap_mb()
    assert measures.heap_mb() - after_warm_up < 10
