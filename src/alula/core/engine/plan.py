"""The plan: a compiled workflow as the engine runs it. Immutable, shared by all executions of a version.

Nodes are numbered. The followers of each, the number of nodes that it waits for, and the source of each input are
worked out once, so that an event costs only as much as the nodes that it touches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import msgspec
from flyteidl.core import compiler_pb2, condition_pb2, execution_pb2, interface_pb2, tasks_pb2, types_pb2, workflow_pb2

from alula.core.engine.sources import Bindings, compile_bindings, has_path
from alula.core.errors import InvalidInput
from alula.core.ids import EntityId, entity_id
from alula.core.literals.casting import is_none, is_optional
from alula.core.policy.echo import Renaming, renaming_of

NodeKind: TypeAlias = Literal["task", "subworkflow", "array", "branch", "gate", "launch_plan"]
START, END = "start-node", "end-node"


class PlanTask(msgspec.Struct, frozen=True):
    """A task of the closure, with what the engine asks of it."""

    id: EntityId
    template: tasks_pb2.TaskTemplate
    echo: Renaming | None = None
    """The renaming of an echo task, which the engine runs itself."""


class ArrayRule(msgspec.Struct, frozen=True):
    """The rules for the items of an array node, and for its success."""

    item: PlanNode
    concurrency: int
    """Items at once, 0 for no limit of its own."""
    min_successes: int | None
    min_success_ratio: float
    bound_inputs: frozenset[str]
    run_all: bool
    wrap_optional: tuple[tuple[str, types_pb2.LiteralType], ...]
    """Outputs whose items must be wrapped into `Optional`, with the type of an item that is there."""
    outputs: tuple[str, ...]


class BranchRule(msgspec.Struct, frozen=True):
    """The cases of a branch, in order, and the outcome if none holds."""

    cases: tuple[tuple[condition_pb2.BooleanExpression, PlanNode], ...]
    otherwise: PlanNode | None
    error: str


class GateRule(msgspec.Struct, frozen=True):
    """The condition that opens a gate: an approval, a value, or time."""

    kind: Literal["approve", "signal", "sleep"]
    signal_id: str = ""
    type: bytes = b""
    """Serialized `core.LiteralType` of the answer."""
    output: str = ""
    """The output that the value of a signal becomes."""
    sleep_us: int = 0


class PlanNode(msgspec.Struct, frozen=True):
    """One node. `index` is its place in the plan; array items share one of index 0."""

    index: int
    id: str
    kind: NodeKind
    bindings: Bindings
    upstream: int
    """Nodes that it waits for."""
    downstream: tuple[int, ...]
    retries: int = 0
    timeout_us: int = 0
    """The limit on each attempt of a task, else on the node; 0 for none."""
    interruptible: bool | None = None
    task: PlanTask | None = None
    cacheable: bool = False
    only_runs: bool = False
    """Its inputs are for its attempts alone: they decide about no cache, and come without a look into another value."""
    node: workflow_pb2.Node | None = None
    """As in the template: overrides and cache settings."""
    graph: Plan | None = None
    array: ArrayRule | None = None
    branch: BranchRule | None = None
    gate: GateRule | None = None
    launch_plan: EntityId | None = None
    error_input: str = ""
    """The input of a failure node that takes the error."""
    own_inputs: bool = False
    """True for an item of an array that is given its own elements of the lists, not the lists and its index."""


class Plan(msgspec.Struct, frozen=True):
    """A workflow ready to run."""

    workflow: EntityId
    nodes: tuple[PlanNode, ...]
    roots: tuple[int, ...]
    outputs: Bindings
    interruptible: bool
    fail_immediately: bool
    quality_of_service: execution_pb2.QualityOfService
    failure: int | None = None
    """The node that runs when the workflow has failed: the last, which no other waits for."""


def make_plan(closure: compiler_pb2.CompiledWorkflowClosure) -> Plan:
    """The plan of a compiled workflow.

    Raises:
        InvalidInput: code `NodeKindNotSupported` for a node that this engine can't run, `BadEcho` for such a task.
    """
    return _Planner(closure).plan(closure.primary)


class _Planner:
    """Shares task and sub-workflow plans within one closure."""

    def __init__(self, closure: compiler_pb2.CompiledWorkflowClosure) -> None:
        self._launch_plans = {entity_id(plan.template.id): plan.template for plan in closure.launch_plans}
        self._tasks = {
            entity_id(task.template.id): PlanTask(
                entity_id(task.template.id), task.template, renaming_of(task.template)
            )
            for task in closure.tasks
        }
        self._workflows = {entity_id(sub.template.id): sub for sub in closure.sub_workflows}
        self._plans: dict[EntityId, Plan] = {}

    def plan(self, workflow: compiler_pb2.CompiledWorkflow) -> Plan:
        template = workflow.template
        owners = _owners(template.nodes)
        nodes = [node for node in template.nodes if node.id not in (START, END) and node.id not in owners]
        numbers = {node.id: number for number, node in enumerate(nodes)}
        numbers |= {inner: numbers[owner] for inner, owner in owners.items()}
        upstream, downstream = _neighbours(workflow.connections.upstream, numbers, len(nodes))
        planned = [
            self._node(node, number, numbers, upstream[number], downstream[number]) for number, node in enumerate(nodes)
        ]
        roots = tuple(node.index for node in planned if node.upstream == 0)
        if template.HasField("failure_node"):
            planned.append(self._failure_node(template.failure_node, len(planned), numbers))
        outputs = compile_bindings(template.outputs, numbers)
        return Plan(
            workflow=entity_id(template.id),
            nodes=tuple(planned),
            roots=roots,
            outputs=outputs,
            interruptible=template.metadata_defaults.interruptible,
            fail_immediately=template.metadata.on_failure == workflow_pb2.WorkflowMetadata.FAIL_IMMEDIATELY,
            quality_of_service=template.metadata.quality_of_service,
            failure=len(planned) - 1 if template.HasField("failure_node") else None,
        )

    def _failure_node(self, node: workflow_pb2.Node, number: int, numbers: Mapping[str, int]) -> PlanNode:
        planned = self._node(node, number, numbers, set(), set())
        inputs = self._interface_of(node).inputs.variables
        takers = (name for name in sorted(inputs) if _takes_error(inputs[name].type))
        return msgspec.structs.replace(planned, error_input=next(takers, ""))

    def _node(
        self,
        node: workflow_pb2.Node,
        number: int,
        numbers: Mapping[str, int],
        upstream: set[int],
        downstream: set[int],
    ) -> PlanNode:
        base = PlanNode(
            index=number,
            id=node.id,
            kind="task",
            bindings=compile_bindings(node.inputs, numbers),
            upstream=len(upstream),
            downstream=tuple(sorted(downstream)),
            node=node,
        )
        return self._target(node, base, numbers)

    def _target(self, node: workflow_pb2.Node, base: PlanNode, numbers: Mapping[str, int]) -> PlanNode:
        timeout_us = node.metadata.timeout.ToMicroseconds()
        match node.WhichOneof("target"):
            case "task_node":
                return _task(node, base, self._tasks[entity_id(node.task_node.reference_id)])
            case "workflow_node" if node.workflow_node.HasField("sub_workflow_ref"):
                graph = self._sub_workflow(entity_id(node.workflow_node.sub_workflow_ref))
                return msgspec.structs.replace(base, kind="subworkflow", graph=graph, timeout_us=timeout_us)
            case "workflow_node":
                launch_plan = entity_id(node.workflow_node.launchplan_ref)
                return msgspec.structs.replace(base, kind="launch_plan", launch_plan=launch_plan, timeout_us=timeout_us)
            case "gate_node":
                return _gate(node, msgspec.structs.replace(base, timeout_us=timeout_us))
            case "array_node":
                return msgspec.structs.replace(base, kind="array", array=self._array(node.array_node, base))
            case "branch_node":
                return msgspec.structs.replace(base, kind="branch", branch=self._branch(node.branch_node, numbers))
            case target:
                raise InvalidInput(
                    "NodeKindNotSupported",
                    f"node `{node.id}` is of kind `{target}`, which this engine does not run",
                    fix="register it with a client of this platform's version",
                )

    def _sub_workflow(self, workflow: EntityId) -> Plan:
        if workflow not in self._plans:
            self._plans[workflow] = self.plan(self._workflows[workflow])
        return self._plans[workflow]

    def _branch(self, branch: workflow_pb2.BranchNode, numbers: Mapping[str, int]) -> BranchRule:
        if_else = branch.if_else
        return BranchRule(
            cases=tuple(
                (case.condition, self._node(case.then_node, 0, numbers, set(), set()))
                for case in (if_else.case, *if_else.other)
            ),
            otherwise=(
                self._node(if_else.else_node, 0, numbers, set(), set()) if if_else.HasField("else_node") else None
            ),
            error=if_else.error.message,
        )

    def _array(self, array: workflow_pb2.ArrayNode, base: PlanNode) -> ArrayRule:
        inner = msgspec.structs.replace(base, index=0, bindings=(), upstream=0, downstream=(), node=array.node)
        item = self._target(array.node, inner, {})
        by_attempt = item.task is not None and item.task.echo is None  # it finds its elements by its index
        own_inputs = not by_attempt or array.data_mode == workflow_pb2.ArrayNode.INDIVIDUAL_INPUT_FILES
        outputs = self._interface_of(array.node).outputs.variables
        partial = array.HasField("min_successes") or (
            array.HasField("min_success_ratio") and array.min_success_ratio < 1
        )
        return ArrayRule(
            item=msgspec.structs.replace(item, own_inputs=own_inputs),
            concurrency=array.parallelism,
            min_successes=array.min_successes if array.HasField("min_successes") else None,
            min_success_ratio=array.min_success_ratio if array.HasField("min_success_ratio") else 1.0,
            bound_inputs=frozenset(array.bound_inputs),
            run_all=array.run_all_sub_nodes,
            wrap_optional=tuple(_items_present(outputs, array)) if partial else (),
            outputs=tuple(outputs),
        )

    def _interface_of(self, node: workflow_pb2.Node) -> interface_pb2.TypedInterface:
        match node.WhichOneof("target"):
            case "task_node":
                return self._tasks[entity_id(node.task_node.reference_id)].template.interface
            case _ if node.workflow_node.HasField("sub_workflow_ref"):
                return self._workflows[entity_id(node.workflow_node.sub_workflow_ref)].template.interface
            case _:
                return self._launch_plans[entity_id(node.workflow_node.launchplan_ref)].interface


def _task(node: workflow_pb2.Node, base: PlanNode, task: PlanTask) -> PlanNode:
    metadata, own = task.template.metadata, node.metadata
    retries = own.retries.retries if own.HasField("retries") else metadata.retries.retries
    timeout = own.timeout if own.HasField("timeout") else metadata.timeout
    interruptible: bool | None = None
    if own.HasField("interruptible"):
        interruptible = own.interruptible
    elif metadata.HasField("interruptible"):
        interruptible = metadata.interruptible
    cacheable = own.cacheable if own.HasField("cacheable") else metadata.discoverable
    return msgspec.structs.replace(
        base,
        kind="task",
        task=task,
        retries=retries,
        timeout_us=timeout.ToMicroseconds(),
        interruptible=interruptible,
        cacheable=cacheable,
        only_runs=not cacheable and task.echo is None and not any(has_path(source) for _, source in base.bindings),
    )


def _gate(node: workflow_pb2.Node, base: PlanNode) -> PlanNode:
    gate = node.gate_node
    match gate.WhichOneof("condition"):
        case "approve":
            answer = types_pb2.LiteralType(simple=types_pb2.BOOLEAN).SerializeToString()
            rule = GateRule("approve", signal_id=gate.approve.signal_id, type=answer)
        case "signal":
            answer = gate.signal.type.SerializeToString(deterministic=True)
            rule = GateRule(
                "signal", signal_id=gate.signal.signal_id, type=answer, output=gate.signal.output_variable_name
            )
        case _:
            rule = GateRule("sleep", sleep_us=gate.sleep.duration.ToMicroseconds())
    return msgspec.structs.replace(base, kind="gate", gate=rule)


def _takes_error(kind: types_pb2.LiteralType) -> bool:
    """True if a type is Flyte's ERROR, or an optional one."""
    if kind.WhichOneof("type") == "simple":
        return kind.simple == types_pb2.ERROR
    return any(_takes_error(variant) for variant in kind.union_type.variants)


