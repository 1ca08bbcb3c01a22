"""Which points are hit, and hitting them: on some scenes at once, each point one run."""

from __future__ import annotations

import itertools
import queue
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash_points.points import READS, Point
from tests.crash_points.scene import NotReached, Scene, Unlike

MIDDLE = Point("after commit GraphReturned", 1)
"""A run that dies here has something of everything: what has ended, what runs, what waits, a graph made at run time."""
DISPATCHED = "after reconcile"
"""Where a platform has taken over all that was open."""
FREQUENT = 8
"""Times from which on an effect is hit in the middle of a run too."""

Deaths = tuple[Point, ...]
"""Where the platforms of one run die, one after the other."""


@dataclass
class Report:
    effects: Counter[str]
    """What was recorded, with how often."""
    passed: list[Deaths] = field(default_factory=list)
    missed: list[Deaths] = field(default_factory=list)
    """Not reached this time."""
    failed: dict[Deaths, str] = field(default_factory=dict)
    took_s: float = 0.0

    def __str__(self) -> str:
        hit = len(self.passed) + len(self.failed)
        told = [f"{len(self.effects)} effects, {hit} points hit, {len(self.failed)} failed, {self.took_s:.0f} s"]
        told += [f"not reached: {_name(deaths)}" for deaths in self.missed]
        told += [f"FAILED {_name(deaths)}: {why}" for deaths, why in self.failed.items()]
        return "\n".join(told)


def hit_points(
    folder: Path, *, every: bool = False, jobs: int = 2, tell: Callable[[str], None] = lambda _: None
) -> Report:
    """Record the effects of a run without a crash, and of taking over one; then a run for each point.

    Args:
        every: all points that were recorded; otherwise each effect at its first time, and a frequent one once more,
            but none that only follows a read.
    """
    began = time.monotonic()
    with closing(Scene(folder / "recording")) as scene:
        scene.prepare()
        recorded, recovery = scene.record(), scene.record(MIDDLE)
    report = Report(recorded + Counter(_until_dispatched(recovery)))
    deaths = [*_points(recorded, every=every), *_of_recovery(recovery, every=every)]
    waiting: queue.SimpleQueue[Deaths] = queue.SimpleQueue()
    for each in deaths:
        waiting.put(each)
    with ThreadPoolExecutor(jobs) as pool:
        workers = [pool.submit(_work, folder / f"scenes-{n}", waiting, report, tell) for n in range(jobs)]
        for worker in workers:
            worker.result()
    report.took_s = time.monotonic() - began
    return report


def _points(recorded: Counter[str], *, every: bool) -> Sequence[Deaths]:
    if every:
        return [(Point(effect, hit),) for effect, count in recorded.items() for hit in range(1, count + 1)]
    chosen = {effect: count for effect, count in recorded.items() if not _is_after_read(effect)}
    first = [(Point(effect, 1),) for effect in chosen]
    return first + [(Point(effect, count // 2),) for effect, count in chosen.items() if count >= FREQUENT]


def _of_recovery(recorded: Counter[str], *, every: bool) -> Sequence[Deaths]:
    """Deaths of the platform that has just taken over from a dead one."""
    effects = _until_dispatched(recorded)
    return [(MIDDLE, Point(effect, 1)) for effect in effects if every or effect.startswith("before")]


def _is_after_read(effect: str) -> bool:
    side, _, what = effect.partition(" ")
    return side == "after" and what in READS


def _until_dispatched(recorded: Counter[str]) -> Sequence[str]:
    effects = list(recorded)
    return effects[: effects.index(DISPATCHED) + 1]


def _work(folder: Path, waiting: queue.SimpleQueue[Deaths], report: Report, tell: Callable[[str], None]) -> None:
    """Hit points for as long as there are any; a scene on which one failed is not used again."""
    for number in itertools.count():
        if waiting.empty():
            return
        with closing(Scene(folder / str(number))) as scene:
            scene.prepare()
            if _hit_on(scene, waiting, report, tell):
                scene.stop()


def _hit_on(scene: Scene, waiting: queue.SimpleQueue[Deaths], report: Report, tell: Callable[[str], None]) -> bool:
    """Whether all went well, and none is left."""
    while True:
        try:
            deaths = waiting.get_nowait()
        except queue.Empty:
            return True
        tell(_name(deaths))
        try:
            scene.check(*deaths)
        except NotReached:
            report.missed.append(deaths)
            return False
        except Unlike as error:
            report.failed[deaths] = str(error)
            return False
        report.passed.append(deaths)


def _name(deaths: Deaths) -> str:
    return " then ".join(map(str, deaths))
