"""The graph of a run, or the one that a dynamic node of it has made, in the form of Flyte's compiled closures.

It has only what is drawn of a graph: ids, names, entities, edges, cases of branches, and where inputs come from. The
closure as a whole takes ten times as long to be written as JSON.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from flyteidl.core import compiler_pb2, condition_pb2, identifier_pb2, literals_pb2, types_pb2, workflow_pb2
from google.protobuf import duration_pb2, json_format

from alula.core.errors import NotFound
from alula.core.ids import ExecutionId
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.console.graph_form import (
    ArrayNode,
    Asks,
    Binding,
    BranchNode,
    Case,
    Collection,
    Connections,
    Entity,
    GateNode,
    Graph,
    Ids,
    IfElse,
    Key,
    Map,
    Metadata,
    Node,
    Output,
    Sleeps,
    Source,
    TaskNode,
    Template,
    Workflow,
    WorkflowNode,
)
from alula.server.services.executions import require_execution
from alula.server.services.platform import Platform


async def tag_of(platform: Platform, caller: Caller, id: ExecutionId) -> str:
    """A tag that is another one for another run of the name: no graph of a run changes. Raises `NotFound`."""
    return str((await require_execution(platform, caller, id, Action.VIEW, with_values=False)).created_at)


async def read_graph(platform: Platform, caller: Caller, id: ExecutionId, node_id: str = "") -> Graph:
    """The graph of a run, or the one that one of its nodes has made. Raises `NotFound`."""
    record = await require_execution(platform, caller, id, Action.VIEW, with_values=False)
    if node_id:
        node = await platform.store.nodes.get(id, node_id)
        if node is None or not node.dynamic_uri:
            raise NotFound("DynamicWorkflowNotFound", f"node `{node_id}` of execution `{id}` has made no graph")
        closure = await platform.blobs.get(node.dynamic_uri)
    else:
        workflow = await platform.store.entities.get("workflow", record.workflow)
        if workflow is None:
            raise NotFound("WorkflowNotFound", f"there is no workflow {record.workflow}")
        closure = workflow.closure
    return await asyncio.to_thread(graph_of, closure)


def graph_of(closure: bytes) -> Graph:
    """A serialized `CompiledWorkflowClosure` as far as it is drawn."""
    message = compiler_pb2.CompiledWorkflowClosure.FromString(closure)
    return Graph(_workflow(message.primary), [_workflow(each) for each in message.sub_workflows])


def _workflow(message: compiler_pb2.CompiledWorkflow) -> Workflow:
    template = message.template
    return Workflow(
        Template(
            _entity(template.id),
            [_node(node) for node in template.nodes],
            _bindings(template.outputs),
            _node(template.failure_node) if template.HasField("failure_node") else None,
        ),
        Connections({id: Ids(list(after.ids)) for id, after in message.connections.downstream.items()}),
    )


def _node(node: workflow_pb2.Node) -> Node:
    kind, name = node.WhichOneof("target"), node.metadata.name
    timeout = _seconds(node.metadata.timeout) if kind == "gate_node" and node.metadata.HasField("timeout") else ""
    return Node(
        node.id,
        Metadata(name, timeout) if name or timeout else None,
        _bindings(node.inputs),
        task_node=TaskNode(_entity(node.task_node.reference_id)) if kind == "task_node" else None,
        workflow_node=_reference(node.workflow_node) if kind == "workflow_node" else None,
        array_node=ArrayNode(_node(node.array_node.node)) if kind == "array_node" else None,
        branch_node=_branch(node.branch_node) if kind == "branch_node" else None,
        gate_node=_gate(node.gate_node) if kind == "gate_node" else None,
    )


def _reference(node: workflow_pb2.WorkflowNode) -> WorkflowNode:
    if node.WhichOneof("reference") == "launchplan_ref":
        return WorkflowNode(launchplan_ref=_entity(node.launchplan_ref))
    return WorkflowNode(sub_workflow_ref=_entity(node.sub_workflow_ref))


def _branch(node: workflow_pb2.BranchNode) -> BranchNode:
    choice = node.if_else
    otherwise = _node(choice.else_node) if choice.WhichOneof("default") == "else_node" else None
    return BranchNode(IfElse(_case(choice.case), [_case(each) for each in choice.other], otherwise))


def _case(block: workflow_pb2.IfBlock) -> Case:
    return Case(_condition(block.condition), _node(block.then_node))


# `Any`: as in `Case`.
def _condition(condition: condition_pb2.BooleanExpression) -> dict[str, Any]:
    try:
        return json_format.MessageToDict(condition, preserving_proto_field_name=True)
    except (json_format.Error, ValueError, OverflowError):  # a time that JSON can't say, compared with
        return {}


def _gate(node: workflow_pb2.GateNode) -> GateNode:
    condition = node.WhichOneof("condition")
    if condition == "approve":
        return GateNode(approve=Asks(node.approve.signal_id))
    if condition == "signal":
        return GateNode(signal=Asks(node.signal.signal_id))
    return GateNode(sleep=Sleeps(_seconds(node.sleep.duration)))


def _seconds(duration: duration_pb2.Duration) -> str:
    try:
        return duration.ToJsonString()
    except ValueError:  # as above
        return ""


def _bindings(bindings: Iterable[literals_pb2.Binding]) -> list[Binding]:
    return [Binding(each.var, _source(each.binding)) for each in bindings]


def _source(data: literals_pb2.BindingData) -> Source:
    kind = data.WhichOneof("value")
    if kind == "promise":
        promise = data.promise
        path = [_key(each) for each in promise.attr_path]
        return Source(promise=Output(promise.node_id, promise.var, path))
    if kind == "collection":
        return Source(collection=Collection([_source(each) for each in data.collection.bindings]))
    if kind == "map":
        return Source(map=Map({name: _source(each) for name, each in data.map.bindings.items()}))
    return Source()


def _key(attribute: types_pb2.PromiseAttribute) -> Key:
    if attribute.WhichOneof("value") == "string_value":
        return Key(string_value=attribute.string_value)
    return Key(int_value=attribute.int_value)


def _entity(id: identifier_pb2.Identifier) -> Entity:
    return Entity(id.project, id.domain, id.name, id.version)
