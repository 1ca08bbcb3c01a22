"""What the console costs: large runs in a real browser, and the platform's answers behind them.

    make bench-console

A platform is filled in this process with a run of 10,000 nodes and one of 100,000 items; then `alula up` serves it, a
task writes a log, and Chromium looks at all of it. Each figure is the median of a few visits, each in a new browser
context with nothing cached. Beside them stands what this browser takes for a page with nothing on it.
"""

# Playwright is there for this benchmark alone.
# pyright: reportMissingImports=false
from __future__ import annotations

import argparse
import asyncio
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from flyteidl.core import literals_pb2

from alula.server.data_folder import read_info
from bench import in_process, size
from bench.in_process import DOMAIN, PROJECT
from bench.measure import environment
from bench.report import aligned, spread

LOG_LINES = 1_000_000
NODES, ITEMS = 10_000, 100_000
RUNS = f"/console/projects/{PROJECT}/domains/{DOMAIN}/executions"
API = f"/api/v1/alula/runs/{PROJECT}/{DOMAIN}"
TIMEOUT_S = 120.0
POLL_S = 0.05
FLOW = f"""
from alula import task, workflow

@task
def talk() -> int:
    for number in range({LOG_LINES}):
        print(f"line {{number:>9}} of a log that is as long as a log may be")
    return 1

@workflow
def talking() -> int:
    return talk()
"""
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


class Visit(NamedTuple):
    """A page that was opened. Times in milliseconds."""

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


def _jump(page: Any) -> None:
    page.get_by_role("textbox", name="Go to").fill(str(ITEMS - 1))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=f"[{ITEMS - 1}]").wait_for()


def _search(page: Any) -> None:
    page.get_by_role("searchbox", name="Search the log").fill(f"line {1:>9} ")
    page.get_by_text("1 of 1", exact=True).wait_for()


LOOKS = (
    Look("nothing", "about:blank", "body", "body"),
    Look("list of runs", RUNS, "main li a"),
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


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__ and __doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="visits of each page (default 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alula-bench-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        for kind, count in (("nodes", NODES), ("items", ITEMS)):
            print(f"making {count:,} {kind}", file=sys.stderr, flush=True)
            asyncio.run(_fill(data, kind, count))
        with _platform(data) as http:
            _talk(data, Path(folder) / "flow.py")
            print(_answers(http, options.repeat))
            print(aligned([_HEAD, *_visited(http, options.repeat)]))
    print(
        f"{options.repeat} times each: median (least to most). {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}."
    )
    return 0


async def _fill(data: Path, kind: str, count: int) -> None:
    store, _, platform, runner = await in_process.start(data, size.GraphExecutor(count))
    try:
        await size.register(platform, "array" if kind == "items" else "dynamic", name=kind)
        xs = literals_pb2.Literal()
        xs.collection.literals.extend([in_process.integer(1)] * (count if kind == "items" else 1))
        await size.until_ended(store, await in_process.launch(platform, kind, kind, size.AT_ONCE, xs=xs))
    finally:
        await runner.stop()
        await store.stop()


@contextmanager
def _platform(data: Path) -> Generator[str]:
    """A platform on the folder; gives the address of its HTTP side."""
    command = [sys.executable, "-c", "from alula.cli.main import main; main()", "up", "--data", str(data)]
    process = subprocess.Popen(
        [*command, "--grpc-port", "0", "--http-port", "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    try:
        until = time.monotonic() + TIMEOUT_S
        while (info := read_info(data)) is None or info.pid != process.pid:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the platform did not start (status {process.returncode})")
            time.sleep(POLL_S)
        yield info.http
    finally:
        process.terminate()
        process.wait()


def _talk(data: Path, flow: Path) -> None:
    print(f"writing {LOG_LINES:,} lines", file=sys.stderr, flush=True)
    flow.write_text(FLOW)
    command = [sys.executable, "-c", "from alula.cli.main import main; main()", "run", "--remote", "--wait"]
    told = environment({"ALULA_DATA": str(data)})
    subprocess.run([*command, "--name", "talking", str(flow), "talking"], env=told, check=True, capture_output=True)


def _answers(http: str, repeat: int) -> str:
    """How long a skeleton takes: read for the first time, and again."""
    first, again, bytes_ = list[float](), list[float](), 0
    for number in range(repeat + 1):
        request = urllib.request.Request(f"{http}{API}/nodes/skeleton", headers={"Accept-Encoding": "gzip"})
        began = time.perf_counter()
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            body = answer.read()
        (again if number else first).append((time.perf_counter() - began) * 1_000)
        bytes_ = len(body)
        gzip.decompress(body)
    return aligned(
        [
            (f"skeleton of {NODES:,} nodes, first, ms", spread(first, 1)),
            ("  again, ms", spread(again, 1)),
            ("  bytes, compressed", f"{bytes_:,}"),
        ]
    )


_HEAD = ("page", "usable, ms", "then, ms", "frame p95, ms", "elements", "heap, MB", "received, kB")


def _visited(http: str, repeat: int) -> list[tuple[str, ...]]:
    from playwright.sync_api import sync_playwright  # lazy: only this bench has it

    found: dict[str, list[Visit]] = {look.name: [] for look in LOOKS}
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for number in range(repeat):
            print(f"visit {number + 1} of {repeat}", file=sys.stderr, flush=True)
            for look in LOOKS:
                found[look.name].append(_visit(chromium, http, look))
        chromium.close()
    decimals = (0, 0, 1, 0, 1, 0)
    return [
        (name, *(spread(values, each) for values, each in zip(zip(*visits, strict=True), decimals, strict=True)))
        for name, visits in found.items()
    ]


def _visit(chromium: Any, http: str, look: Look) -> Visit:
    context = chromium.new_context(viewport={"width": 1360, "height": 820})
    try:
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_S * 1_000)
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Performance.enable")
        received = list[float]()
        session.on("Network.loadingFinished", lambda told: received.append(told["encodedDataLength"]))
        usable = _took(
            lambda: (page.goto(_address(http, look.path), wait_until="commit"), page.wait_for_selector(look.seen))
        )
        frame = page.evaluate(_FRAMES, look.scrolled)
        elements = page.evaluate("document.querySelectorAll('*').length")
        measured = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        then = 0.0 if look.then is None else _took(lambda: look.then(page) if look.then else None)
        return Visit(usable, then, frame, elements, measured["JSHeapUsedSize"] / 2**20, sum(received) / 1_000)
    finally:
        context.close()


def _address(http: str, path: str) -> str:
    return path if path.startswith("about:") else http + path


def _took(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1_000


if __name__ == "__main__":
    sys.exit(main())
