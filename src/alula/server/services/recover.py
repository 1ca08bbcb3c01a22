"""New executions that take over from earlier ones: recovering, and forking from a node.

Owns the inventory of the earlier execution, read off its log and kept as an object that the new log names. The engine
decides which parts of it hold.
"""

from __future__ import annotations

import asyncio

import msgspec
from flyteidl.admin import execution_pb2
from flyteidl.core import identifier_pb2, literals_pb2, tasks_pb2, workflow_pb2

from alula.core.engine.inventory import take_inventory
from alula.core.engine.records import NodeRecord
from alula.core.engine.recovery import Recovery
from alula.core.errors import FailedPrecondition, InvalidInput, NotFound
from alula.core.ids import AttemptId, ExecutionId
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services import layout
from alula.server.services.executions import require_execution
from alula.server.services.history import decode_log, read_named, read_plan
from alula.server.services.launch import create_execution, same_again
from alula.server.services.messages.names import execution_id, execution_identifier
from alula.server.services.platform import Platform
from alula.server.services.task_resources import check_resources
from alula.server.store.executions import ExecutionRecord

FORK_NODES = "alula/fork-nodes"
"""The annotation of a fork that names the nodes from which it runs again."""


class Fork(msgspec.Struct, frozen=True):
    """The differences of a new execution from the one that it is forked from."""

    nodes: tuple[str, ...] = ()
    """The nodes that run again, with all that comes after them; without any, only changed nodes run."""
    inputs: literals_pb2.LiteralMap = literals_pb2.LiteralMap()
    """Inputs to replace."""
    version: str = ""
    """Another version of the launch plan or task; empty for the same."""
    overrides: workflow_pb2.TaskNodeOverrides = workflow_pb2.TaskNodeOverrides()
    """Changes of the tasks in `nodes`: resources, image."""
    name: str = ""


async def recover_execution(
    platform: Platform, caller: Caller, request: execution_pb2.ExecutionRecoverRequest
) -> identifier_pb2.WorkflowExecutionIdentifier:
    """Launch the same again, but for the nodes that succeeded.

    Raises as `create_execution`, and `FailedPrecondition` for one that has not ended.
    """
    source = await require_ended(platform, caller, execution_id(request.id))
    again = same_again(source, request.name)
    if request.HasField("metadata"):
        again.spec.metadata.MergeFrom(request.metadata)
    _set_origin(again.spec, source)
    return await create_execution(platform, caller, again, recovery=await inventory_of(platform, source))


async def fork_execution(
    platform: Platform, caller: Caller, source_id: ExecutionId, fork: Fork
) -> identifier_pb2.WorkflowExecutionIdentifier:
    """Launch an execution that goes on from any node of an earlier one, with changes.

    The earlier one may still run: its results up to now are taken over. Raises as `create_execution`, `NotFound` for
    nodes that it does not have, and `InvalidInput` for changes of tasks without nodes to change.
    """
    source = await require_execution(platform, caller, source_id, Action.VIEW)
    if fork.overrides.ByteSize() and not fork.nodes:
        raise InvalidInput(
            "NoNodesToChange", "resources and images are changed of chosen nodes", fix="name the nodes to fork from"
        )
    anything = tasks_pb2.TaskTemplate(container=tasks_pb2.Container())
    check_resources(anything, fork.overrides, task_resources=source.task_resources)
    again = same_again(source, fork.name)
    _set_origin(again.spec, source)
    if fork.nodes:
        again.spec.annotations.values[FORK_NODES] = ",".join(fork.nodes)
    if fork.version:
        again.spec.launch_plan.version = fork.version
    for name, literal in fork.inputs.literals.items():
        again.inputs.literals[name].CopyFrom(literal)
    through = await _around(platform, caller, source, fork.nodes)
    recovery = msgspec.structs.replace(
        await inventory_of(platform, source),
        again=fork.nodes,
        through=through,
        overrides=fork.overrides.SerializeToString(deterministic=True),
    )
    return await create_execution(platform, caller, again, recovery=recovery)


async def inventory_of(platform: Platform, source: ExecutionRecord) -> Recovery:
    """The inventory that an execution leaves to take over."""
    (history,) = await platform.store.log.histories([source.id])
    assert history is not None, "the execution is there"
    log = decode_log(history.log, history.next_seq)
    named = await read_named(source.id, log, platform.blobs)
    plan = await read_plan(platform.store, source.workflow)
    spec = execution_pb2.ExecutionSpec.FromString(source.spec)

    def checkpoint(node_id: str, index: int, attempt: int) -> str:
        id = AttemptId(source.id, node_id, attempt, index)
        return layout.checkpoint_prefix(layout.raw_prefix(platform.blobs, spec, id, incarnation=source.incarnation))

    return await asyncio.to_thread(
        take_inventory,
        plan,
        log,
        checkpoint=checkpoint,
        graphs=named.graphs,
        recovery=named.recovery,
        loaded=named.loaded,
    )


async def require_ended(platform: Platform, caller: Caller, id: ExecutionId) -> ExecutionRecord:
    """The execution, which has come to its end. Raises as `require_execution`, and `FailedPrecondition`."""
    record = await require_execution(platform, caller, id, Action.VIEW)
    if not record.phase.is_terminal:
        raise FailedPrecondition(
            "ExecutionStillRuns", f"execution `{id}` has not ended: {record.phase.name}", fix="wait for it, or abort it"
        )
    return record


def _set_origin(spec: execution_pb2.ExecutionSpec, source: ExecutionRecord) -> None:
    spec.metadata.mode = execution_pb2.ExecutionMetadata.RECOVERED
    spec.metadata.reference_execution.CopyFrom(execution_identifier(source.id))


async def _around(
    platform: Platform, caller: Caller, source: ExecutionRecord, nodes: tuple[str, ...]
) -> tuple[str, ...]:
    """The nodes inside which the chosen ones are."""
    found: dict[str, None] = {}
    for node_id in nodes:
        row = await _node(platform, caller, source, node_id)
        while row.parent_id:
            found[row.parent_id] = None
            row = await _node(platform, caller, source, row.parent_id)
    return tuple(id for id in found if id not in nodes)


async def _node(platform: Platform, caller: Caller, source: ExecutionRecord, node_id: str) -> NodeRecord:
    """A node of an execution, or of one that it took over the node around it from."""
    execution: ExecutionRecord | None = source
    while execution is not None:
        row = await platform.store.nodes.get(execution.id, node_id)
        if row is not None:
            return row
        metadata = execution_pb2.ExecutionSpec.FromString(execution.spec).metadata
        if not metadata.HasField("reference_execution"):
            break
        earlier = execution_id(metadata.reference_execution)  # its launcher may have named any
        await platform.require(caller, earlier.place, Action.VIEW)
        execution = await platform.store.executions.get(earlier)
    raise NotFound(
        "NodeExecutionNotFound",
        f"execution `{source.id}` has no node `{node_id}`",
        fix=f"`alula describe execution {source.id.name}` shows those it has",
    )
