"""Pages on which much happens, and those that are open for long."""

# pyright: reportMissingImports=false
# Playwright is there for these tests alone.
from __future__ import annotations

import pytest
from tests.browser.busy_run import STEPS, BusyRun, Measures
from tests.browser.conftest import PLACE, Open
from tests.browser.looks import expect
from tests.integration.platform import RunningPlatform

ANSWERS, DAY_MS = 120, 86_400_000
WARM_UP = 30
BUSY_MS = 400
"""Of a second, so that who looks is answered in between; about twice of what it takes."""


def test_a_page_that_is_open_for_a_day_holds_no_more_in_the_end(
    visit: Open, site: RunningPlatform, open_run: str
) -> None:
    page = visit("")
    busy, measures = BusyRun(page), Measures(page)
    page.clock.install()
    page.goto(f"{site.http}{PLACE}/executions/{open_run}?sel=n0")
    expect(page.get_by_role("treegrid")).to_have_attribute("aria-rowcount", str(STEPS))
    after_warm_up = 0.0
    while busy.told < ANSWERS:
        with page.expect_response("**/changes?*"):
            page.clock.fast_forward(DAY_MS // ANSWERS)
        if busy.told == WARM_UP:
            after_warm_up = measures.heap_mb()
    assert measures.heap_mb() - after_warm_up < 10


@pytest.mark.parametrize("view", ["timeline", "table", "graph"])
def test_a_thousand_changes_a_second_leave_time_for_those_who_look(
    visit: Open, site: RunningPlatform, open_run: str, view: str
) -> None:
    page = visit("")
    busy, measures = BusyRun(page), Measures(page)
    page.goto(f"{site.http}{PLACE}/executions/{open_run}?view={view}&sel=n0")
    panel = page.get_by_role("complementary", name="Step slow")
    expect(panel).to_be_visible()
    with page.expect_response("**/changes?*"):
        pass
    told, before = busy.told, measures.busy_ms()
    while busy.told < told + 5:
        with page.expect_response("**/changes?*"):
            pass
    assert (measures.busy_ms() - before) / (busy.told - told) < BUSY_MS
    expect(panel).to_be_visible()
    assert "sel=n0" in page.url
