"""Specifications compiled here, as the platform will: to find mistakes before anything is sent, and for local runs."""

from __future__ import annotations

from flyteidl.admin.launch_plan_pb2 import LaunchPlanSpec
from flyteidl.core.compiler_pb2 import CompiledWorkflowClosure
from flyteidl.core.identifier_pb2 import Identifier, ResourceType
from flyteidl.core.interface_pb2 import TypedInterface
from flyteidl.core.workflow_pb2 import LaunchPlanTemplate

from alula.core.compiler import ReferencedLaunchPlan, compile_workflow
from alula.core.ids import entity_id
from alula.sdk.serialize.entities import Serialized


def compiled_workflow(serialized: Serialized, name: str) -> CompiledWorkflowClosure:
    """A workflow with all that it refers to. Raises `CompileErrors`."""
    spec = serialized.workflows[name]
    tasks = [*(each.template for each in serialized.tasks.values()), *serialized.registered.tasks.values()]
    plans = [*launch_plans_in(serialized), *serialized.registered.launch_plans.values()]
    return compile_workflow(spec.template, spec.sub_workflows, tasks, plans)


def interface_behind(serialized: Serialized, plan: LaunchPlanSpec) -> TypedInterface:
    """The interface of the workflow of a launch plan."""
    id = entity_id(plan.workflow_id)
    known = serialized.registered.workflows.get(id)
    return (known[-1] if known else serialized.workflows[id.name].template).interface


def launch_plans_in(serialized: Serialized) -> list[ReferencedLaunchPlan]:
    """The launch plans that nodes may refer to."""
    return [
        ReferencedLaunchPlan(
            LaunchPlanTemplate(
                id=_id_of(serialized, name),
                interface=interface_behind(serialized, spec),
                fixed_inputs=spec.fixed_inputs,
            ),
            spec.default_inputs,
        )
        for name, spec in serialized.launch_plans.items()
    ]


def _id_of(serialized: Serialized, name: str) -> Identifier:
    kind = ResourceType.LAUNCH_PLAN
    return next(each.id for each in serialized.entities if each.id.resource_type == kind and each.id.name == name)
