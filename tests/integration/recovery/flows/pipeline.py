"""The shapes of the sample in a second: files, a cached step, a step that fails once, a mapped step, a report.

Every attempt writes a line to a ledger when it begins and when its work is done, so that a test can count them.
"""

import os
import time
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from alula import Cache, Deck, FlyteFile, RecoverableError, current_context, map_task, task, workflow

WORK_S = 0.03
ROWS = 12


@dataclass
class Settings:
    depth: int
    trees: int


@dataclass
class Score:
    settings: Settings
    value: int


class Result(NamedTuple):
    best: Score
    report: FlyteFile


def note(ledger: str, what: str, task: str) -> None:
    """One line, written at once: what, where, which attempt, which process, when."""
    index = os.environ.get("FLYTE_K8S_ARRAY_INDEX", "-")
    attempt = current_context().attempt
    line = f"{what} {task} {index} {attempt} {os.getpid()} {time.time_ns() // 1000}\n"
    descriptor = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(descriptor, line.encode())
    os.close(descriptor)


def work(ledger: str, task: str) -> None:
    note(ledger, "began", task)
    time.sleep(WORK_S)
    with open("scratch", "w") as scratch:  # in the working folder, which must not outlive the attempt
        scratch.write("left")


@task(cache=Cache(version="1", ignored_inputs=("ledger",)))
def export(ledger: str, number: int) -> FlyteFile:
    work(ledger, "export")
    file = FlyteFile.new("rows.csv")
    with open(file.path, "w") as rows:
        rows.writelines(f"{row + number}\n" for row in range(ROWS))
    note(ledger, "done", "export")
    return file


@task(retries=2)
def fetch_excluded(ledger: str) -> list[int]:
    work(ledger, "fetch_excluded")
    if current_context().attempt == 0:
        note(ledger, "refused", "fetch_excluded")
        raise RecoverableError("the service is starting, ask again")
    note(ledger, "done", "fetch_excluded")
    return [0, 1]


@task
def clean(ledger: str, raw: FlyteFile, excluded: list[int]) -> list[int]:
    work(ledger, "clean")
    with open(raw) as rows:
        kept = [int(row) for place, row in enumerate(rows) if place not in excluded]
    note(ledger, "done", "clean")
    return kept


@task
def make_grid(ledger: str, depths: list[int], trees: list[int]) -> list[Settings]:
    work(ledger, "make_grid")
    note(ledger, "done", "make_grid")
    return [Settings(depth, count) for depth in depths for count in trees]


@task
def evaluate(ledger: str, data: list[int], settings: Settings) -> Score:
    work(ledger, "evaluate")
    note(ledger, "done", "evaluate")
    return Score(settings, sum(data) * settings.depth + settings.trees)


@task
def choose(ledger: str, scores: list[Score]) -> Score:
    work(ledger, "choose")
    note(ledger, "done", "choose")
    return max(scores, key=lambda score: score.value)


@task(enable_deck=True)
def report(ledger: str, scores: list[Score], best: Score) -> FlyteFile:
    work(ledger, "report")
    Deck("Best", f"<b>{best.value}</b>")
    file = FlyteFile.new("report.txt")
    with open(file.path, "w") as text:
        text.write(f"best of {len(scores)}: {best.value}\n")
    note(ledger, "done", "report")
    return file


@workflow
def pipeline(ledger: str, number: int, depths: list[int] = [1, 2, 3], trees: list[int] = [5, 40]) -> Result:  # noqa: B006
    data = clean(ledger=ledger, raw=export(ledger=ledger, number=number), excluded=fetch_excluded(ledger=ledger))
    grid = make_grid(ledger=ledger, depths=depths, trees=trees)
    scores = map_task(partial(evaluate, ledger=ledger, data=data))(settings=grid)
    best = choose(ledger=ledger, scores=scores)
    return Result(best, report(ledger=ledger, scores=scores, best=best))
