"""What must be so when all is over: read from the store, the logs and the ledger, and worked out a second time.

Each check is named after its invariant in the reference. Rows are made again from the log, by stepping the engine
through it and laying its changes over each other here, and compared with what the store has.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
from flyteidl.admin import execution_pb2
from flyteidl.core import compiler_pb2, literals_pb2
from tests.rows import Rows
from tests.simulation.tasks import usage_of, value_of

from alula.core.engine import events as facts
from alula.core.engine import recovery
from alula.core.engine.cells import ChildCell, TaskCell
from alula.core.engine.machines.array import ArrayScope
from alula.core.engine.plan import Plan, make_plan
from alula.core.engine.records import AttemptPhase, AttemptRecord, ExecutionPhase, ItemRecord, NodePhase
from alula.core.engine.state import Execution
from alula.core.engine.step import fold, outstanding, start, step
from alula.core.ids import AttemptId, ExecutionId
from alula.server.store.executions import ExecutionRecord
from alula.server.store.query import Query

if TYPE_CHECKING:
    from tests.simulation.world import World

ALL = Query(limit=100_000)
WELL = (NodePhase.SUCCEEDED, NodePhase.RECOVERED)


async def check_end(world: World) -> None:
    """Everything that must hold once the last execution has ended and the dust has settled."""
    for attempt, host in sorted(world.ledger.running):
        if not world.may_be_forgotten(attempt):
            world.violated(f"I7: {attempt} still runs on {host}")
    _check_cluster(world)
    for record in await world.store.executions.page(ALL, with_values=True):
        if not record.phase.is_terminal:
            world.violated(f"I11: {record.id} has not ended: {record.phase.name}; {await _waits_for(world, record)}")
            continue
        if world.breaking.strikes[record.id] <= 1:  # else it may have been ended without the engine
            await _check_rows(world, record)
        if not await world.breaking.check(record):
            await _check_outcome(world, record)
        await _check_family(world, record)
    for id in world.launched:
        if await world.store.executions.get(id) is None:
            world.violated(f"I4: {id} was acknowledged and is lost")


def _check_cluster(world: World) -> None:
    """I16: the shared cluster keeps no end that every runner could know to be durable. One that can't be listed is not
    swept: an end that a runner came to commit and not to acknowledge stays there."""
    if world.cluster is None:
        return
    for host in world.hosts:
        life = host.life
        if life is None or not life.alive or life.executor is None or host.runner is None:
            continue  # what it left is swept when it begins again
        for attempt, record in world.cluster.records.items():
            if not world.faults.handles and record.owner == host.name and attempt not in life.released:
                world.violated(f"I16: the end of {attempt} was never acknowledged by {life.name}")
        for attempt in sorted(life.executor.followed):
            world.violated(f"I16: {life.name} still follows {attempt}")


async def _waits_for(world: World, record: ExecutionRecord) -> str:
    nodes = await world.store.nodes.page(record.id, None, ALL)
    return ", ".join(f"{node.node_id} {node.phase.name}" for node in nodes if not node.phase.is_terminal)


async def _check_outcome(world: World, record: ExecutionRecord) -> None:
    """I10: the end and the outputs are those of a run without faults."""
    name = record.workflow.name
    x = value_of(world.blobs.whole(record.inputs).literals["x"])
    expected = world.reference.outcome(name, x)
    if record.phase is ExecutionPhase.ABORTED and (record.id in world.may_abort or await _was_stopped(world, record)):
        return
    if record.phase is ExecutionPhase.FAILED and record.id in world.may_abort and expected is not None:
        world.violated(f"I10: {record.id} ({name}) failed although all its nodes can succeed: {record.error}")
        return
    if record.id in world.may_abort and record.phase is ExecutionPhase.FAILED:
        return
    wanted = ExecutionPhase.FAILED if expected is None else ExecutionPhase.SUCCEEDED
    if record.phase is not wanted:
        told = record.error or record.abort_cause or ""
        world.violated(f"I10: {record.id} ({name}) should be {wanted.name} and is {record.phase.name}: {told}")
        return
    if expected is None:
        return
    gave = {var: value_of(literal) for var, literal in world.blobs.whole(record.outputs or b"").literals.items()}
    if gave != expected:
        world.violated(f"I10: {record.id} ({name}) should give {expected} and gave {gave}")
    await _check_all_ran(world, record)


async def _was_stopped(world: World, record: ExecutionRecord) -> bool:
    """Whether the node that started this execution was stopped."""
    node = execution_pb2.ExecutionSpec.FromString(record.spec).metadata.parent_node_execution
    parent = ExecutionId(node.execution_id.project, node.execution_id.domain, node.execution_id.name)
    row = await world.store.nodes.get(parent, node.node_id)
    return row is not None and row.phase is NodePhase.ABORTED


async def _check_all_ran(world: World, record: ExecutionRecord) -> None:
    """I5: of a run that succeeded every node has."""
    template = next(t for t, _ in world.library.workflows if t.id.name == record.workflow.name)
    rows = {node.node_id: node for node in await world.store.nodes.page(record.id, "", ALL)}
    for node in template.nodes:
        row = rows.get(node.id)
        if row is None or row.phase not in WELL:
            world.violated(f"I5: {record.id} succeeded, and its node {node.id} did not")


async def _check_family(world: World, record: ExecutionRecord) -> None:
    """I7: nothing of an execution that has ended is left: nodes, and the executions that it started."""
    for node in await world.store.nodes.page(record.id, None, ALL):
        if not node.phase.is_terminal:
            world.violated(f"I7: {record.id} is {record.phase.name}, and its node {node.node_id} {node.phase.name}")
        if node.child is not None:
            child = await world.store.executions.get(ExecutionId(record.id.project, record.id.domain, node.child))
            if child is None and node.phase in WELL:
                world.violated(f"I7: {record.id} has no child {node.child}, and node {node.node_id} succeeded")
            if child is not None and (child.phase is ExecutionPhase.SUCCEEDED) < (node.phase in WELL):
                world.violated(f"I10: node {node.node_id} of {record.id} succeeded, its child {child.phase.name}")


async def _check_rows(world: World, record: ExecutionRecord) -> None:
    """I8: all rows are the fold of the log. I3: no more failures than the budgets allow."""
    log = [facts.decode(event) for event in await world.store.log.read(record.id)]
    entity = await world.store.entities.get("workflow", record.workflow)
    plan = make_plan(compiler_pb2.CompiledWorkflowClosure.FromString(entity.closure))
    created = log[0]
    assert isinstance(created, facts.Created)
    taken = recovery.decode(world.blobs.objects[created.recovery_uri]) if created.recovery_uri else None
    uris = [event.closure_uri for event in log if isinstance(event, facts.GraphReturned)]
    uris += [made.closure_uri for made in taken.graphs.values()] if taken is not None else []
    graphs = {uri: _graph(world, uri) for uri in uris}
    loaded = {event.uri: _value(world, event.uri) for event in log if isinstance(event, facts.ValueLoaded)}
    rows = Rows()
    state, _, changes = start(plan, created, graphs, taken)
    rows.lay(changes)
    spent: Counter[tuple[int, int, str]] = Counter()
    for number, event in enumerate(log[1:], 1):
        _count(world, record, state, event, spent)
        if isinstance(event, facts.ValueLoaded):
            state.arrived[event.uri] = loaded[event.uri]
        try:
            _, changes = step(state, event)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is a finding)
            world.violated(f"I8: the log of {record.id} does not fold at {number}", error)
            return
        rows.lay(changes)
        _check_limits(world, record, state)
        if number % 7 == 0:
            folded = fold(plan, log[: number + 1], graphs, taken, loaded)
            if list(outstanding(folded)) != list(outstanding(state)) or folded.phase != state.phase:
                world.violated(f"I8: folding the log of {record.id} up to {number} is not stepping through it")
    await _compare(world, record, rows)
    _check_order(world, record, rows)


def _check_order(world: World, record: ExecutionRecord, rows: Rows) -> None:
    """I2: no node of the workflow began before those had succeeded that it waits for."""
    template = next(t for t, _ in world.library.workflows if t.id.name == record.workflow.name)
    for node in template.nodes:
        began = rows.began.get(node.id)
        if began is None:
            continue
        for before in node.upstream_node_ids:
            if rows.succeeded.get(before, began) >= began and rows.of["node", node.id]["phase"] != NodePhase.SKIPPED:
                world.violated(f"I2: {record.id} began {node.id} before {before} had succeeded")


def _graph(world: World, uri: str) -> Plan:
    return make_plan(compiler_pb2.CompiledWorkflowClosure.FromString(world.blobs.objects[uri]))


def _count(
    world: World, record: ExecutionRecord, state: Execution, event: facts.Event, spent: Counter[tuple[int, int, str]]
) -> None:
    timed_out = isinstance(event, facts.TimerFired) and event.kind == "timeout"
    if not timed_out and not isinstance(event, facts.AttemptFailed):
        return
    scope = state.scopes.get(event.scope)  # type: ignore[union-attr]
    if scope is None or not isinstance(scope.cells.get(event.node), TaskCell):  # type: ignore[union-attr]
        return
    kind = event.error.kind if isinstance(event, facts.AttemptFailed) else "USER"
    key = (event.scope, event.node, kind)  # type: ignore[union-attr]
    spent[key] += 1
    retries = scope.plan_node(event.node).node.metadata.retries.retries  # type: ignore[union-attr]
    task = scope.plan_node(event.node).task  # type: ignore[union-attr]
    assert task is not None
    allowed = max(retries, task.template.metadata.retries.retries) + 1 if kind == "USER" else 4
    if spent[key] > allowed:
        world.violated(f"I3: {record.id} {scope.node_id(event.node)}: {spent[key]} {kind} failures of {allowed}")  # type: ignore[union-attr]


def _value(world: World, uri: str) -> literals_pb2.Literal:
    return literals_pb2.Literal.FromString(world.blobs.objects[uri])


def _check_limits(world: World, record: ExecutionRecord, state: Execution) -> None:
    """At no time more in flight than allowed: in the execution, in each array."""
    if state.phase.is_terminal:
        return
    in_flight = 0
    for scope in state.scopes.values():
        cells = [cell for cell in scope.cells.values() if _holds_place(cell)]
        in_flight += len(cells)
        if isinstance(scope, ArrayScope):
            rule = scope.parent.plan_node(scope.parent_node).array  # type: ignore[union-attr]
            if rule is not None and rule.concurrency and len(scope.cells) > rule.concurrency:
                world.violated(f"{record.id} {scope.node_id(0)}: more items than its concurrency {rule.concurrency}")
    limit = state.created.max_parallelism
    if in_flight != state.running or (limit and in_flight > limit):
        world.violated(f"{record.id}: {in_flight} in flight, {state.running} counted, {limit} allowed")


def _holds_place(cell: object) -> bool:
    if isinstance(cell, ChildCell):
        return cell.launched
    return isinstance(cell, TaskCell) and cell.stage in ("RESERVING", "SUBMITTED", "RUNNING")


async def _compare(world: World, record: ExecutionRecord, rows: Rows) -> None:
    store, stored = world.store, Rows()
    for node in await store.nodes.page(record.id, None, ALL, with_values=True):
        stored.over(("node", node.node_id), node)
        for attempt in await store.attempts.page(record.id, node.node_id, ALL):
            stored.over(("attempt", attempt.node_id, attempt.attempt), attempt)
            _check_usage(world, record, attempt, must_be_known=not node.is_array)
        for item in await store.items.page(record.id, node.node_id, ALL):
            stored.over(("item", item.node_id, item.index), item)
            _check_usage(world, record, item)
    for signal in await store.signals.page(record.id, ALL):
        stored.over(("signal", signal.signal_id), signal)
    of_execution = rows.of.pop(("execution",))
    shown = msgspec.structs.asdict(record)
    for name, value in of_execution.items():
        if not _same(name, shown[name], value):
            world.violated(f"I8: {record.id} shows {name} = {shown[name]!r}, its log says {value!r}")
    for key in sorted(rows.of.keys() | stored.of.keys(), key=repr):
        log_says, row = rows.of.get(key), stored.of.get(key)
        if log_says is None or row is None or not _equal(log_says, row):
            world.violated(f"I8: {record.id} {key}: the row is {row}, the log says {log_says}")
    await _check_cache(world, record, rows)
    reasons = await store.reasons.read(record.id)
    if reasons != rows.reasons:
        world.violated(f"I8: {record.id} has {len(reasons)} reasons, its log gives {len(rows.reasons)}")


def _check_usage(
    world: World, record: ExecutionRecord, row: AttemptRecord | ItemRecord, *, must_be_known: bool = False
) -> None:
    """I8: what an attempt has used stands in its own row, and in that of each that has succeeded."""
    index = row.index if isinstance(row, ItemRecord) else -1
    attempt = AttemptId(record.id, row.node_id, row.attempt, index)
    must_be_known = must_be_known and row.phase is AttemptPhase.SUCCEEDED
    if row.usage != usage_of(world.seed, attempt) if row.usage is not None else must_be_known:
        world.violated(f"I8: {attempt} is {row.phase.name} and shows as its usage {row.usage}")


async def _check_cache(world: World, record: ExecutionRecord, rows: Rows) -> None:
    """I12: what succeeded is in the cache, as what it gave."""
    for entry in rows.published:
        kept = await world.store.catalog.get(entry.key)
        if kept is None:
            world.violated(f"I12: {record.id}: the result of {entry.source} is not in the cache")
            continue
        # A later run of the same may have replaced it: whichever it is, the outputs are the same.
        gave = literals_pb2.LiteralMap.FromString(entry.outputs)
        if literals_pb2.LiteralMap.FromString(kept.outputs) != gave:
            world.violated(f"I12: {entry.source} gave {gave}, the cache has something else from {kept.source}")


def _equal(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(_same(name, one[name], other[name]) for name in one)


def _same(name: str, one: Any, other: Any) -> bool:
    if name in ("inputs", "outputs") and one is not None and other is not None and one != other:
        # The order of a map's entries is free in protobuf.
        return bool(literals_pb2.LiteralMap.FromString(one) == literals_pb2.LiteralMap.FromString(other))
    return bool(one == other)
