"""Figures of a runner count what was committed, and only that."""

from __future__ import annotations

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    CacheStatus,
    Changes,
    ExecutionChange,
    ExecutionPhase,
    ItemRecord,
    NodePhase,
    NodeRecord,
)
from alula.core.errors import TaskError
from alula.core.ids import ExecutionId
from alula.server.measures import Histogram, Value
from alula.server.runner.measures import RunnerMeasures
from alula.server.store.log import Commit
from alula.server.traces import NO_TRACES

RUN = ExecutionId("p", "production", "r")


def counted(values: dict[tuple[str, ...], Value]) -> dict[tuple[str, ...], Value]:
    """Those that are not 0."""
    return {labels: value for labels, value in values.items() if value}


def read(measures: RunnerMeasures) -> dict[str, dict[tuple[str, ...], Value]]:
    return {each.metric.name: dict(each.values) for each in measures.read((), {"arrived": 3}, lease_s=20)}


def ended(phase: ExecutionPhase = ExecutionPhase.FAILED) -> Changes:
    return Changes(
        execution=ExecutionChange(phase, 1),
        nodes=[
            NodeRecord("n0", NodePhase.QUEUED, 1, cache_status=CacheStatus.MISS),
            NodeRecord("n0", NodePhase.RUNNING, 1),
            NodeRecord("n0", NodePhase.FAILED, 1),
        ],
        attempts=[
            AttemptRecord("n0", 0, AttemptPhase.RUNNING, 1),
            AttemptRecord("n0", 0, AttemptPhase.FAILED, 1, error=TaskError("Oom", "", "SYSTEM")),
        ],
        items=[ItemRecord("n1", 4, 0, AttemptPhase.SUCCEEDED, 1, cache_status=CacheStatus.HIT)],
    )


def test_ends_are_counted_by_phase_and_fault() -> None:
    measures = RunnerMeasures(NO_TRACES)
    measures.committed([Commit(RUN, 0, [b"", b""], ended())], [True], 0.002)
    told = read(measures)
    assert told["alula_executions_ended_total"] == {("production", "FAILED"): 1}
    assert counted(told["alula_nodes_ended_total"]) == {("FAILED",): 1}
    assert counted(told["alula_attempts_ended_total"]) == {("FAILED", "SYSTEM"): 1, ("SUCCEEDED", ""): 1}
    assert counted(told["alula_cache_results_total"]) == {("MISS",): 1, ("HIT",): 1}


def test_what_the_store_refused_has_not_happened() -> None:
    measures = RunnerMeasures(NO_TRACES)
    running = Changes(execution=ExecutionChange(ExecutionPhase.RUNNING, 1))
    measures.committed([Commit(RUN, 0, [b""], ended()), Commit(RUN, 0, [b""], running)], [False, True], 0.2)
    told = read(measures)
    assert told["alula_commits_refused_total"] == {(): 1}
    assert told["alula_executions_ended_total"] == counted(told["alula_nodes_ended_total"]) == {}
    seconds, events = told["alula_commit_seconds"][()], told["alula_commit_events"][()]
    assert isinstance(seconds, Histogram) and (sum(seconds.counts), seconds.total) == (1, 0.2)
    assert isinstance(events, Histogram) and (sum(events.counts), events.total) == (1, 2)


def test_every_metric_is_told_before_anything_has_happened() -> None:
    told = read(RunnerMeasures(NO_TRACES))
    assert told["alula_executions_open"] == {} and told["alula_nodes_open"][("RUNNING",)] == 0
    assert told["alula_attempts_open"][("BLOCKED",)] == 0
    assert told["alula_runner_queue"] == {("arrived",): 3} and told["alula_runner_lease_seconds"] == {(): 20}
