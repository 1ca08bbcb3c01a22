"""Figures of a runner, and its traces: its commits as plain counters, and the executions that it owns, read off its
tables on demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from alula.core.engine.cells import Stage, TaskCell
from alula.core.engine.records import AttemptPhase, AttemptRecord, CacheStatus, ExecutionPhase, ItemRecord, NodePhase
from alula.core.ids import ExecutionId
from alula.server.measures import SECONDS, Histogram, Metric, Reading, reading
from alula.server.runner.owned import Owned
from alula.server.store.log import Commit
from alula.server.traces import Traces

SIZES = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)

OPEN = Metric(
    "alula_executions_open", "gauge", "Runs that this process owns and that have not ended.", ("domain", "phase")
)
ENDED = Metric("alula_executions_ended_total", "counter", "Runs that have ended.", ("domain", "phase"))
NODES_OPEN = Metric(
    "alula_nodes_open", "gauge", "Nodes of open runs that have begun, each item of a map task among them.", ("phase",)
)
NODES_ENDED = Metric("alula_nodes_ended_total", "counter", "Nodes that have ended.", ("phase",))
ATTEMPTS_OPEN = Metric(
    "alula_attempts_open", "gauge", "Tasks of open runs that have begun, by what they wait for or do.", ("stage",)
)
ATTEMPTS_ENDED = Metric(
    "alula_attempts_ended_total",
    "counter",
    "Attempts that have ended, and by whose fault if they failed: USER or SYSTEM. A map task is one beside its items.",
    ("phase", "fault"),
)
CACHE = Metric("alula_cache_results_total", "counter", "What the cache said to tasks that use it.", ("status",))
COMMIT_S = Metric("alula_commit_seconds", "histogram", "How long commits of runs took in the store.")
COMMIT_EVENTS = Metric("alula_commit_events", "histogram", "How many events one commit had.")
REFUSED = Metric("alula_commits_refused_total", "counter", "Commits of one run that the store refused.")
TROUBLES = Metric("alula_store_troubles_total", "counter", "How often the store failed, and was asked again.")
QUEUE = Metric("alula_runner_queue", "gauge", "What waits in the runner, by where it waits.", ("queue",))
LEASE_S = Metric("alula_runner_lease_seconds", "gauge", "How long others still take this runner for alive.")

_NODE_PHASES = tuple(phase for phase in NodePhase if phase is not NodePhase.UNDEFINED and not phase.is_terminal)
_STAGES: tuple[Stage, ...] = Stage.__args__


class RunnerMeasures:
    """Counters of all that is committed."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces
        self.troubles = 0
        self._commit_s = Histogram(SECONDS)
        self._commit_events = Histogram(SIZES)
        self._refused = 0
        self._executions: Counter[tuple[str, ...]] = Counter()
        # By phase or status: these are counted for each node, and a list is the cheapest that there is.
        self._nodes = [0] * len(NodePhase)
        self._attempts = [0] * len(AttemptPhase)
        self._cache = [0] * len(CacheStatus)
        self._faults: Counter[tuple[str, ...]] = Counter()

    def committed(self, commits: Sequence[Commit], kept: Sequence[bool], took_s: float) -> None:
        """Count one transaction. `kept` says for each of its commits whether the store has kept it."""
        count = sum(len(commit.events) for commit in commits)
        self._commit_s.add(took_s)
        self._commit_events.add(count)
        self._traces.committed(took_s, {"alula.events": count, "alula.executions": len(commits)})
        for commit, is_kept in zip(commits, kept, strict=True):
            if not is_kept:
                self._refused += 1
                continue
            changes = commit.changes
            if changes.execution is not None and changes.execution.phase.is_terminal:
                self.ended(commit.execution, changes.execution.phase)
            for node in changes.nodes:
                self._nodes[node.phase] += 1
                if node.cache_status is not None:
                    self._cache[node.cache_status] += 1
            for attempt in changes.attempts:
                self._count(attempt)
            for item in changes.items:
                self._count(item)
                if item.cache_status is not None and item.phase.is_terminal:
                    self._cache[item.cache_status] += 1

    def _count(self, row: AttemptRecord | ItemRecord) -> None:
        if row.error is None:
            self._attempts[row.phase] += 1
        elif row.phase.is_terminal:
            self._faults[row.phase.name, row.error.kind] += 1

    def ended(self, execution: ExecutionId, phase: ExecutionPhase) -> None:
        self._executions[execution.domain, phase.name] += 1
        self._traces.ended(execution)

    def read(self, owned: Collection[Owned], queues: Mapping[str, int], *, lease_s: float) -> Iterator[Reading]:
        """Readings of the counters, and of the present: the executions owned, the queues, the rest of the lease."""
        yield Reading(OPEN, Counter((each.record.id.domain, each.state.phase.name) for each in owned))
        yield Reading(NODES_OPEN, _nodes_open(owned))
        yield Reading(ATTEMPTS_OPEN, _attempts_open(owned))
        yield Reading(ENDED, dict(self._executions))
        yield Reading(NODES_ENDED, {(phase.name,): self._nodes[phase] for phase in NodePhase if phase.is_terminal})
        faultless = {(phase.name, ""): self._attempts[phase] for phase in AttemptPhase if phase.is_terminal}
        yield Reading(ATTEMPTS_ENDED, faultless | self._faults)
        yield Reading(CACHE, {(status.name,): self._cache[status] for status in CacheStatus})
        yield reading(COMMIT_S, self._commit_s)
        yield reading(COMMIT_EVENTS, self._commit_events)
        yield reading(REFUSED, self._refused)
        yield reading(TROUBLES, self.troubles)
        yield Reading(QUEUE, {(name,): length for name, length in queues.items()})
        yield reading(LEASE_S, lease_s)


def _nodes_open(owned: Iterable[Owned]) -> dict[tuple[str, ...], int]:
    scopes = [scope.phases for each in owned for scope in each.state.scopes.values()]
    return {(phase.name,): sum(phases.count(phase) for phases in scopes) for phase in _NODE_PHASES}


def _attempts_open(owned: Iterable[Owned]) -> dict[tuple[str, ...], int]:
    stages = Counter[Stage](
        cell.stage
        for each in owned
        for scope in each.state.scopes.values()
        for cell in scope.cells.values()
        if isinstance(cell, TaskCell)
    )
    return {(stage,): stages[stage] for stage in _STAGES}
