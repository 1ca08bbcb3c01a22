"""Specifications compiled here, as the platform will: to find mistakes before anything is sent, and for local runs."""

from __future__ import annotations

from flyteidl.core.compiler_pb2 import CompiledWorkflowClosure
from flyteidl.core.identifier_pb2 import Identifier, ResourceType
from flyteidl.core.workflow_pb2 import LaunchPlanTemplate

from alula.core.compiler import ReferencedLaunchPlan, compile_workflow
from alula.sdk.serialize.entities import Serialized


def compiled_workflow(serialized: Serialized, name: str) -> CompiledWorkflowClosure:
    """A workflow with all that it refers to. Raises `CompileErrors`."""
    spec = serialized.workflows[name]
    tasks = [each.template for each in serialized.tasks.values()]
    return compile_workflow(spec.template, spec.sub_workflows, tasks, launch_plans_in(serialized))


def launch_plans_in(serialized: Serialized) -> list[ReferencedLaunchPlan]:
    """The launch plans that nodes may refer to."""
    return [
        ReferencedLaunchPlan(
            LaunchPlanTemplate(
                id=_id_of(serialized, name),
                interface=serialized.workflows[spec.workflow_id.name].template.interface,
                fixed_inputs=spec.fixed_inputs,
            ),
            spec.default_inputs,
        )
        for name, spec in serialized.launch_plans.items()
    ]


def _id_of(serialized: Serialized, name: str) -> Identifier:
    kind = ResourceType.LAUNCH_PLAN
    return next(each.id for each in serialized.entities if each.id.resource_type == kind and each.id.name == name)
