"""What the console costs: large runs in a real browser, and the platform's answers behind them.

    make bench-console                                 everything, five visits of each page
    make bench-console CONSOLE_BENCH="--repeat 1"

A platform is filled in this process with a run of 10,000 nodes and one of 100,000 items; then `alula up` serves it, a
task writes a log, and Chromium looks at all of it. Each figure is the median of a few visits, each in a new browser
context with nothing cached. Beside them stands what this browser takes for a page with nothing on it, and what each is
to be. What tests hold instead is named.
"""

# Playwright is there for this benchmark alone.
# pyright: reportMissingImports=false
from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.console import hover, live, points, site
from bench.console.browser import launch
from bench.console.looks import LOOKS, Visit, visit
from bench.measure import free_port
from bench.report import aligned, spread

_HEAD = ("page", "painted, ms", "usable, ms", "then, ms", "frame p95, ms", "elements", "heap, MB", "received, kB")
_WORDS = ("painted", "usable", "then", "frame", "elements", "heap", "received")
_DECIMALS = (0, 0, 0, 1, 0, 1, 0)


def main() -> int:
    from playwright.sync_api import sync_playwright  # lazy: only this bench has it

    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__ and __doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="visits of each page (default 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alula-bench-") as folder, ExitStack() as running:
        data = Path(folder) / "data"
        data.mkdir()
        site.fill(data)
        ports = free_port(), free_port()
        http, process = running.enter_context(site.platform(data, ports))
        site.run(data, "talking", "talking")
        site.run(data, "short", "short")
        print(site.answers(http, options.repeat))
        # After what has an event loop of its own: Playwright's stays.
        tool = running.enter_context(sync_playwright())
        chromium = launch(tool)
        visits = _visited(chromium, http, options.repeat)
        print("\n" + aligned([_HEAD, *_shown(visits)]))
        figures = _figures(visits)
        figures |= {f"hover, {view}": [_p95(hover.hover_ms(chromium, http, view))] for view in hover.VIEWS}
        rate = _live(
            figures, chromium, http, data, process.kill, lambda: running.enter_context(site.platform(data, ports))
        )
        chromium.close()
    print("\n" + aligned(points.rows(figures)) + "\n\n" + aligned(points.told()))
    print(
        f"\n{options.repeat} visits each: median (least to most). {rate:,.0f} changes a second while inputs were made. "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}."
    )
    return 0


# `Any`: the browser, of Playwright.
def _visited(chromium: Any, http: str, repeat: int) -> dict[str, list[Visit]]:
    found: dict[str, list[Visit]] = {look.name: [] for look in LOOKS}
    for number in range(repeat):
        print(f"visit {number + 1} of {repeat}", file=sys.stderr, flush=True)
        for look in LOOKS:
            found[look.name].append(visit(chromium, http, look))
    return found


def _shown(visits: dict[str, list[Visit]]) -> list[tuple[str, ...]]:
    return [
        (name, *(spread(values, each) for values, each in zip(zip(*found, strict=True), _DECIMALS, strict=True)))
        for name, found in visits.items()
    ]


def _figures(visits: dict[str, list[Visit]]) -> dict[str, list[float]]:
    found = {
        f"{name}, {word}": list(values)
        for name, each in visits.items()
        for word, values in zip(_WORDS, zip(*each, strict=True), strict=True)
    }
    # A small run needs the same files of the console, and next to nothing else.
    own = found["header of a run, received"]
    found["items, received"] = [
        all_ - of for all_, of in zip(found["100,000 items, then to the last, received"], own, strict=True)
    ]
    return found


def _live(
    figures: dict[str, list[float]],
    chromium: Any,
    http: str,
    data: Path,
    stop: Callable[[], None],
    start: Callable[[], object],
) -> float:
    """Adds the figures of pages while things happen. Returns the changes a second."""
    figures["news, p95"] = [_p95(live.news_ms(chromium, http))]
    figures["idle, percent"] = [live.idle_share(chromium, http) * 100]
    inputs, rate = live.inputs_ms(chromium, http, data)
    figures["inputs, p95"] = [_p95(inputs)]
    figures["recovery"] = [live.recovery_ms(chromium, http, stop, start)]
    return rate


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


if __name__ == "__main__":
    sys.exit(main())
