"""The pointer over a run of many nodes: what each of its moves costs the page."""

# Playwright is there for this benchmark alone.
# pyright: reportMissingImports=false
from __future__ import annotations

from typing import Any

from bench.console.sight import Sight, watch
from bench.console.site import RUNS, TIMEOUT_S

VIEWS = {
    "timeline": ("nodes?open=n0", Sight("[role=treegrid] [data-step='n0-0-s7']"), 0),
    "table": ("nodes?open=n0&view=table", Sight("[role=treegrid] [data-step='n0-0-s7']"), 0),
    "graph": ("nodes?view=graph&open=n0", Sight("[role=application] canvas"), 14),
}
"""The page, what is seen of it when it is there, and by how many steps it is made larger, so that nodes have text."""
_MOVES, _LARGER_MS = 60, 150
_PAINTED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


# `Any`: the browser, of Playwright.
def hover_ms(chromium: Any, http: str, view: str) -> list[float]:
    """The time for which the thread of the page had a core, for each move of the pointer until it was painted.

    Less what two frames take it in which nothing has moved.
    """
    path, seen, larger = VIEWS[view]
    context = chromium.new_context(viewport={"width": 1360, "height": 820})
    try:
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_S * 1_000)
        watch(page, seen)
        page.goto(f"{http}{RUNS}/{path}")
        page.locator(seen.selector).first.wait_for()
        for _ in range(larger):
            page.keyboard.press("+")
            page.wait_for_timeout(_LARGER_MS)
        session = context.new_cdp_session(page)
        session.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
        session.send("Performance.enable")
        still = sorted(_busy(page, session, None) for _ in range(_MOVES))[_MOVES // 2]
        return [max(0.0, _busy(page, session, move) - still) for move in range(_MOVES)]
    finally:
        context.close()


def _busy(page: Any, session: Any, move: int | None) -> float:
    before = _task_ms(session)
    if move is not None:
        page.mouse.move(60 + move * 17 % 1_200, 300 + move * 53 % 480)
    page.evaluate(_PAINTED)
    return _task_ms(session) - before


def _task_ms(session: Any) -> float:
    measured = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return measured["TaskDuration"] * 1_000
