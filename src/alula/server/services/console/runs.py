"""Runs as a console lists them: lean, with the number of their nodes in each phase."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
from flyteidl.admin import execution_pb2

from alula.core.engine.records import NodePhase
from alula.core.ids import EntityId, Place
from alula.core.policy.run_file import IMPORTED_AT, IMPORTED_FROM
from alula.core.policy.triggering import run_that_ended, trigger_cause
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services import filters
from alula.server.services.console.shown import Said, limited, line_of, said
from alula.server.services.platform import Platform
from alula.server.services.tokens import go_on, token_of
from alula.server.store.executions import EXECUTIONS, ExecutionRecord
from alula.server.store.query import Filter, Query

TIME_MAX_DIGITS = 16
"""Of microseconds since the epoch."""


class Entity(msgspec.Struct, frozen=True):
    """A registered thing at one version."""

    project: str
    domain: str
    name: str
    version: str


class Parent(msgspec.Struct, frozen=True):
    """The node that launched a run."""

    project: str
    domain: str
    name: str
    node_id: str


class RunRef(msgspec.Struct, frozen=True):
    """A run by its name."""

    project: str
    domain: str
    name: str


class Cause(msgspec.Struct, frozen=True):
    """The cause for which a trigger has started a run."""

    text: str
    run: RunRef | None
    """The run whose end it is; None for another kind of cause."""


class Imported(msgspec.Struct, frozen=True):
    """The way on which a run came here as a file."""

    run: str
    """`project/domain/name` of the run where it took place."""
    platform: str
    """The address of the platform there; empty if it is not known."""
    at: int | None
    """The time of the import; None if it was not noted."""


class Run(msgspec.Struct, frozen=True):
    """A run as lists show it. Times are microseconds since the epoch."""

    project: str
    domain: str
    name: str
    seq: int
    """The number of events in its log."""
    phase: int
    """`core.WorkflowExecution.Phase`."""
    workflow: Entity
    launch_plan: Entity
    """The launch plan, or the task, that was launched."""
    launch_entity: str
    """`launch_plan` or `task`."""
    principal: str
    mode: int
    """`admin.ExecutionMetadata.ExecutionMode`."""
    created_at: int
    started_at: int | None
    ended_at: int | None
    updated_at: int
    archived: bool
    labels: dict[str, str]
    parent: Parent | None
    cause: Cause | None
    """None for a run that no trigger has started."""
    imported: Imported | None
    """None for a run that took place here."""
    reason: Said | None
    """The reason why it failed or was aborted."""
    nodes: list[int]
    """The number of nodes in each `core.NodeExecution.Phase`, of those that have begun."""


class Runs(msgspec.Struct, frozen=True):
    """A page of runs."""

    runs: list[Run]
    questions: dict[str, int]
    """The number of questions that wait for an answer, by the name of the run; of those that have some."""
    next: str
    """The cursor of the next page; empty on the last one."""
    now: int


async def list_runs(
    platform: Platform,
    caller: Caller,
    place: Place,
    *,
    filters_: str = "",
    sort: str = "-created_at",
    limit: int = 100,
    cursor: str = "",
) -> Runs:
    """A page of the runs of a domain; archived ones only if a filter on `state` asks."""
    await platform.require(caller, place, Action.VIEW)
    query = runs_query(place, filters_, sort=sort, limit=limited(limit), cursor=cursor)
    records = await platform.store.executions.page(msgspec.structs.replace(query, limit=query.limit + 1))
    following = ""
    if len(records) > query.limit:
        records = records[: query.limit]
        following = token_of(query, EXECUTIONS.position(records[-1], query.sort_by))
    open_ = [record.id for record in records if not record.phase.is_terminal]
    questions = {id.name: count for id, count in (await platform.store.signals.open(open_)).items()}
    return Runs(await shown_runs(platform, records), questions, following, platform.clock())


def runs_query(place: Place, filters_: str, *, sort: str, limit: int, cursor: str = "") -> Query:
    """The query for the runs of a domain. Raises `InvalidInput`."""
    asked = filters.parse(filters_, filters.EXECUTION_FIELDS)
    conditions = [Filter("project", "eq", (place.project,)), Filter("domain", "eq", (place.domain,)), *asked]
    if not any(condition.field == "state" for condition in asked):
        conditions.append(Filter("state", "eq", ("EXECUTION_ACTIVE",)))
    sort_by = filters.field_of(sort.removeprefix("-"), filters.EXECUTION_FIELDS).name
    query = Query(limit, filters=tuple(conditions), sort_by=sort_by, descending=sort.startswith("-"))
    return go_on(query, cursor)


async def shown_runs(platform: Platform, records: Sequence[ExecutionRecord]) -> list[Run]:
    """Runs as lists show them."""
    counts = await platform.store.nodes.counts([record.id for record in records])
    return await asyncio.to_thread(lambda: [as_shown(record, counts[record.id]) for record in records])


async def shown_run(platform: Platform, record: ExecutionRecord) -> Run:
    [run] = await shown_runs(platform, [record])
    return run


def as_shown(record: ExecutionRecord, counts: Mapping[NodePhase, int]) -> Run:
    """A run with so many nodes in each phase."""
    spec = execution_pb2.ExecutionSpec.FromString(record.spec)
    return Run(
        *record.id,
        seq=record.seq,
        phase=record.phase,
        workflow=_entity(record.workflow),
        launch_plan=_entity(record.launch_plan),
        launch_entity=record.launch_entity,
        principal=record.principal,
        mode=record.mode,
        created_at=record.created_at,
        started_at=record.started_at,
        ended_at=record.ended_at,
        updated_at=record.updated_at,
        archived=record.archived,
        labels=record.labels,
        parent=_parent(spec.metadata),
        cause=_cause(spec),
        imported=_imported(spec.annotations.values),
        reason=_reason(record),
        nodes=[counts.get(phase, 0) for phase in NodePhase],
    )


def _entity(id: EntityId) -> Entity:
    return Entity(*id)


def _parent(metadata: execution_pb2.ExecutionMetadata) -> Parent | None:
    if not metadata.HasField("parent_node_execution"):
        return None
    node = metadata.parent_node_execution
    return Parent(node.execution_id.project, node.execution_id.domain, node.execution_id.name, node.node_id)


def _cause(spec: execution_pb2.ExecutionSpec) -> Cause | None:
    text = trigger_cause(spec)
    ended = run_that_ended(text)
    return Cause(text, RunRef(*ended) if ended else None) if text else None


def _imported(annotations: Mapping[str, str]) -> Imported | None:
    run, _, platform = annotations.get(IMPORTED_FROM, "").partition(" ")
    at = annotations.get(IMPORTED_AT, "")
    # Clients may write annotations of any name.
    is_time = at.isascii() and at.isdigit() and len(at) <= TIME_MAX_DIGITS
    return Imported(run, platform, int(at) if is_time else None) if run else None


def _reason(record: ExecutionRecord) -> Said | None:
    if record.error is not None:
        return said(record.error)
    return None if record.abort_cause is None else Said("Aborted", line_of(record.abort_cause))
