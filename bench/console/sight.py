"""Something on a page that is waited for, and when a user sees it: in the page itself, frame by frame.

Playwright's own waits look after 0, 20, 70, 170, 270, 770 ... ms: what is there after 300 ms is found after 770.
"""

# Playwright is there for this benchmark alone.
# pyright: reportMissingImports=false
from __future__ import annotations

import json
from typing import Any, NamedTuple


class Sight(NamedTuple):
    """An element in the window. Times of it are those of the first frame that shows it."""

    selector: str
    text: str = ""
    """What it has to say, if any."""


_LOOK = """(() => {
  let acted = 0;
  for (const kind of ["click", "keydown", "input"]) {
    addEventListener(kind, (event) => { acted = performance.timeOrigin + event.timeStamp; }, true);
  }
  const isSeen = ({ selector, text }) => [...document.querySelectorAll(selector)].some((each) => {
    if (!each.textContent.includes(text) || !each.checkVisibility({ visibilityProperty: true })) return false;
    const { top, bottom } = each.getBoundingClientRect();
    return bottom > top && bottom > 0 && top < innerHeight;
  });
  globalThis.lookFor = (sight) => new Promise((resolve) => {
    const painted = () => resolve({ at: performance.timeOrigin + performance.now(), acted });
    const look = () => requestAnimationFrame(isSeen(sight) ? painted : look);
    look();
  });
})();"""


# `Any`: pages and sessions of Playwright.
def watch(page: Any, first: Sight) -> None:
    """Have each document of a page look out for what is waited for first."""
    page.add_init_script(f"{_LOOK} {_expected(first)}")


def expect(session: Any, sight: Sight) -> None:
    """Look out for something else from now on."""
    session.send("Runtime.evaluate", {"expression": f"{_expected(sight)} 0"})


def seen_s(session: Any) -> float:
    """When it was seen, as `time.time` tells times."""
    return _told(session)["at"] / 1_000


def answered_ms(session: Any) -> float:
    """From the last click, key or letter until it was seen."""
    told = _told(session)
    return told["at"] - told["acted"]


def _expected(sight: Sight) -> str:
    return f"globalThis.expected = lookFor({json.dumps(sight._asdict())});"


def _told(session: Any) -> dict[str, float]:
    # By Chromium's own protocol: Playwright puts a program of its own into a page first, at what the page costs.
    asked = {"expression": "expected", "awaitPromise": True, "returnByValue": True}
    return session.send("Runtime.evaluate", asked)["result"]["value"]
