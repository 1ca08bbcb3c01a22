"""`alula explain`: the causes of what a run does, as the platform has recorded them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.platform import RunningPlatform, alula

FLOWS = Path(__file__).parent / "flows"


def explained(platform: RunningPlatform, *words: str, status: int = 0) -> str:
    done = alula("explain", *words, "--endpoint", platform.grpc)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def fail(platform: RunningPlatform, name: str) -> None:
    flow = str(FLOWS / "failing.py")
    alula("run", "--remote", "--wait", "--name", name, flow, "outer", "--endpoint", platform.grpc)


def test_a_failed_run_leads_to_the_failed_attempts_of_the_innermost_step(platform: RunningPlatform) -> None:
    fail(platform, "explain-failed")
    lines = explained(platform, "explain-failed").splitlines()
    assert lines[0].startswith("The run failed with USER:")
    assert "(check) failed with USER:" in lines[1] and "no retries left" in lines[1]
    assert lines[2].strip().startswith("fix: see ")
    assert "Attempt 1 failed with " in lines[3] and "3 is not right" in lines[3]
    assert len(lines) == 4


def test_a_step_that_never_began_leads_to_the_same_cause(platform: RunningPlatform) -> None:
    fail(platform, "explain-blocked")
    answer = json.loads(explained(platform, "explain-blocked", "n1", "-o", "json"))
    codes: list[str] = []
    links = [answer]
    while links:
        codes.append(links[0]["code"])
        links = links[0]["because"]
    assert codes == ["NotBegun", "RunFailed", "NodeFailed", "AttemptFailed"]


def test_a_step_is_found_by_its_id_and_by_the_name_of_its_task(platform: RunningPlatform) -> None:
    fail(platform, "explain-names")
    assert explained(platform, "explain-names", "n0-0-n0-0-dn0") == explained(platform, "explain-names", "check")


def test_a_step_or_an_item_that_is_not_there_is_one_clear_error(platform: RunningPlatform) -> None:
    fail(platform, "explain-none")
    assert "error[NodeNotFound]: this run has no node `n77`" in explained(platform, "explain-none", "n77", status=2)
    assert "no array of this run, so it has no item 4" in explained(platform, "explain-none", "n0[4]", status=2)
    assert "nowhere" in explained(platform, "nowhere", status=2)
