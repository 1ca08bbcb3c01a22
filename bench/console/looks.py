"""Pages that are opened, each time in a new browser context with nothing cached: how soon, how smooth, how large."""

# Playwright is there for this benchmark alone.
# pyright: reportMissingImports=false
from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from bench.console.sight import Sight, answered_ms, expect, seen_s, watch
from bench.console.site import ITEMS, LOG_LINES, RUNS, TIMEOUT_S

NOTHING = "nothing"
"""The page with nothing on it: what this browser takes at least."""
_FRAMES = """async (selector) => {
  const element = document.querySelector(selector);
  const took = [];
  let last = performance.now();
  for (let frame = 0; frame < 60; frame += 1) {
    if (element) element.scrollTop += 97;
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const now = performance.now();
    took.push(now - last);
    last = now;
  }
  return took.sort((a, b) => a - b)[Math.floor(took.length * 0.95)];
}"""


_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"


class Visit(NamedTuple):
    """A page that was opened. Times in milliseconds."""

    painted_ms: float
    """Until the first paint of anything; 0 for a page with nothing on it."""
    usable_ms: float
    then_ms: float
    """A step on the page, as its row says; 0 if there is none."""
    frame_ms: float
    """95 of 100 frames took no longer, while it was scrolled."""
    elements: float
    heap_mb: float
    received_kb: float


# `Any`: pages of Playwright, which the bench takes only if it is there.
class Then(NamedTuple):
    """A step on a page, and what is seen of it."""

    act: Callable[[Any], None]
    seen: Sight


class Look(NamedTuple):
    """A page to look at."""

    name: str
    path: str
    seen: Sight
    """What stands on the page when it can be used."""
    scrolled: str = "main"
    then: Then | None = None


def _jump(page: Any) -> None:
    page.get_by_role("textbox", name="Go to").fill(str(ITEMS - 1))
    page.keyboard.press("Enter")


_STEP = Sight("[role=treegrid] [data-step='n0-0-s7']")
LOOKS = (
    Look(NOTHING, "about:blank", Sight("html"), "body"),
    Look(
        "list of runs",
        RUNS,
        Sight("main li a"),
        then=Then(lambda page: page.locator("main li a").first.click(), Sight("[data-phase] h1")),
    ),
    Look("header of a run", f"{RUNS}/short", Sight("[data-phase=succeeded] h1")),
    Look("10,000 nodes, timeline", f"{RUNS}/nodes?open=n0", _STEP, "[role=treegrid]"),
    Look("10,000 nodes, table", f"{RUNS}/nodes?open=n0&view=table", _STEP, "[role=treegrid]"),
    Look("10,000 nodes, graph", f"{RUNS}/nodes?view=graph", Sight("[role=application] canvas")),
    Look(
        "100,000 items, then to the last",
        f"{RUNS}/items?sel=n0",
        Sight("[aria-label=Items] [role=listitem]"),
        "[aria-label=Items]",
        Then(_jump, Sight("h2", f"[{ITEMS - 1}]")),
    ),
    Look(
        "log of 1,000,000 lines, then found",
        f"{RUNS}/talking?sel=n0&tab=log",
        Sight("[role=log] [data-text]", f"line {LOG_LINES - 1:>9}"),
        "[role=log]",
        Then(
            lambda page: page.get_by_role("searchbox", name="Search the log").fill(f"line {1:>9} "),
            Sight("[role=search] [aria-live]", "1 of 1"),
        ),
    ),
)


# `Any`: the browser, of Playwright.
def visit(chromium: Any, http: str, look: Look) -> Visit:
    context = chromium.new_context(viewport={"width": 1360, "height": 820})
    try:
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_S * 1_000)
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Performance.enable")
        received = list[float]()
        session.on("Network.loadingFinished", lambda told: received.append(told["encodedDataLength"]))
        watch(page, look.seen)
        began = time.time()
        page.goto(_address(http, look.path), wait_until="commit")
        usable = (seen_s(session) - began) * 1_000
        painted = page.evaluate(_PAINTED)
        frame = page.evaluate(_FRAMES, look.scrolled)
        elements = page.evaluate("document.querySelectorAll('*').length")
        measured = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        then = 0.0 if look.then is None else _then_ms(page, session, look.then)
        return Visit(painted, usable, then, frame, elements, measured["JSHeapUsedSize"] / 2**20, sum(received) / 1_000)
    finally:
        context.close()


def _then_ms(page: Any, session: Any, then: Then) -> float:
    expect(session, then.seen)
    then.act(page)
    return answered_ms(session)


def _address(http: str, path: str) -> str:
    return path if path.startswith("about:") else http + path
