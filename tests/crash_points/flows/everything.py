"""Two workflows that have every kind of node that the platform runs, in a fraction of a second.

Every attempt writes a line to the ledger that the run's environment names, when it begins and when its work is done.
What they give does not depend on the run, only the key of the cached step does.
"""

import os
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from alula import (
    Cache,
    FlyteError,
    LaunchPlan,
    RecoverableError,
    approve,
    conditional,
    current_context,
    dynamic,
    map_task,
    sleep,
    task,
    wait_for_input,
    workflow,
)


def note(what: str) -> None:
    """One line, written at once: what, and which attempt (the name of its folder for files)."""
    attempt = os.path.basename(current_context().raw_output_prefix)
    descriptor = os.open(os.environ["LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(descriptor, f"{what} {attempt}\n".encode())
    os.close(descriptor)


@task(cache=Cache(version="1"))
def base(run: int) -> int:
    note("began")
    note("done")
    return 1


@task(cache=Cache(version="1", serialize=True))
def once(run: int) -> int:
    """The first computes; the second begins meanwhile and waits for its result."""
    note("began")
    Path(os.environ["LEDGER"] + "-once").touch()
    time.sleep(0.2)
    note("done")
    return 10_000


@task
def until_once() -> None:
    """Ends when the first has begun."""
    note("began")
    while not Path(os.environ["LEDGER"] + "-once").exists():
        time.sleep(0.001)
    note("done")


@task(retries=2)
def flaky(x: int) -> int:
    note("began")
    if current_context().attempt == 0:
        raise RecoverableError("not yet")
    note("done")
    return x


@task
def add(x: int, y: int) -> int:
    note("began")
    note("done")
    return x + y


@task
def item(x: int) -> int:
    note("began")
    note("done")
    return x * x


@dataclass
class Wide:
    more: int
    filler: str


@task
def wide() -> Wide:
    """Too large to be carried along, so that it has to be loaded to look into it."""
    note("began")
    note("done")
    return Wide(more=1, filler="x" * 100_000)


@task
def total(xs: list[int]) -> int:
    note("began")
    note("done")
    return sum(xs)


@workflow
def inner(x: int) -> int:
    return add(x=x, y=10)


@dynamic
def grown(x: int) -> int:
    note("began")
    for _ in range(2):
        x = add(x=x, y=100)
    note("done")
    return x


@workflow
def child(x: int) -> int:
    return add(x=x, y=1000)


child_plan = LaunchPlan.create("child_plan", child)


@workflow
def everything(run: int) -> int:
    first = base(run=run)
    again = base(run=run)
    one, other = once(run=run), once(run=run)
    until_once() >> other
    both = add(x=one, y=other)
    tried = flaky(x=first)
    first >> sleep(timedelta(milliseconds=50)) >> again
    mapped = total(xs=map_task(item)(x=[1, 2, 3]))
    chosen = conditional("sum").if_(mapped > 10).then(inner(x=mapped)).else_().then(add(x=mapped, y=tried))
    launched = child_plan(x=grown(x=chosen))
    approved = approve(launched, "go", timeout=timedelta(hours=1))
    again = add(x=again, y=add(x=both, y=wide().more))
    return add(x=add(x=approved, y=again), y=wait_for_input("more", timeout=timedelta(hours=1), expected_type=int))


@task
def hold() -> int:
    """Runs until it is stopped."""
    note("began")
    time.sleep(600)
    return 0


@workflow
def holding() -> int:
    return hold()


holding_plan = LaunchPlan.create("holding_plan", holding)


@task
def fail(others: int) -> int:
    """Fails once so many other attempts have begun."""
    note("began")
    while len(set(Path(os.environ["LEDGER"]).read_text().splitlines())) <= others:
        time.sleep(0.001)
    raise ValueError("it can't work")


@task
def clean(run: int, err: FlyteError | None = None) -> None:
    note("began")
    assert err is not None and "it can't work" in err.message
    note("done")


@workflow(on_failure=clean)
def guarded(run: int) -> None:
    """Fails while a task and a child run and a gate waits; all three are stopped."""
    hold()
    holding_plan()
    wait_for_input("never", timeout=timedelta(hours=1), expected_type=int)
    fail(others=2)
