"""Pages that are opened, each time in a new browser context with nothing cached: how soon, how smooth, how large."""

# Playwright is there for this benchmark alone.
# pyright: reportMissingImports=false
from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

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
class Look(NamedTuple):
    """A page to look at."""

    name: str
    path: str
    seen: str
    """What stands on the page when it can be used."""
    scrolled: str = "main"
    then: Callable[[Any], None] | None = None


def _open_first(page: Any) -> None:
    page.locator("main li a").first.click()
    page.locator("[data-phase] h1").wait_for()


def _jump(page: Any) -> None:
    page.get_by_role("textbox", name="Go to").fill(str(ITEMS - 1))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=f"[{ITEMS - 1}]").wait_for()


def _search(page: Any) -> None:
    page.get_by_role("searchbox", name="Search the log").fill(f"line {1:>9} ")
    page.get_by_text("1 of 1", exact=True).wait_for()


LOOKS = (
    Look(NOTHING, "about:blank", "body", "body"),
    Look("list of runs", RUNS, "main li a", then=_open_first),
    Look("header of a run", f"{RUNS}/short", "[data-phase=succeeded] h1"),
    Look("10,000 nodes, timeline", f"{RUNS}/nodes?open=n0", "[role=treegrid] [data-step='n0-0-s7']", "[role=treegrid]"),
    Look(
        "10,000 nodes, table",
        f"{RUNS}/nodes?open=n0&view=table",
        "[role=treegrid] [data-step='n0-0-s7']",
        "[role=treegrid]",
    ),
    Look("10,000 nodes, graph", f"{RUNS}/nodes?view=graph", "[role=application] canvas"),
    Look(
        "100,000 items, then to the last",
        f"{RUNS}/items?sel=n0",
        "[aria-label=Items] [role=listitem]",
        "[aria-label=Items]",
        _jump,
    ),
    Look(
        "log of 1,000,000 lines, then found",
        f"{RUNS}/talking?sel=n0&tab=log",
        f"text=line {LOG_LINES - 1:>9}",
        "[role=log]",
        _search,
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
        usable = took_ms(
            lambda: (page.goto(_address(http, look.path), wait_until="commit"), page.wait_for_selector(look.seen))
        )
        painted = page.evaluate(_PAINTED)
        frame = page.evaluate(_FRAMES, look.scrolled)
        elements = page.evaluate("document.querySelectorAll('*').length")
        measured = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        then = 0.0 if look.then is None else took_ms(lambda: look.then(page) if look.then else None)
        return Visit(painted, usable, then, frame, elements, measured["JSHeapUsedSize"] / 2**20, sum(received) / 1_000)
    finally:
        context.close()


def _address(http: str, path: str) -> str:
    return path if path.startswith("about:") else http + path


def took_ms(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1_000
