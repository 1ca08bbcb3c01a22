"""Runs of every kind for the console to show: what succeeds, fails, waits, is stacked, mapped, chosen and hostile."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path

from alula import (
    Cache,
    CronSchedule,
    Deck,
    FlyteFile,
    LaunchPlan,
    OnObject,
    OnRunEnd,
    OnWebhook,
    RecoverableError,
    Resources,
    approve,
    conditional,
    current_context,
    dynamic,
    map_task,
    task,
    workflow,
)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Settings:
    depth: int
    rate: float


DEFAULTS = Settings(3, 0.5)


@task(cache=Cache(version="1"))
def load(n: int) -> list[int]:
    return list(range(n))


@task
def half(x: int) -> float:
    print(f"halving {x}")
    if x == 7:
        raise ValueError("seven can't be halved <script>alert(1)</script> \N{RIGHT-TO-LEFT OVERRIDE}gnp.exe")
    return x / 2


@task
def fine(x: int) -> float:
    return x / 2


@task
def total(xs: list[float]) -> float:
    return sum(xs)


@task(retries=1)
def flaky() -> str:
    if current_context().attempt == 0:
        raise RecoverableError("not yet")
    return "ready"


@task(enable_deck=True, limits=Resources(cpu="1", mem="1Gi"), requests=Resources(cpu="500m", mem="256Mi"))
def report(t: float) -> str:
    for line in range(2_000):
        print(f"\x1b[32mline {line}\x1b[0m of the report")
    taking = "try { parent.document.title = 'taken' } catch (e) { t.innerText = 'shut out' }"
    Deck("Total", f"<h1 id=t>{t}</h1><script>{taking}</script>")
    return f"total {t}"


@task
def small(x: float) -> str:
    return "small"


@task
def large(x: float) -> str:
    return "large"


@dynamic
def many(n: int) -> float:
    return total(xs=[fine(x=i) for i in range(n)])


@workflow
def inner(t: float) -> str:
    return report(t=t)


@workflow
def good(n: int = 5, colour: Colour = Colour.RED, settings: Settings = DEFAULTS, name: str | None = None) -> str:
    """Every kind of step.

    Args:
        n: how many numbers
    """
    flaky()
    t = total(xs=map_task(fine)(x=load(n=n)))
    many(n=8)
    conditional("size").if_(t > 100.0).then(large(x=t)).else_().then(small(x=t))
    return inner(t=t)


@workflow
def bad(n: int = 10) -> str:
    return inner(t=total(xs=map_task(half)(x=load(n=n))))


@task
def count(n: int) -> int:
    return n


@task(limits=Resources(mem="160Mi"))
def hungry(mib: int) -> int:
    return len(bytearray(mib << 20))


@workflow
def hungers(mib: int = 200) -> int:
    return hungry(mib=count(n=mib))


@workflow
def asking(n: int = 3) -> str:
    return inner(t=approve(many(n=n), "looks-good", timeout=timedelta(hours=2)))


@task
def slow(seconds: float) -> float:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        print("tick", flush=True)
        time.sleep(0.2)
    return seconds


nightly = LaunchPlan.get_or_create(good, "steps.nightly", schedule=CronSchedule("0 2 * * *"), default_inputs={"n": 2})


@workflow
def waiting(seconds: float = 120.0) -> float:
    return slow(seconds=seconds)


@task
def say(text: str) -> str:
    return text


@task
def length(file: FlyteFile) -> int:
    return Path(file.download()).stat().st_size


@workflow
def source(n: int = 3) -> int:
    return count(n=n)


@workflow
def told(text: str) -> str:
    return say(text=text)


after = LaunchPlan.get_or_create(
    told, "steps.after", trigger=OnRunEnd(source, inputs={"text": "run.id"}), auto_activate=True
)
unfit = LaunchPlan.get_or_create(
    told, "steps.unfit", trigger=OnRunEnd(source, inputs={"text": "outputs.o0"}), auto_activate=True
)

pulled = LaunchPlan.get_or_create(
    told, "steps.pulled", trigger=OnWebhook("git", inputs={"text": "body.head.sha"}), auto_activate=True
)


@workflow
def arriving(file: FlyteFile) -> int:
    return length(file=file)


arrived = LaunchPlan.get_or_create(
    arriving,
    "steps.arrived",
    trigger=OnObject("inbox/", pattern="*.csv", inputs={"file": "object.uri"}),
    auto_activate=True,
)
daily = LaunchPlan.get_or_create(
    told, "steps.daily", schedule=CronSchedule("0 2 * * *"), default_inputs={"text": "a day"}
)
slowly = LaunchPlan.get_or_create(waiting, "steps.slowly", schedule=CronSchedule("0 3 * * *"))