def _owners(nodes: Iterable[workflow_pb2.Node]) -> dict[str, str]:
    """The nodes inside branches, which a compiled template has beside them, each with its outermost branch."""
    inside = {
        inner.id: node.id for node in nodes if node.HasField("branch_node") for inner in _inside(node.branch_node)
    }

    def outermost(owner: str) -> str:
        return outermost(inside[owner]) if owner in inside else owner

    return {inner: outermost(owner) for inner, owner in inside.items()}


def _inside(branch: workflow_pb2.BranchNode) -> Iterable[workflow_pb2.Node]:
    for case in (branch.if_else.case, *branch.if_else.other):
        yield case.then_node
    if branch.if_else.HasField("else_node"):
        yield branch.if_else.else_node


def _neighbours(
    connections: Mapping[str, compiler_pb2.ConnectionSet.IdList], numbers: Mapping[str, int], count: int
) -> tuple[list[set[int]], list[set[int]]]:
    """For each node those that it waits for, and those that wait for it. A node in a branch counts as the branch."""
    upstream: list[set[int]] = [set() for _ in range(count)]
    downstream: list[set[int]] = [set() for _ in range(count)]
    for id, before in connections.items():
        for other in before.ids:
            if id in numbers and other in numbers and numbers[id] != numbers[other]:
                upstream[numbers[id]].add(numbers[other])
                downstream[numbers[other]].add(numbers[id])
    return upstream, downstream


def _items_present(
    outputs: Mapping[str, interface_pb2.Variable], array: workflow_pb2.ArrayNode
) -> Iterable[tuple[str, types_pb2.LiteralType]]:
    """The type of a present item, for each output of an array that tolerates failures, unless that is `Optional` by
    itself. A map task declares `list[Optional[T]]`, with T the type that an item gives."""
    for name, variable in outputs.items():
        if array.is_original_sub_node_interface.value:
            if not is_optional(variable.type):
                yield name, variable.type
            continue
        variants = variable.type.collection_type.union_type.variants
        present = [variant for variant in variants if not is_none(variant)]
        if len(present) == 1:
            yield name, present[0]
