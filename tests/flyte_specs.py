"""Small tasks and workflows as messages, as a Flyte client would send them."""

from __future__ import annotations

from typing import Any

from flyteidl.admin import (
    execution_pb2,
    launch_plan_pb2,
    task_pb2,
    workflow_pb2,
)
from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2, tasks_pb2, types_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2

PROJECT, DOMAIN = "flytesnacks", "development"
INTEGER = types_pb2.LiteralType(simple=types_pb2.INTEGER)
STRING = types_pb2.LiteralType(simple=types_pb2.STRING)
Kind = identifier_pb2.ResourceType


def identifier(kind: Kind, name: str, version: str = "v1") -> identifier_pb2.Identifier:
    return identifier_pb2.Identifier(resource_type=kind, project=PROJECT, domain=DOMAIN, name=name, version=version)


def variables(**types: types_pb2.LiteralType) -> interface_pb2.VariableMap:
    return interface_pb2.VariableMap(variables={name: interface_pb2.Variable(type=t) for name, t in types.items()})


def integer(value: int) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=value)))


def text(value: str) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(string_value=value)))


def literal_map(**literals: literals_pb2.Literal) -> literals_pb2.LiteralMap:
    return literals_pb2.LiteralMap(literals=literals)


def task(
    name: str,
    *,
    version: str = "v1",
    output: types_pb2.LiteralType = INTEGER,
    command: tuple[str, ...] = ("true",),
    outputs: bool = True,
) -> task_pb2.TaskCreateRequest:
    """A container task `x: int -> o0`."""
    template = tasks_pb2.TaskTemplate(
        id=identifier(identifier_pb2.TASK, name, version),
        type="raw-container",
        metadata=tasks_pb2.TaskMetadata(retries={"retries": 0}),
        interface=interface_pb2.TypedInterface(
            inputs=variables(x=INTEGER), outputs=variables(o0=output) if outputs else variables()
        ),
        container=tasks_pb2.Container(image="python:3.11", args=list(command)),
    )
    return task_pb2.TaskCreateRequest(id=template.id, spec=task_pb2.TaskSpec(template=template))


def workflow(
    name: str, task_name: str, *, version: str = "v1", node_id: str = "n0", outputs: bool = True
) -> workflow_pb2.WorkflowCreateRequest:
    """A workflow `x: int -> o0` of one node that runs a task of that shape."""
    id = identifier(identifier_pb2.WORKFLOW, name, version)
    node = core_workflow_pb2.Node(
        id=node_id,
        task_node={"reference_id": identifier(identifier_pb2.TASK, task_name, version)},
        inputs=[promise("x", "", "x")],
    )
    template = core_workflow_pb2.WorkflowTemplate(
        id=id,
        interface=interface_pb2.TypedInterface(
            inputs=variables(x=INTEGER), outputs=variables(o0=INTEGER) if outputs else variables()
        ),
        nodes=[node],
        outputs=[promise("o0", node_id, "o0")] if outputs else [],
    )
    return workflow_pb2.WorkflowCreateRequest(id=id, spec=workflow_pb2.WorkflowSpec(template=template))


def launch_plan(
    name: str,
    workflow_name: str,
    *,
    version: str = "v1",
    defaults: literals_pb2.LiteralMap | None = None,
    fixed: literals_pb2.LiteralMap | None = None,
) -> launch_plan_pb2.LaunchPlanCreateRequest:
    parameters = {
        key: interface_pb2.Parameter(var=interface_pb2.Variable(type=INTEGER), default=value)
        for key, value in (defaults.literals.items() if defaults else ())
    }
    spec = launch_plan_pb2.LaunchPlanSpec(
        workflow_id=identifier(identifier_pb2.WORKFLOW, workflow_name, version),
        default_inputs=interface_pb2.ParameterMap(parameters=parameters),
        fixed_inputs=fixed,
    )
    return launch_plan_pb2.LaunchPlanCreateRequest(id=identifier(identifier_pb2.LAUNCH_PLAN, name, version), spec=spec)


def execution(
    name: str,
    target: identifier_pb2.Identifier,
    inputs: literals_pb2.LiteralMap | None = None,
    **spec: Any,
) -> execution_pb2.ExecutionCreateRequest:
    return execution_pb2.ExecutionCreateRequest(
        project=PROJECT,
        domain=DOMAIN,
        name=name,
        inputs=inputs or literals_pb2.LiteralMap(),
        spec=execution_pb2.ExecutionSpec(launch_plan=target, **spec),
    )


def promise(var: str, node_id: str, output: str) -> literals_pb2.Binding:
    return literals_pb2.Binding(
        var=var,
        binding=literals_pb2.BindingData(promise=types_pb2.OutputReference(node_id=node_id, var=output)),
    )
