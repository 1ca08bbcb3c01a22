"""What opens over a page or is filled in bars nobody: axe has nothing to say in either theme."""

# pyright: reportMissingImports=false
# Playwright is there for these tests alone.
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.browser.conftest import Open, run
from tests.browser.looks import expect, problems
from tests.integration.platform import RunningPlatform

LONG_S = ("--seconds", "600")


# `Any`: a page of Playwright.
def _press(page: Any, button: str) -> None:
    page.get_by_role("button", name=button).first.click()


def _choose(page: Any, menu: str, entry: str) -> None:
    page.get_by_role("button", name=menu).click()
    page.get_by_role("menuitem", name=entry).click()


def _choose_runs(page: Any) -> None:
    for name in ("open-1", "open-2"):
        page.get_by_label(f"Select {name}").check()
    _press(page, "Abort…")


def _find(page: Any, text: str) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type(text)
    expect(page.get_by_role("option").or_(page.get_by_role("status")).first).to_be_visible()


OPENED: dict[str, tuple[str, Callable[[Any], object]]] = {
    "abort": ("/executions/open-1", lambda page: _press(page, "Abort…")),
    "fork": ("/executions/bad-1?sel=n1", lambda page: _choose(page, "Run again", "From the selected step…")),
    "abort of several": ("/executions?workflow=waiting", _choose_runs),
    "eviction": ("/data", lambda page: _press(page, "Evict…")),
    "activation": ("/launch_plan/steps.nightly?tab=schedule", lambda page: _press(page, "Activate…")),
    "project": ("/console/settings", lambda page: _press(page, "New project…")),
    "keys": ("", lambda page: page.keyboard.press("?")),
    "palette": ("/executions/good-1", lambda page: _find(page, "good")),
    "palette without a match": ("", lambda page: _find(page, "nothing is called so")),
}


@pytest.fixture(scope="module", autouse=True)
def _open_runs(site: RunningPlatform) -> None:
    for name in ("open-1", "open-2"):
        run(site, name, "waiting", *LONG_S)


@pytest.mark.parametrize("name", OPENED)
def test_a_dialog_can_be_used_by_everybody(visit: Open, name: str) -> None:
    path, open_ = OPENED[name]
    page = visit(path, color_scheme="light", reduced_motion="reduce")
    expect(page.locator("main > *")).not_to_have_count(0)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    open_(page)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert problems(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    box = dialog.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_the_bar_of_chosen_runs_can_be_used_by_everybody(visit: Open) -> None:
    page = visit("/executions", reduced_motion="reduce")
    for name in ("good-1", "good-2"):
        page.get_by_label(f"Select {name}").check()
    expect(page.get_by_role("toolbar", name="Chosen runs")).to_be_visible()
    assert problems(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Choose none").click()
    expect(page.get_by_role("toolbar", name="Chosen runs")).to_have_count(0)


def test_a_launch_with_mistakes_can_be_mended_by_everybody(visit: Open) -> None:
    page = visit("/launch?from=good-1", reduced_motion="reduce")
    page.get_by_role("textbox", name="n", exact=True).fill("many")
    page.get_by_role("button", name="Write settings as JSON").click()
    page.get_by_role("textbox", name="settings, as JSON").fill('{"depth": 1.5}')
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("n is no whole number")
    assert problems(page) == []
