"""A backfill goes on when its platform was killed, and runs each slot once."""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.integration.platform import Platforms, RunningPlatform, alula

from alula import Remote

FLOW = Path(__file__).with_name("flows") / "slots.py"
PROGRAM = Path(__file__).with_name("sharing_program.py")
DAYS = 20
KILLS = 2


def test_each_slot_is_run_once_although_the_platform_is_killed(platforms: Platforms, tmp_path: Path) -> None:
    platform = platforms.start()
    _tell(platform, "register", str(FLOW))
    asked = ("daily", "--from", "2026-01-01", "--to", "2026-01-21", "--at-once", "2")
    name = _tell(platform, "backfill", *asked).strip()
    for number in range(KILLS):
        _wait_for(platform, name, ended=(number + 1) * DAYS // (KILLS + 2))
        platform.kill()
        platform = platforms.start()
    with Remote(platform.grpc) as remote:
        backfill = remote.fetch_backfill(name).wait(timeout_s=60)
        assert (backfill.state, backfill.counts["succeeded"]) == ("SUCCEEDED", DAYS)
        slots = list(backfill.slots())
        assert [slot.planned_for.day for slot in slots] == list(range(1, DAYS + 1))
        assert {remote.run(slot.run).phase.name for slot in slots} == {"SUCCEEDED"}
        again = remote.plan_backfill("daily", datetime(2026, 1, 1), datetime(2026, 1, 22))
        assert [slot.state for slot in again] == ["THERE"] * DAYS + ["WAITING"]
    runs: list[Any] = json.loads(_tell(platform, "list", "execution", "--limit", "100", "-o", "json"))["executions"]
    assert sorted(run["id"]["name"] for run in runs) == sorted(slot.run for slot in slots)


def test_another_process_goes_on_when_the_one_that_did_was_killed(platforms: Platforms, postgres_url: str) -> None:
    platforms.environment = {"ALULA_DATABASE_URL": postgres_url}
    platforms.command = [sys.executable, str(PROGRAM), str(platforms.folder / "objects")]
    first = platforms.start(data=platforms.folder / "first")
    second = platforms.start(data=platforms.folder / "second")
    _tell(second, "register", str(FLOW))
    asked = ("daily", "--from", "2026-01-01", "--to", "2026-01-21", "--at-once", "2")
    name = _tell(second, "backfill", *asked).strip()
    _wait_for(second, name, ended=DAYS // 4)
    first.kill()
    with Remote(second.grpc) as remote:
        backfill = remote.fetch_backfill(name).wait(timeout_s=90)
        assert backfill.counts["succeeded"] == len({slot.run for slot in backfill.slots()}) == DAYS
    runs: list[Any] = json.loads(_tell(second, "list", "execution", "--limit", "100", "-o", "json"))["executions"]
    assert len(runs) == DAYS


def test_one_that_is_paused_stays_so_over_a_restart_until_it_is_resumed(platforms: Platforms) -> None:
    platform = platforms.start()
    _tell(platform, "register", str(FLOW))
    asked = ("daily", "--from", "2026-01-01", "--to", "2026-01-06", "--on-failure", "continue")
    name = _tell(platform, "backfill", *asked).strip()
    _tell(platform, "backfill", "pause", name)
    platform.kill()
    platform = platforms.start()
    assert "PAUSED" in _tell(platform, "get", "backfill", name)
    _tell(platform, "backfill", "resume", name)
    with Remote(platform.grpc) as remote:
        assert remote.fetch_backfill(name).wait(timeout_s=60).counts["succeeded"] == 5
    cancelled = _tell(platform, "backfill", "daily", "--from", "2025-01-01", "--to", "2026-01-01").strip()
    _tell(platform, "backfill", "cancel", cancelled)
    with Remote(platform.grpc) as remote:
        assert remote.fetch_backfill(cancelled).wait(timeout_s=60).state == "CANCELLED"
    assert "CANCELLED" in _tell(platform, "list", "backfills")


def _wait_for(platform: RunningPlatform, name: str, *, ended: int) -> None:
    with Remote(platform.grpc) as remote:
        until = time.monotonic() + 60
        while remote.fetch_backfill(name).counts["succeeded"] < ended:
            assert time.monotonic() < until, remote.fetch_backfill(name).counts
            time.sleep(0.02)


def _tell(platform: RunningPlatform, *words: str) -> str:
    done = alula(*words, "--endpoint", platform.grpc)
    assert done.returncode == 0, done.stderr
    return done.stdout
