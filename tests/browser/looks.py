"""What the tests of pages share: the pages, and what is asked of each."""

# pyright: reportMissingImports=false
# Playwright is there for these tests alone.
from __future__ import annotations

from typing import Any

from tests.browser.conftest import AXE

PAGES = {
    "home": "",
    "runs": "/executions",
    "timeline": "/executions/good-1?sel=n0",
    "failed": "/executions/bad-1?sel=n1",
    "graph": "/executions/good-1?view=graph",
    "table": "/executions/good-1?view=table",
    "log": "/executions/good-1?sel=n6-0-n0&tab=log",
    "data": "/executions/good-1?tab=data",
    "launch": "/launch?from=good-1",
    "workflows": "/workflows",
    "workflow": "/workflow/steps.good?tab=graph",
    "cache": "/data",
    "lineage": "/executions/good-1?sel=n3&tab=lineage",
    "grid": "/workflow/steps.good?tab=grid",
    "compare": "/compare?a=good-1&b=good-3",
    "schedule": "/launch_plan/steps.nightly?tab=schedule",
    "triggers": "/triggers",
    "trigger": "/launch_plan/steps.after?tab=triggers",
    "webhook": "/launch_plan/steps.pulled?tab=triggers",
    "objects": "/launch_plan/steps.arrived?tab=triggers",
    "backfills": "/backfills",
    "backfill": "/backfills/days",
    "ended": "/executions/source-1",
    "imported": "/console/projects/flytesnacks/domains/staging/executions/source-1",
    "audit": "/console/audit",
    "settings": "/console/settings",
}


def expect(locator: Any) -> Any:
    from playwright.sync_api import expect

    return expect(locator)


def problems(page: Any) -> list[str]:
    """What bars somebody from using a page, in either theme."""
    page.evaluate(AXE.read_text())
    told = list[str]()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        told += [f"{theme} {each['id']}: {each['nodes'][0]['html'][:200]}" for each in found["violations"]]
    return told


def step(page: Any, name: str) -> Any:
    """The name of a step in its row."""
    return page.get_by_role("row").get_by_text(name, exact=True).first


def ended(page: Any, word: str) -> None:
    expect(page.locator("[data-phase]")).to_have_attribute("data-phase", word)
