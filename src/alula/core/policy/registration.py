"""The rules for a registration beside its graph: name and version, and a launch plan's labels and schedule."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flyteidl.admin import launch_plan_pb2
from flyteidl.core import interface_pb2, types_pb2
from google.protobuf.message import Message

from alula.core.errors import InvalidInput
from alula.core.ids import EntityId
from alula.core.policy.parameters import must_be_given
from alula.core.policy.schedule import Schedule
from alula.core.policy.schedule_rules import plan_schedule, rules_of

LABELS_MAX = 16
SETTINGS_MAX_BYTES = 128 * 1024
"""The limit on all that a run or a launch plan says beside its inputs: lists hold many of them, and clients take
20 MiB at once."""
NAME_MAX_CHARS = 511
_VERSION = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@-]+")
_LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")


def check_id(id: EntityId) -> None:
    """Raises `InvalidInput` for a name or version that nothing can be registered under."""
    if not id.name:
        raise InvalidInput("InvalidName", "a name can't be empty")
    if not id.name.isprintable():
        raise InvalidInput("InvalidName", f"the name {id.name[:60]!r} has characters that can't be printed")
    if len(id.name) > NAME_MAX_CHARS:
        raise InvalidInput("InvalidName", f"the name `{id.name[:60]}...` has more than {NAME_MAX_CHARS} characters")
    if not _VERSION.fullmatch(id.version) or len(id.version) > NAME_MAX_CHARS:
        raise InvalidInput(
            "InvalidVersion",
            f"`{id.version[:60]}` can't be a version",
            fix="use characters that need no escape in a URL, and no `/`",
        )


def check_labels(labels: Mapping[str, str]) -> None:
    """Raises `InvalidInput` for labels of a launch plan or a run that Kubernetes would not take."""
    if len(labels) > LABELS_MAX:
        raise InvalidInput("TooManyLabels", f"there may be at most {LABELS_MAX} labels, not {len(labels)}")
    for key, value in labels.items():
        prefix, separator, name = key.rpartition("/")
        fits = name and len(name) <= 63 and len(value) <= 63 and len(prefix) <= 253
        if not fits or bool(separator) != bool(prefix) or not _LABEL.fullmatch(name) or not _LABEL.fullmatch(value):
            raise InvalidInput("InvalidLabel", f"`{key}={value}` can't be a label in Kubernetes")


def check_parallelism(max_parallelism: int) -> None:
    """Raises `InvalidInput` for a number of attempts that no run can have at once."""
    if max_parallelism < 0:
        raise InvalidInput("InvalidParallelism", "`max_parallelism` can't be negative", fix="0 is for no limit")


def check_size(message: Message, what: str, most_bytes: int) -> None:
    """Raises `InvalidInput` for a part of a request that would make the lists that it stands in unreadable."""
    size = message.ByteSize()
    if size > most_bytes:
        raise InvalidInput(
            "TooLarge",
            f"{what} has {size:,} bytes, and may have {most_bytes:,}",
            fix="pass what is large as an input, or in a file",
        )


def check_settings(spec: launch_plan_pb2.LaunchPlanSpec) -> None:
    """Raises `InvalidInput` for a launch plan that says too much beside its inputs."""
    check_labels(spec.labels.values)
    check_parallelism(spec.max_parallelism)
    said = launch_plan_pb2.LaunchPlanSpec()
    said.CopyFrom(spec)
    for inputs in ("default_inputs", "fixed_inputs"):
        said.ClearField(inputs)
    check_size(said, "the settings of the launch plan", SETTINGS_MAX_BYTES)


def has_schedule(spec: launch_plan_pb2.LaunchPlanSpec) -> bool:
    """True if the launch plan is to run by the clock."""
    return spec.entity_metadata.schedule.WhichOneof("ScheduleExpression") is not None


def check_schedule(spec: launch_plan_pb2.LaunchPlanSpec, expected: interface_pb2.ParameterMap) -> Schedule | None:
    """The schedule of a launch plan, if it has one. Raises `InvalidInput` unless that and its rules can be read and
    every run by it would have all of its inputs."""
    rules_of(spec)
    if not has_schedule(spec):
        return None
    schedule = plan_schedule(spec)
    kickoff = spec.entity_metadata.schedule.kickoff_time_input_arg
    if kickoff:
        parameter = expected.parameters.get(kickoff)
        if parameter is None or parameter.var.type.simple != types_pb2.DATETIME:
            raise InvalidInput(
                "ScheduleKickoffInput",
                f"the schedule's kick-off time goes to `{kickoff}`, which is not a free input of type datetime",
            )
    unbound = sorted(
        name for name, parameter in expected.parameters.items() if must_be_given(parameter) and name != kickoff
    )
    if unbound:
        raise InvalidInput(
            "ScheduleInputs",
            f"a scheduled launch plan must bind every required input; unbound: {', '.join(unbound)}",
            fix="give them as default or fixed inputs",
        )
    return schedule
