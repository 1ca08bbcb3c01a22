"""What a schedule demands of the launch plan that carries it. Pure."""

from __future__ import annotations

from flyteidl.admin import launch_plan_pb2
from flyteidl.core import interface_pb2, types_pb2

from alula.core.errors import InvalidInput


def has_schedule(spec: launch_plan_pb2.LaunchPlanSpec) -> bool:
    """Whether the launch plan is to run by the clock."""
    return spec.entity_metadata.schedule.WhichOneof("ScheduleExpression") is not None


def check_schedule(spec: launch_plan_pb2.LaunchPlanSpec, expected: interface_pb2.ParameterMap) -> None:
    """Raises `InvalidInput` unless every run by the clock would have all of its inputs."""
    if not has_schedule(spec):
        return
    kickoff = spec.entity_metadata.schedule.kickoff_time_input_arg
    if kickoff:
        parameter = expected.parameters.get(kickoff)
        if parameter is None or parameter.var.type.simple != types_pb2.DATETIME:
            raise InvalidInput(
                "ScheduleKickoffInput",
                f"the schedule's kick-off time goes to `{kickoff}`, which is not a free input of type datetime",
            )
    unbound = sorted(
        name
        for name, parameter in expected.parameters.items()
        if parameter.WhichOneof("behavior") in (None, "required") and name != kickoff
    )
    if unbound:
        raise InvalidInput(
            "ScheduleInputs",
            f"a scheduled launch plan must bind every required input; unbound: {', '.join(unbound)}",
            fix="give them as default or fixed inputs",
        )
