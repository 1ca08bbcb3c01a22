"""Run many seeds: `python -m tests.simulation [SEEDS [FROM]]`. Exit status 1 when one of them found something."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from random import Random

from tests.simulation.faults import draw
from tests.simulation.simulate import Report, simulate

TOLD_EVERY_S = 5.0
NOTES_MAX = 200


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seeds", type=int, nargs="?", default=1000)
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--failures", type=int, default=10, help="stop after so many seeds that found something")
    parser.add_argument(
        "--stuck", type=int, default=60, metavar="S", help="processor time after which a seed goes round in circles"
    )
    parser.add_argument("--notes", action="store_true", help="tell what happened in a seed that found something")
    options = parser.parse_args()
    began = time.monotonic()
    failed: list[Report] = []
    done = executions = attempts = 0
    told = began
    seeds = range(options.first, options.first + options.seeds)
    with _reports(seeds, options.jobs, options.stuck) as reports:
        for report in reports:
            done, executions, attempts = done + 1, executions + report.executions, attempts + report.attempts
            if report.violations:
                failed.append(report)
                print(report, flush=True)
                if options.notes or options.seeds == 1:
                    print("\n".join(report.notes[-NOTES_MAX:]), flush=True)
                if len(failed) == options.failures:
                    break
            if time.monotonic() - told >= TOLD_EVERY_S:
                told = time.monotonic()
                print(f"{done} of {options.seeds} seeds, {len(failed)} failed, {told - began:.0f} s", file=sys.stderr)
    took_s = time.monotonic() - began
    print(f"{done} seeds, {executions} executions, {attempts} attempts, {len(failed)} failed, {took_s:.1f} s")
    return 1 if failed else 0


@contextmanager
def _reports(seeds: range, jobs: int, stuck_s: int) -> Iterator[Iterator[Report]]:
    if jobs == 1:
        _collect_rarely()
        yield (_watched(seed, stuck_s) for seed in seeds)
        return
    with ProcessPoolExecutor(jobs, initializer=_collect_rarely) as pool:
        yield pool.map(partial(_short, stuck_s=stuck_s), seeds, chunksize=20)


def _collect_rarely() -> None:
    """A world is small and soon gone: to look for its garbage as often as is usual takes a fifth of the time."""
    gc.freeze()
    gc.set_threshold(200_000)


def _short(seed: int, *, stuck_s: int) -> Report:
    """Without the notes of a seed that found nothing: they are not worth their way between processes."""
    report = _watched(seed, stuck_s)
    return report if report.violations else replace(report, notes=[])


class _Stuck(BaseException):
    """Not an `Exception`, so that nothing on the way takes it for a failure of its own."""


def _watched(seed: int, stuck_s: int) -> Report:
    """Simulate a seed, but not for ever: no virtual time need pass while it goes round in circles.

    However it breaks, it is a finding.
    """

    def give_up(*_: object) -> None:
        raise _Stuck

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(
        signal.ITIMER_VIRTUAL, stuck_s, 1
    )  # once more for what goes on in circles while it is cleared away
    try:
        return simulate(seed)
    except _Stuck:
        found = f"I11: going round in circles: no end after {stuck_s} s of a processor"
    except Exception:  # noqa: BLE001  (as above)
        found = f"the simulation itself failed\n{traceback.format_exc()}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return Report(seed, draw(Random(f"faults-{seed}")), [found], [], 0, 0, 0.0)


if __name__ == "__main__":
    sys.exit(main())
