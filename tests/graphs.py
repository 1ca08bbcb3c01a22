"""Small workflows for tests, in the few words that a test needs to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flyteidl.core import (
    compiler_pb2,
    condition_pb2,
    identifier_pb2,
    interface_pb2,
    literals_pb2,
    tasks_pb2,
    types_pb2,
    workflow_pb2,
)

from alula.core.compiler.workflow import compile_workflow

INT = types_pb2.LiteralType(simple=types_pb2.INTEGER)


def list_of(item: types_pb2.LiteralType) -> types_pb2.LiteralType:
    return types_pb2.LiteralType(collection_type=item)


def optional(item: types_pb2.LiteralType) -> types_pb2.LiteralType:
    none = types_pb2.LiteralType(simple=types_pb2.NONE)
    return types_pb2.LiteralType(union_type=types_pb2.UnionType(variants=[item, none]))


def identifier(kind: identifier_pb2.ResourceType, name: str) -> identifier_pb2.Identifier:
    return identifier_pb2.Identifier(resource_type=kind, project="p", domain="d", name=name, version="v")


def interface(
    inputs: Mapping[str, types_pb2.LiteralType], outputs: Mapping[str, types_pb2.LiteralType]
) -> interface_pb2.TypedInterface:
    def variables(types: Mapping[str, types_pb2.LiteralType]) -> interface_pb2.VariableMap:
        return interface_pb2.VariableMap(
            variables={name: interface_pb2.Variable(type=kind) for name, kind in types.items()}
        )

    return interface_pb2.TypedInterface(inputs=variables(inputs), outputs=variables(outputs))


def task(
    name: str,
    *,
    inputs: Mapping[str, types_pb2.LiteralType] | None = None,
    outputs: Mapping[str, types_pb2.LiteralType] | None = None,
    retries: int = 0,
    timeout_s: int = 0,
    cache_version: str = "",
    serialize: bool = False,
) -> tasks_pb2.TaskTemplate:
    """A container task, by default from `x: int` to `o0: int`."""
    template = tasks_pb2.TaskTemplate(
        id=identifier(identifier_pb2.TASK, name),
        type="python-task",
        interface=interface({"x": INT} if inputs is None else inputs, {"o0": INT} if outputs is None else outputs),
        container=tasks_pb2.Container(image="python", args=["true"]),
    )
    template.metadata.retries.retries = retries
    template.metadata.timeout.seconds = timeout_s
    template.metadata.discoverable = bool(cache_version)
    template.metadata.discovery_version = cache_version
    template.metadata.cache_serializable = serialize
    return template


def integer(value: int) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=value)))


def integers(values: Sequence[int]) -> literals_pb2.Literal:
    return literals_pb2.Literal(
        collection=literals_pb2.LiteralCollection(literals=[integer(value) for value in values])
    )


def literal_map(**values: literals_pb2.Literal) -> bytes:
    return literals_pb2.LiteralMap(literals=values).SerializeToString(deterministic=True)


def binding(var: str, source: int | str) -> literals_pb2.Binding:
    """A constant, or `node.output`, or `.input` of the workflow."""
    data = literals_pb2.BindingData()
    if isinstance(source, int):
        data.scalar.primitive.integer = source
    else:
        data.promise.node_id, data.promise.var = source.split(".")
    return literals_pb2.Binding(var=var, binding=data)


def task_node(
    id: str, of: tasks_pb2.TaskTemplate, *, after: Sequence[str] = (), **inputs: int | str
) -> workflow_pb2.Node:
    return _task_node(id, of, inputs, after)


def _task_node(
    id: str, of: tasks_pb2.TaskTemplate, inputs: Mapping[str, int | str], after: Sequence[str] = ()
) -> workflow_pb2.Node:
    return workflow_pb2.Node(
        id=id,
        task_node=workflow_pb2.TaskNode(reference_id=of.id),
        inputs=[binding(var, source) for var, source in inputs.items()],
        upstream_node_ids=after,
    )


def sub_workflow_node(id: str, of: workflow_pb2.WorkflowTemplate, **inputs: int | str) -> workflow_pb2.Node:
    return workflow_pb2.Node(
        id=id,
        workflow_node=workflow_pb2.WorkflowNode(sub_workflow_ref=of.id),
        inputs=[binding(var, source) for var, source in inputs.items()],
    )


def map_node(
    id: str,
    of: tasks_pb2.TaskTemplate,
    *,
    concurrency: int = 0,
    min_success_ratio: float = 1.0,
    bound: Sequence[str] = (),
    run_all: bool = False,
    given: Mapping[str, int | str] | None = None,
    **inputs: int | str,
) -> workflow_pb2.Node:
    inputs = {**(given or {}), **inputs}
    item = _task_node(f"{id}-arraynode", of, inputs)
    array = workflow_pb2.ArrayNode(
        node=item,
        parallelism=concurrency,
        min_success_ratio=min_success_ratio,
        bound_inputs=bound,
        run_all_sub_nodes=run_all,
    )
    array.is_original_sub_node_interface.value = False
    return workflow_pb2.Node(
        id=id,
        array_node=array,
        inputs=[binding(var, source) for var, source in inputs.items()],
    )


def map_workflow_node(
    id: str,
    of: workflow_pb2.WorkflowTemplate | identifier_pb2.Identifier,
    *,
    concurrency: int = 0,
    min_success_ratio: float = 1.0,
    bound: Sequence[str] = (),
    run_all: bool = False,
    **inputs: int | str,
) -> workflow_pb2.Node:
    """An array over a sub-workflow, or over a launch plan, given by its id."""
    if isinstance(of, identifier_pb2.Identifier):
        item = launch_plan_node(f"{id}-item", of, **inputs)
    else:
        item = sub_workflow_node(f"{id}-item", of, **inputs)
    array = workflow_pb2.ArrayNode(
        node=item,
        parallelism=concurrency,
        min_success_ratio=min_success_ratio,
        bound_inputs=bound,
        run_all_sub_nodes=run_all,
        execution_mode=workflow_pb2.ArrayNode.FULL_STATE,
    )
    array.is_original_sub_node_interface.value = True
    return workflow_pb2.Node(id=id, array_node=array, inputs=[binding(var, source) for var, source in inputs.items()])


def workflow(
    name: str,
    nodes: Sequence[workflow_pb2.Node],
    *,
    inputs: Mapping[str, types_pb2.LiteralType] | None = None,
    outputs: Mapping[str, tuple[types_pb2.LiteralType, str]] | None = None,
    run_on_failure: bool = False,
) -> workflow_pb2.WorkflowTemplate:
    """A workflow from `x: int`; `outputs` gives each its type and its source."""
    outputs = outputs or {}
    template = workflow_pb2.WorkflowTemplate(
        id=identifier(identifier_pb2.WORKFLOW, name),
        interface=interface(
            {"x": INT} if inputs is None else inputs, {var: kind for var, (kind, _) in outputs.items()}
        ),
        nodes=nodes,
        outputs=[binding(var, source) for var, (_, source) in outputs.items()],
    )
    if run_on_failure:
        template.metadata.on_failure = workflow_pb2.WorkflowMetadata.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE
    return template


def compiled(
    template: workflow_pb2.WorkflowTemplate,
    tasks: Sequence[tasks_pb2.TaskTemplate],
    sub_workflows: Sequence[workflow_pb2.WorkflowTemplate] = (),
    launch_plans: Sequence[workflow_pb2.LaunchPlanTemplate] = (),
) -> compiler_pb2.CompiledWorkflowClosure:
    return compile_workflow(template, sub_workflows, tasks, launch_plans)


def comparison(var: str, operator: str, value: int) -> condition_pb2.BooleanExpression:
    """`var operator value`, with the operator as in `core.ComparisonExpression` (`GT`, `EQ` ...)."""
    expression = condition_pb2.BooleanExpression(comparison=condition_pb2.ComparisonExpression(operator=operator))
    compare = expression.comparison
    compare.left_value.var = var
    compare.right_value.primitive.integer = value
    return expression


def branch_node(
    id: str,
    cases: Sequence[tuple[condition_pb2.BooleanExpression, workflow_pb2.Node]],
    *,
    otherwise: workflow_pb2.Node | None = None,
    error: str = "",
    **inputs: int | str,
) -> workflow_pb2.Node:
    blocks = [workflow_pb2.IfBlock(condition=condition, then_node=node) for condition, node in cases]
    if_else = workflow_pb2.IfElseBlock(case=blocks[0], other=blocks[1:])
    if otherwise is not None:
        if_else.else_node.CopyFrom(otherwise)
    elif error:
        if_else.error.message = error
    return workflow_pb2.Node(
        id=id,
        branch_node=workflow_pb2.BranchNode(if_else=if_else),
        inputs=[binding(var, source) for var, source in inputs.items()],
    )


def approval_node(id: str, *, timeout_s: int = 0, **inputs: int | str) -> workflow_pb2.Node:
    node = workflow_pb2.Node(
        id=id,
        gate_node=workflow_pb2.GateNode(approve=workflow_pb2.ApproveCondition(signal_id=f"{id}-ok")),
        inputs=[binding(var, source) for var, source in inputs.items()],
    )
    node.metadata.timeout.seconds = timeout_s
    return node


def signal_node(id: str, kind: types_pb2.LiteralType) -> workflow_pb2.Node:
    """Its output is `o0`."""
    condition = workflow_pb2.SignalCondition(signal_id=f"{id}-value", type=kind, output_variable_name="o0")
    return workflow_pb2.Node(id=id, gate_node=workflow_pb2.GateNode(signal=condition))


def sleep_node(id: str, seconds: int) -> workflow_pb2.Node:
    node = workflow_pb2.Node(id=id)
    node.gate_node.sleep.duration.seconds = seconds
    return node


def launch_plan_node(id: str, launch_plan: identifier_pb2.Identifier, **inputs: int | str) -> workflow_pb2.Node:
    return workflow_pb2.Node(
        id=id,
        workflow_node=workflow_pb2.WorkflowNode(launchplan_ref=launch_plan),
        inputs=[binding(var, source) for var, source in inputs.items()],
    )
