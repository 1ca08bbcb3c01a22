"""Platforms that are killed at each of their effects; `make crash-points` hits each of its times."""

from __future__ import annotations

import typing
from pathlib import Path

import pytest
from tests.crash_points.suite import hit_points

from alula.core.engine.events import AttemptStarted, AttemptWaits, Created, Event, PlatformFailed

CALLS = {"store.executions.create", "submit", "cancel", "reconcile", "blobs.put", "deliver"} | {
    f"update {phase}" for phase in ("RUNNING", "SUCCEEDED", "FAILED")
}
"""What a runner does and hears beside its commits."""
NOT_MADE = {Created, AttemptWaits, AttemptStarted, PlatformFailed}
"""The first is in the log when a runner comes, the next two are in old logs only. The last takes a bug; the simulation
has some at any point."""


@pytest.mark.timeout(1200)  # some eighty platforms, one after the other
def test_killed_at_any_effect_a_run_comes_to_the_end_that_it_has_without_a_crash(tmp_path: Path) -> None:
    report = hit_points(tmp_path)
    commits = {f"commit {event.__name__}" for event in typing.get_args(Event) if event not in NOT_MADE}
    needed = {f"{side} {effect}" for side in ("before", "after") for effect in commits | CALLS}
    assert needed <= report.effects.keys(), "the workflows have every kind of event and call"
    assert not report.failed, str(report)
    assert not needed & {deaths[-1].effect for deaths in report.missed}, str(report)
