"""Each end of a run starts what waits for it once, although the platform is killed in between."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.integration.platform import Platforms, RunningPlatform, alula

from alula import Remote

FLOW = Path(__file__).with_name("flows") / "chained.py"
RUNS = 12


def test_each_end_fires_once_although_the_platform_is_killed_and_loops_end(platforms: Platforms) -> None:
    platform = platforms.start()
    _tell(platform, "register", str(FLOW))
    with Remote(platform.grpc) as remote:
        first = remote.fetch_launch_plan("chained.first")
        for number in range(RUNS):
            remote.execute(first, {"n": number})
    platform.kill()
    platform = platforms.start()
    _wait_for(platform, "seconds", RUNS // 2)
    platform.kill()
    platform = platforms.start()
    # By hand, then `seconds`, then `firsts`, whose end starts no `seconds` again.
    _wait_for(platform, "seconds", 2 * RUNS)
    firings = _firings(platform, "seconds")
    started = [each for each in firings if each["state"] == "STARTED"]
    refused = [each for each in firings if each["state"] == "REFUSED"]
    assert len(started) == len({each["run"] for each in started}) == len(refused) == RUNS
    assert len({each["cause"] for each in firings}) == 2 * RUNS
    assert all(each["detail"].startswith("TriggerLoop: ") for each in refused)
    runs: list[Any] = json.loads(_tell(platform, "list", "execution", "--limit", "1000", "-o", "json"))["executions"]
    assert len(runs) == 3 * RUNS


def _firings(platform: RunningPlatform, name: str) -> list[dict[str, Any]]:
    return json.loads(_tell(platform, "get", "trigger", name, "--limit", "1000", "-o", "json"))["firings"]


def _wait_for(platform: RunningPlatform, name: str, count: int) -> None:
    until = time.monotonic() + 120
    while len(_firings(platform, name)) < count:
        assert time.monotonic() < until, _firings(platform, name)
        time.sleep(0.1)


def _tell(platform: RunningPlatform, *words: str) -> str:
    done = alula(*words, "--endpoint", platform.grpc)
    assert done.returncode == 0, done.stderr
    return done.stdout
