"""Schedules start each of their runs once, although the platform is killed while it makes up for an hour."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from flyteidl.admin import common_pb2
from tests.integration.api.clients import Client
from tests.integration.platform import Platforms, RunningPlatform, alula
from tests.integration.recovery.flows.every_minute import PLANS

from alula.core.engine.records import ExecutionPhase

FLOW = Path(__file__).with_name("flows") / "every_minute.py"
MINUTES, KILLS = 60, 4
RUNS = PLANS * MINUTES
TIMEOUT_S = 120.0


def test_an_hour_of_many_schedules_is_made_up_for_once_although_the_platform_is_killed(platforms: Platforms) -> None:
    platform = platforms.start()
    told = alula("register", str(FLOW), "--endpoint", platform.grpc)
    assert told.returncode == 0, told.stderr
    assert platform.stop() == 0
    with closing(_database(platform)) as database:
        now_us = time.time_ns() // 1000
        began_us = now_us - MINUTES * 60_000_000 - 1_000_000
        database.execute("UPDATE schedules SET since = ?, followed_until = ?, due_at = ?", [began_us, began_us, now_us])
        database.commit()
    for number in range(KILLS):
        platform = platforms.start()
        _wait_for(platform, (number + 1) * RUNS // (KILLS + 2))
        platform.kill()
    platform = platforms.start()
    until = time.monotonic() + TIMEOUT_S
    while True:  # more than these start meanwhile
        made_up = Counter((plan, at) for plan, at in _succeeded(platform) if at <= now_us)
        if made_up.total() >= RUNS:
            break
        assert time.monotonic() < until, platform.log()
        time.sleep(0.5)
    assert set(made_up.values()) == {1}
    assert Counter(plan for plan, _ in made_up) == {f"plan_{number}": MINUTES for number in range(PLANS)}


def _database(platform: RunningPlatform) -> sqlite3.Connection:
    return sqlite3.connect(platform.data / "alula.sqlite", timeout=30)


def _succeeded(platform: RunningPlatform) -> Iterator[tuple[str, int]]:
    """The launch plan of each run that has, and the time in microseconds that its schedule named."""
    request = common_pb2.ResourceListRequest(
        id=common_pb2.NamedEntityIdentifier(project="flytesnacks", domain="development"),
        limit=1000,
        filters="eq(phase,SUCCEEDED)",
    )
    with Client(platform.grpc) as client:
        while True:
            page = client.ListExecutions(request)
            for run in page.executions:
                yield run.spec.launch_plan.name, run.spec.metadata.scheduled_at.ToMicroseconds()
            if not page.token:
                return
            request.token = page.token


def _wait_for(platform: RunningPlatform, count: int) -> None:
    """Wait until that many runs have succeeded."""
    until = time.monotonic() + TIMEOUT_S
    with closing(_database(platform)) as database:
        while True:
            ((found,),) = database.execute(
                "SELECT count(*) FROM executions WHERE phase = ?", [ExecutionPhase.SUCCEEDED.value]
            )
            if found >= count:
                return
            assert time.monotonic() < until, f"{found} of {count} runs have succeeded:\n{platform.log()}"
            time.sleep(0.05)
