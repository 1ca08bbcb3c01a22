"""Nodes of a workflow as messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from flyteidl.core.identifier_pb2 import Identifier, ResourceType
from flyteidl.core.literals_pb2 import Binding, BindingData, RetryStrategy
from flyteidl.core.tasks_pb2 import K8sPod
from flyteidl.core.tasks_pb2 import Resources as ResourcesMessage
from flyteidl.core.types_pb2 import Error
from flyteidl.core.workflow_pb2 import (
    ApproveCondition,
    ArrayNode,
    BranchNode,
    GateNode,
    IfBlock,
    IfElseBlock,
    Node,
    NodeMetadata,
    SignalCondition,
    SleepCondition,
    TaskNode,
    TaskNodeOverrides,
    WorkflowNode,
)
from google.protobuf.duration_pb2 import Duration

from alula.core.literals.structs import struct_of
from alula.sdk.authoring.accelerators import extended_resources
from alula.sdk.authoring.binding import input_form, output_form
from alula.sdk.authoring.cache import Cache
from alula.sdk.authoring.conditional import Branch
from alula.sdk.authoring.conditions import condition_message, variables
from alula.sdk.authoring.constants import binding, nodes_of, reference
from alula.sdk.authoring.gate import Gate
from alula.sdk.authoring.launch_plan import LaunchPlan
from alula.sdk.authoring.map_task import MapTask
from alula.sdk.authoring.pod_template import PodTemplate
from alula.sdk.authoring.promise import Entity, Promise
from alula.sdk.authoring.promise import Node as GraphNode
from alula.sdk.authoring.reference import Reference
from alula.sdk.authoring.resources import Resources
from alula.sdk.authoring.task import Task
from alula.sdk.authoring.workflow import Workflow
from alula.sdk.mistake import mistake
from alula.sdk.serialize.referenced import AnyReference, identifier_of
from alula.sdk.serialize.settings import SerializationSettings
from alula.sdk.store import NO_STORE, Store

_RESOURCES = {
    "cpu": ResourcesMessage.CPU,
    "mem": ResourcesMessage.MEMORY,
    "gpu": ResourcesMessage.GPU,
    "ephemeral_storage": ResourcesMessage.EPHEMERAL_STORAGE,
}


def node_message(node: GraphNode, settings: SerializationSettings, *, store: Store = NO_STORE) -> Node:
    """One node: its target, its bindings, the nodes that it waits for and its own settings.

    Files and data frames that it is given as values go to `store`, which a workflow does not have.
    """
    entity = node.entity
    inputs: Mapping[str, object] = node.inputs
    if isinstance(entity, Branch):
        inputs = variables(condition for condition, _ in entity.cases)
    message = Node(
        id=node.id,
        metadata=_metadata(node),
        inputs=_bindings(node, inputs, store),
        upstream_node_ids=_upstream(node, inputs),
    )
    if isinstance(entity, Branch):
        message.branch_node.CopyFrom(_branch(entity, settings, store))
    elif isinstance(entity, Gate):
        message.gate_node.CopyFrom(_gate(entity))
    elif isinstance(entity, MapTask):
        array = cast("MapTask[object]", entity)
        message.array_node.CopyFrom(_array(node, array, message, settings))
    else:
        _set_target(message, node, entity, settings)
    return message


def _set_target(message: Node, node: GraphNode, entity: Entity, settings: SerializationSettings) -> None:
    """The task, workflow or launch plan that the node runs, once or for each item."""
    id = _identifier(entity, settings)
    if id.resource_type == ResourceType.TASK:
        message.task_node.CopyFrom(_task(node, id))
    elif id.resource_type == ResourceType.WORKFLOW:
        message.workflow_node.CopyFrom(WorkflowNode(sub_workflow_ref=id))
    else:
        message.workflow_node.CopyFrom(WorkflowNode(launchplan_ref=id))


def _identifier(entity: Entity, settings: SerializationSettings) -> Identifier:
    if isinstance(entity, Reference):
        return identifier_of(cast("AnyReference", entity))
    if isinstance(entity, Workflow):
        return settings.identifier(ResourceType.WORKFLOW, entity.name)
    kind = ResourceType.LAUNCH_PLAN if isinstance(entity, LaunchPlan) else ResourceType.TASK
    return settings.identifier(kind, entity.name)


def _bindings(node: GraphNode, inputs: Mapping[str, object], store: Store) -> list[Binding]:
    interface = node.entity.interface
    made: list[Binding] = []
    for name in sorted(inputs):
        value = inputs[name]
        if isinstance(value, Promise):
            data = BindingData(promise=reference(value))
        else:
            transformer, _ = input_form(interface, name)
            what = f"input `{name}` of {interface.kind} `{interface.name}`"
            data = binding(transformer, value, what=what, at=node.at, store=store)
        made.append(Binding(var=name, binding=data))
    return made


def _upstream(node: GraphNode, inputs: Mapping[str, object]) -> list[str]:
    ids = [id_ for name in sorted(inputs) for id_ in nodes_of(inputs[name])]
    return list(dict.fromkeys([*ids, *(before.id for before in node.upstream)]))


def _metadata(node: GraphNode) -> NodeMetadata:
    overrides = node.overrides
    entity = node.entity
    target = _target(entity)
    metadata = NodeMetadata(name=overrides.name or _shown_name(entity))
    retries, timeout_s, interruptible = overrides.retries, overrides.timeout_s, overrides.interruptible
    if isinstance(target, Task):
        retries = target.settings.retries if retries is None else retries
        timeout_s = target.settings.timeout_s if timeout_s is None else timeout_s
        interruptible = target.settings.interruptible if interruptible is None else interruptible
    elif isinstance(target, Gate) and timeout_s is None:
        timeout_s = target.timeout_s
    elif isinstance(target, Workflow) and interruptible is None:
        interruptible = target.settings.interruptible
    metadata.retries.CopyFrom(RetryStrategy(retries=retries or 0))
    if timeout_s:
        metadata.timeout.CopyFrom(duration(timeout_s))
    if interruptible is not None:
        metadata.interruptible = interruptible
    if overrides.cache is not None:
        _cache(metadata, overrides.cache, node)
    return metadata


def _target(entity: Entity) -> Entity:
    """The target of a map task, the workflow of a launch plan, else the entity itself."""
    if isinstance(entity, MapTask):
        entity = cast("MapTask[object]", entity).target
    return entity.workflow if isinstance(entity, LaunchPlan) else entity


def _shown_name(entity: Entity) -> str:
    if isinstance(entity, MapTask):
        return cast("MapTask[object]", entity).name
    target = _target(entity)
    return target.short_name if isinstance(target, Reference) else target.interface.name


def _cache(metadata: NodeMetadata, cache: Cache | bool, node: GraphNode) -> None:
    entity = node.entity
    target = _target(entity)
    if not isinstance(target, Task | Reference) or (isinstance(target, Reference) and target.kind != "task"):
        raise mistake("CacheNotEnabled", "only a task can be cached, not a workflow", at=node.at)
    if not isinstance(cache, Cache):
        metadata.cacheable = False
        return
    metadata.cacheable = True
    metadata.cache_version = cache.get_version(target.function)
    if cache.serialize:
        metadata.cache_serializable = True


def duration(seconds: float) -> Duration:
    """Seconds as a message."""
    whole = int(seconds)
    return Duration(seconds=whole, nanos=round((seconds - whole) * 1e9))


def _task(node: GraphNode, id: Identifier) -> TaskNode:
    overrides = TaskNodeOverrides()
    changed = node.overrides
    if changed.requests is not None or changed.limits is not None:
        overrides.resources.CopyFrom(resources_message(changed.requests, changed.limits))
    if changed.container_image is not None:
        overrides.container_image = changed.container_image
    extended = extended_resources(changed.accelerator, changed.shared_memory)
    if extended is not None:
        overrides.extended_resources.CopyFrom(extended)
    if changed.pod_template is not None:
        overrides.pod_template.CopyFrom(pod_message(changed.pod_template))
    if isinstance(_target(node.entity), Reference) and not overrides.ByteSize():
        return TaskNode(reference_id=id)  # as flytekit writes it
    return TaskNode(reference_id=id, overrides=overrides)


def _branch(branch: Branch, settings: SerializationSettings, store: Store) -> BranchNode:
    cases = [
        IfBlock(condition=condition_message(condition, at=node.at), then_node=node_message(node, settings, store=store))
        for condition, node in branch.cases
    ]
    block = IfElseBlock(case=cases[0], other=cases[1:])
    if branch.otherwise is not None:
        block.else_node.CopyFrom(node_message(branch.otherwise, settings, store=store))
    else:
        block.error.CopyFrom(Error(failed_node_id=branch.name, message=branch.error))
    return BranchNode(if_else=block)


def _gate(gate: Gate) -> GateNode:
    if gate.kind == "sleep":
        return GateNode(sleep=SleepCondition(duration=duration(gate.duration_s)))
    if gate.kind == "approve":
        return GateNode(approve=ApproveCondition(signal_id=gate.name))
    name = next(iter(gate.interface.outputs))
    _, literal_type = output_form(gate.interface, name)
    return GateNode(signal=SignalCondition(signal_id=gate.name, type=literal_type, output_variable_name=name))


def _array(node: GraphNode, entity: MapTask[object], outer: Node, settings: SerializationSettings) -> ArrayNode:
    inner = Node(id=entity.name, metadata=outer.metadata, inputs=outer.inputs)
    array = ArrayNode(bound_inputs=sorted(entity.bound), run_all_sub_nodes=entity.run_all_sub_nodes)
    array.is_original_sub_node_interface.SetInParent()
    if isinstance(entity.target, Task):
        inner.task_node.CopyFrom(_task(node, settings.identifier(ResourceType.TASK, entity.name)))
    else:
        _set_target(inner, node, entity.target, settings)
        array.is_original_sub_node_interface.value = True
        if inner.HasField("task_node"):  # its attempts know nothing of items
            array.data_mode = ArrayNode.INDIVIDUAL_INPUT_FILES
        else:
            array.execution_mode = ArrayNode.FULL_STATE
    array.node.CopyFrom(inner)
    if entity.concurrency is not None:
        array.parallelism = entity.concurrency
    if entity.min_successes is not None:
        array.min_successes = entity.min_successes
    else:
        array.min_success_ratio = entity.min_success_ratio if entity.min_success_ratio is not None else 1.0
    return array


def pod_message(pod: PodTemplate) -> K8sPod:
    """A pod template."""
    message = K8sPod(pod_spec=struct_of(pod.document()), primary_container_name=pod.primary_container_name)
    message.metadata.labels.update(pod.labels or {})
    message.metadata.annotations.update(pod.annotations or {})
    return message


def resources_message(requests: Resources | None, limits: Resources | None) -> ResourcesMessage:
    """Requests and limits."""
    return ResourcesMessage(requests=_entries(requests), limits=_entries(limits))


def _entries(resources: Resources | None) -> list[ResourcesMessage.ResourceEntry]:
    if resources is None:
        return []
    entries = [
        ResourcesMessage.ResourceEntry(name=_RESOURCES[name], value=str(value)) for name, value in resources.amounts()
    ]
    return sorted(entries, key=lambda entry: ResourcesMessage.ResourceName.Name(entry.name))
