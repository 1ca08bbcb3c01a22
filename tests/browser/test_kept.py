"""What stays as it is while a run changes, and when a page is loaded again."""

# pyright: reportMissingImports=false
# Playwright is there for these tests alone.
from __future__ import annotations

import datetime
from typing import Any

import pytest
from tests.browser.busy_run import INSIDE, STEPS, BusyRun, FlickeringRun
from tests.browser.conftest import PLACE, Open
from tests.browser.looks import expect
from tests.integration.platform import RunningPlatform

ANSWERS = 100


@pytest.mark.parametrize("view", ["timeline", "table"])
def test_a_hundred_changes_move_nothing_that_one_has_chosen(
    visit: Open, site: RunningPlatform, open_run: str, view: str
) -> None:
    page = visit("", tolerant=True)  # the platform does not know the steps that are made here
    busy = BusyRun(page)
    page.clock.install()
    page.goto(f"{site.http}{PLACE}/executions/{open_run}?view={view}&sel=n0")
    grid = page.get_by_role("treegrid")
    expect(grid).to_have_attribute("aria-rowcount", str(STEPS))
    page.get_by_role("row", selected=True).focus()
    page.keyboard.press("ArrowLeft")
    expect(grid).to_have_attribute("aria-rowcount", str(STEPS - INSIDE))
    for _ in range(30):
        page.keyboard.press("ArrowDown")
    page.get_by_role("row", selected=True).focus()
    before = _chosen(page)
    assert before["top"] > 0

    while busy.told < ANSWERS:
        with page.expect_response("**/changes?*"):
            page.clock.fast_forward(1_000)
    expect(grid).to_have_attribute("aria-rowcount", str(STEPS - INSIDE))
    assert _chosen(page) == before


def test_a_hundred_changes_move_nothing_in_the_graph(visit: Open, site: RunningPlatform) -> None:
    page = visit("", tolerant=True)  # the platform knows that the run has ended
    flickering = FlickeringRun(page)
    page.clock.install()
    page.goto(f"{site.http}{PLACE}/executions/good-1?view=graph&sel=n6-0-n0&open=!n4")
    graph = page.get_by_role("application")
    step = graph.get_by_role("button", pressed=True)
    page.clock.run_for(1_000)
    expect(step).to_contain_text("report")
    width = step.bounding_box()["width"]
    page.get_by_role("button", name="Larger").click()
    page.clock.run_for(1_000)
    step.focus()
    assert step.bounding_box()["width"] > width
    looks = {step.inner_html()}
    before = (page.url, step.bounding_box(), graph.get_by_role("button").count())
    while flickering.told < ANSWERS:
        with page.expect_response("**/changes?*"):
            page.clock.fast_forward(1_000)
        looks.add(step.inner_html())
    expect(step).to_be_focused()
    assert len(looks) > 1
    assert (page.url, step.bounding_box(), graph.get_by_role("button").count()) == before


@pytest.mark.parametrize("view", ["timeline", "graph", "table"])
def test_an_address_shows_the_same_again(visit: Open, view: str) -> None:
    page = visit("/executions/good-1")
    page.clock.set_fixed_time(datetime.datetime.now(datetime.UTC))
    page.goto(f"{page.url}?view={view}&sel=n6-0-n0&tab=data&open=!n4")
    expect(page.get_by_role("complementary", name="Step report")).to_be_visible()
    pictures = []
    for _ in range(2):
        page.reload()
        expect(page.get_by_role("complementary", name="Step report").get_by_text("total 5.0")).to_be_visible()
        seen = page.get_by_role("application").get_by_role("button") if view == "graph" else page.get_by_role("row")
        expect(seen.filter(has_text="report").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        pictures.append(page.screenshot(animations="disabled"))
    assert pictures[0] == pictures[1]


# `Any`: a page of Playwright.
def _chosen(page: Any) -> dict[str, Any]:
    """What a person has chosen, and where it is seen."""
    return {
        "address": page.url,
        **page.evaluate("""() => {
          const row = document.activeElement?.closest("[role=row]");
          let scroller = document.querySelector("[role=treegrid]");
          while (scroller && scroller.scrollHeight <= scroller.clientHeight + 1) scroller = scroller.parentElement;
          return {
            focus: row?.getAttribute("aria-rowindex") ?? null,
            place: row?.getBoundingClientRect().top ?? null,
            top: scroller?.scrollTop ?? 0,
          };
        }"""),
    }
