"""The command line of the bench: runs the repetitions in turns, then prints the report."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.machine import limits
from bench.measure import ProbeFailed
from bench.report import Report
from bench.subjects import SUBJECTS, Subject, install


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns 1 when a figure of Alula's own could not be had."""
    options = _options(arguments)
    chosen = [each for each in SUBJECTS if _is_chosen(each, options)]
    report = Report(
        f"{options.repeat} repetitions in turns: median (least to most). {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {platform.system()} {platform.release()}, "
        f"load {os.getloadavg()[0]:.1f} at the start."
    )
    for subject in chosen:
        problem = install(subject)
        if problem:
            report.fail(subject.name, f"can't be installed: {problem}")
    began = time.monotonic()
    for repetition in range(options.repeat):
        _say(f"repetition {repetition + 1} of {options.repeat}: the machine")
        report.add("machine", limits())
        for subject in chosen:
            is_late = time.monotonic() - began > options.peer_budget
            if subject.requirements and repetition and is_late:
                report.note(
                    subject.name, f"{subject.title}: {repetition} of {options.repeat} repetitions (--peer-budget)"
                )
            elif not report.has_failed(subject.name):
                _say(f"repetition {repetition + 1} of {options.repeat}: {subject.title}")
                _measure(report, subject)
    print(report.text(chosen))
    if options.json:
        document = {"about": report.about, "figures": report.figures, "failures": report.failures}
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return int(any(report.has_failed(name) for name in ("local", "server")))


def _measure(report: Report, subject: Subject) -> None:
    try:
        report.add(subject.name, subject.measure())
    except (ProbeFailed, OSError) as error:
        report.fail(subject.name, str(error))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Alula beside its peers.")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions (default 3)")
    parser.add_argument(
        "--peer-budget", type=float, default=240, metavar="S", help="after so long no peer is asked again (default 240)"
    )
    parser.add_argument("--no-peers", action="store_true", help="Alula and the machine only")
    parser.add_argument("--only", choices=[each.name for each in SUBJECTS], help="one subject")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file")
    options = parser.parse_args(arguments)
    if options.repeat < 1:
        parser.error("--repeat must be at least 1")
    return options


def _is_chosen(subject: Subject, options: argparse.Namespace) -> bool:
    if options.only:
        return subject.name == options.only
    return not (options.no_peers and subject.requirements)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
