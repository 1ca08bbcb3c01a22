"""Pages while things happen: how soon news are seen, how soon an input is answered, what an idle page costs."""

# Playwright is there for this benchmark alone.
# pyright: reportMissingImports=false
from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.console import site
from bench.console.sight import Sight, expect, seen_s, watch
from bench.console.site import LIVE_ITEMS, RUNS, TIMEOUT_S

_AT = {"x": 80, "y": 12}
"""The name of a row: over the rest of it lies the canvas of the timeline."""
NEWS, IDLE_S, CLICKS = 20, 10.0, 60
_QUIET_MS = 2_500
_EVENTS = """() => {
  window.answered = [];
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) {
      if (each.interactionId || each.name === 'pointerover') window.answered.push(each.duration);
    }
  }).observe({ type: 'event', durationThreshold: 16, buffered: false });
}"""
"""Inputs that took 16 ms or longer until what they changed was painted; the browser tells of no others."""


# `Any`: browser and pages of Playwright.
def news_ms(chromium: Any, http: str) -> list[float]:
    """From the answer to a launch until its run stands in the list of an open page to which nothing was new for a
    while: busy lists are read once a second."""
    page = _page(chromium, f"{http}{RUNS}", "main li a")
    session = page.context.new_cdp_session(page)
    found = list[float]()
    for _ in range(NEWS):
        page.wait_for_timeout(_QUIET_MS)
        name = site.again(http, "short")
        launched = time.time()
        expect(session, Sight("main li a", name))
        found.append((seen_s(session) - launched) * 1_000)
    page.context.close()
    return found


def idle_share(chromium: Any, http: str) -> float:
    """The part of a core that the page of an open run takes in which nothing happens."""
    page = _page(chromium, f"{http}{RUNS}", "main li a")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before, began = _busy_s(session), time.perf_counter()
    page.wait_for_timeout(IDLE_S * 1_000)
    share = (_busy_s(session) - before) / (time.perf_counter() - began)
    page.context.close()
    return share


def inputs_ms(chromium: Any, http: str, data: Path) -> tuple[list[float], float]:
    """How long clicks, keys and the pointer take to be seen while a wide run goes on, and the changes a second."""
    site.run(data, "wide", "wide", "--n", str(LIVE_ITEMS), wait=False)
    page = _page(chromium, f"{http}{RUNS}/wide", "[role=row][data-step=n1]")
    page.evaluate(_EVENTS)
    began, done = time.perf_counter(), 0
    while page.locator("[data-phase=running]").count() and done < CLICKS:
        row = page.locator(f"[role=row][data-step=n{done % 2}]")
        row.click(position=_AT, force=True)
        page.keyboard.press("123"[done % 3])
        page.keyboard.press("1")
        row.hover(position=_AT, force=True)
        done += 1
    rate = _changes(page) / (time.perf_counter() - began)
    slow: list[float] = page.evaluate("window.answered")
    page.context.close()
    # Two clicks, two keys and a hover a round: what the browser does not tell of took less than 16 ms.
    return sorted(slow + [8.0] * max(0, 4 * done - len(slow))), rate


def recovery_ms(chromium: Any, http: str, stop: Callable[[], None], start: Callable[[], object]) -> float:
    """From the moment at which a platform that was killed is back until its page says so."""
    page = _page(chromium, f"{http}{RUNS}", "main li a")
    away = page.get_by_text("The platform does not answer; trying again.")
    stop()
    away.wait_for()
    start()
    began = time.perf_counter()
    away.wait_for(state="hidden")
    took = (time.perf_counter() - began) * 1_000
    page.context.close()
    return took


def _page(chromium: Any, url: str, seen: str) -> Any:
    page = chromium.new_context(viewport={"width": 1360, "height": 820}).new_page()
    page.set_default_timeout(TIMEOUT_S * 1_000)
    watch(page, Sight(seen))
    page.goto(url)
    page.locator(seen).first.wait_for()
    return page


def _changes(page: Any) -> float:
    """Two for each item that has ended: that it runs, and how it ended."""
    told = page.evaluate("document.querySelector('[data-phase] header')?.innerText ?? ''")
    return 2.0 * sum(int(number.replace(",", "")) for number in re.findall(r"([\d,]+) succeeded", told))


def _busy_s(session: Any) -> float:
    measured = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return measured["TaskDuration"]
