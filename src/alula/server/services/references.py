"""Registered entities as the compiler sees them. Pure."""

from __future__ import annotations

from flyteidl.admin import launch_plan_pb2

from alula.core.compiler import ReferencedLaunchPlan
from alula.core.compiler.launch_plan import referenced_launch_plan
from alula.server.services.messages.names import identifier
from alula.server.store.entities import EntityRecord


def referenced_plan(record: EntityRecord) -> ReferencedLaunchPlan:
    """A registered launch plan as the compiler sees it."""
    spec = launch_plan_pb2.LaunchPlanSpec.FromString(record.spec)
    closure = launch_plan_pb2.LaunchPlanClosure.FromString(record.closure)
    return referenced_launch_plan(
        identifier("launch_plan", record.id),
        fixed=spec.fixed_inputs,
        expected=closure.expected_inputs,
        outputs=closure.expected_outputs,
    )
