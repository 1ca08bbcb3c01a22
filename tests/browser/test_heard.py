"""What a screen reader is told, and what is left on a screen that is magnified."""

# pyright: reportMissingImports=false
# Playwright is there for these tests alone.
from __future__ import annotations

import re

import pytest
from tests.browser.conftest import Open
from tests.browser.looks import PAGES, ended, expect


def test_a_run_says_how_it_is_and_its_parts_have_names(visit: Open) -> None:
    page = visit("/executions/bad-1")
    ended(page, "failed")
    expect(page.get_by_role("status").filter(has_text="The run bad-1 is failed.")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Failed"))
    expect(page.get_by_role("img", name=re.compile(r"\d+ failed .* \d+ succeeded")).first).to_be_visible()
    rows = page.get_by_role("treegrid", name="Steps over time").get_by_role("row")
    expect(rows.filter(has_text="half[]")).to_have_attribute("aria-level", "1")
    expect(rows.filter(has_text="half[]")).to_contain_text(re.compile("failed, began after .*, took "))
    expect(page.get_by_role("tablist", name="Views").get_by_role("tab", selected=True)).to_have_text(
        re.compile("Timeline")
    )
    for landmark in ("banner", "main"):
        expect(page.get_by_role(landmark)).to_have_count(1)
    for name in ("Where you are", "Sections"):
        expect(page.get_by_role("navigation", name=name)).to_have_count(1)


def test_the_graph_and_the_log_say_what_they_are(visit: Open) -> None:
    page = visit("/executions/good-1?view=graph&sel=n1&tab=log")
    graph = page.get_by_role("application", name=re.compile(r"Graph of \d+ steps"))
    expect(graph.get_by_role("button", name="succeeded load")).to_be_visible()
    expect(page.get_by_role("complementary", name="Step load")).to_be_visible()
    page.goto(re.sub(r"good-1\?.*", "good-1?sel=n6-0-n0&tab=log", page.url))
    expect(page.get_by_role("log", name="Log, 2,000 lines")).to_have_attribute("aria-live", "off")
    page.get_by_role("searchbox", name="Search the log").fill("line 12")
    expect(page.locator("[aria-live=polite]").filter(has_text="1 of 111")).to_be_visible()


@pytest.mark.parametrize("name", ["home", "runs", "failed", "graph", "table", "log", "launch", "compare", "settings"])
def test_nothing_is_lost_at_200_percent_nor_at_320_pixels(visit: Open, name: str) -> None:
    page = visit(PAGES[name])
    expect(page.locator("main > *")).not_to_have_count(0)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    for width, height in ((640, 400), (320, 640)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        expect(page.get_by_role("main")).to_be_visible()
        expect(page.get_by_role("button", name="Find")).to_be_visible()
        beyond = page.evaluate(
            """(width) => [...document.querySelectorAll('main button, main a, main input')].filter((each) => {
              const box = each.getBoundingClientRect();
              if (!box.width || !each.checkVisibility()) return false;
              for (let at = each.parentElement; at; at = at.parentElement) {
                if (/auto|scroll|hidden|clip/.test(getComputedStyle(at).overflowX)) return false;
              }
              return box.right > width + 1;
            }).map((each) => each.outerHTML.slice(0, 120))""",
            width,
        )
        assert beyond == []
