"""Triggers of launch plans: what starts a run, the inputs that it gets, and where chains of causes end. Pure.

A trigger is declared in `launch_conditions` of a launch plan: FlyteIDL's field for what starts it beside a schedule,
which holds any message. Ours is a `google.protobuf.Struct`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, cast

import msgspec
from flyteidl.admin import execution_pb2, launch_plan_pb2
from flyteidl.core import interface_pb2, literals_pb2, types_pb2
from google.protobuf import struct_pb2
from google.protobuf.message import DecodeError

from alula.core.errors import InvalidInput
from alula.core.ids import EntityId, ExecutionId
from alula.core.literals.casting import explain_type
from alula.core.literals.json_values import can_be_json, literal_of_json
from alula.core.literals.raw_text import NotAValue
from alula.core.literals.structs import plain_struct
from alula.core.policy.parameters import must_be_given
from alula.core.policy.registration import NAME_MAX_CHARS
from alula.core.policy.watching import OF_OBJECT, ObjectTrigger, can_be_of_object

EndPhase: TypeAlias = Literal["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"]
OF_RUN = ("run.id", "run.name", "run.phase")
"""Sources of inputs that tell of the run that has ended; all are texts."""
OF_DELIVERY = ("delivery.id",)
"""Sources of inputs that tell of the message that has arrived; all are texts."""
BODY = "body"
"""The source that is the body of that message; parts of it are named after points."""
OUTPUT = "outputs."
"""The beginning of a source that is an output of that run."""
CAUSE = "alula/trigger-cause"
"""The annotation of a run with the cause of its start, as people read it."""
CHAIN = "alula/trigger-chain"
"""The annotation of a run with the launch plans whose runs have led to it, its own at the end, in JSON."""

_END = re.compile(r"run ([^/ ]+)/([^/ ]+)/([^/ ]+) ended: [A-Z_]+")
_NOTHING: Any = object()


class RunTrigger(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="run", tag_field="kind"):
    """Starts a run when one of a workflow or launch plan ends, whichever version it is of."""

    workflow: str = ""
    launch_plan: str = ""
    project: str = ""
    """Empty for that of the launch plan that is started."""
    domain: str = ""
    phases: tuple[EndPhase, ...] = ("SUCCEEDED",)
    inputs: dict[str, str] = {}
    """The source of each input: `outputs.NAME`, or one of `OF_RUN`."""

    def watched(self, plan: EntityId) -> str:
        """The entity whose runs it waits for, in one text."""
        kind, name = ("workflow", self.workflow) if self.workflow else ("launch_plan", self.launch_plan)
        return watched(kind, self.project or plan.project, self.domain or plan.domain, name)

    def problem(self) -> str:
        """What is wrong with it; empty if nothing is."""
        if bool(self.workflow) == bool(self.launch_plan):
            return "it names either a workflow or a launch plan"
        if not self.phases:
            return "it names no phase"
        if not all(_is_name(name) for name in (self.workflow, self.launch_plan, self.project, self.domain)):
            return "it has a name that nothing can have"
        for source in self.inputs.values():
            if source.startswith(OUTPUT) and self.phases != ("SUCCEEDED",):
                return f"`{source}` is there only after a success; have it start after that alone"
            if not source.removeprefix(OUTPUT) or not (source.startswith(OUTPUT) or source in OF_RUN):
                return f"`{source[:100]}` is no source of an input; use {OUTPUT}NAME, {', '.join(OF_RUN)}"
        return ""


class WebhookTrigger(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="webhook", tag_field="kind"):
    """Starts a run when a signed message arrives over HTTP."""

    secret: str
    """The name, in the settings of the platform, of the keys with which it may be signed."""
    inputs: dict[str, str] = {}
    """The source of each input: `body`, `body.NAME` and so on, or one of `OF_DELIVERY`."""

    @property
    def reads_body(self) -> bool:
        """True if an input is made of the body."""
        return any(_is_of_body(source) for source in self.inputs.values())

    def watched(self, plan: EntityId) -> str:
        """The secret that it waits for messages with."""
        return f"webhook {self.secret}"

    def problem(self) -> str:
        """What is wrong with it; empty if nothing is."""
        if not self.secret or not _is_name(self.secret):
            return "it names no secret"
        for source in self.inputs.values():
            if not (_is_of_body(source) or source in OF_DELIVERY):
                return f"`{source[:100]}` is no source of an input; use body, body.NAME, {', '.join(OF_DELIVERY)}"
        return ""


Trigger: TypeAlias = RunTrigger | WebhookTrigger | ObjectTrigger


class Message(msgspec.Struct, frozen=True):
    """A message that has arrived over HTTP."""

    id: str
    body: Any
    """As JSON; None if no input is made of it."""


class EndedRun(msgspec.Struct, frozen=True):
    """The run whose end is a cause."""

    id: ExecutionId
    phase: str
    outputs: literals_pb2.LiteralMap


def watched(kind: Literal["workflow", "launch_plan"], project: str, domain: str, name: str) -> str:
    """A workflow or launch plan as a text by which triggers are found."""
    return f"{kind} {project}/{domain}/{name}"


def trigger_of(spec: launch_plan_pb2.LaunchPlanSpec) -> Trigger | None:
    """The trigger of a launch plan, None if it has none. Raises `InvalidInput` code `InvalidTrigger`."""
    if not spec.entity_metadata.HasField("launch_conditions"):
        return None
    declared, conditions = struct_pb2.Struct(), spec.entity_metadata.launch_conditions
    try:
        if not conditions.Unpack(declared):
            raise _mistake(f"launch conditions of type `{conditions.TypeName()[:100]}` mean nothing here")
        trigger = msgspec.convert(plain_struct(declared), Trigger)
    except (msgspec.ValidationError, DecodeError, RecursionError) as error:
        raise _mistake(f"the launch conditions are no trigger: {error}") from error
    if problem := trigger.problem():
        raise _mistake(f"the trigger can't be: {problem}")
    return trigger


def check_trigger(spec: launch_plan_pb2.LaunchPlanSpec, expected: interface_pb2.ParameterMap) -> Trigger | None:
    """The trigger of a launch plan, if it has one. Raises `InvalidInput` unless it can be read and every run by it
    would have all of its inputs."""
    trigger = trigger_of(spec)
    if trigger is None:
        return None
    parameters = expected.parameters
    for name, source in trigger.inputs.items():
        if name not in parameters:
            raise _inputs_mistake(f"it gives `{name}`, which is not a free input of the launch plan")
        type_ = parameters[name].var.type
        if source in (*OF_RUN, *OF_DELIVERY) and type_.simple != types_pb2.STRING:
            raise _inputs_mistake(f"it gives `{source}` to `{name}`, which is not of type str")
        if source in OF_OBJECT and not can_be_of_object(source, type_):
            raise _inputs_mistake(f"it gives `{source}` to `{name}` of type {explain_type(type_)}, which it is not")
        if _is_of_body(source) and not can_be_json(type_):
            raise _inputs_mistake(f"it gives `{source}` to `{name}` of type {explain_type(type_)}, which JSON has not")
    unbound = sorted(
        name for name, parameter in parameters.items() if must_be_given(parameter) and name not in trigger.inputs
    )
    if unbound:
        raise _inputs_mistake(f"it must bind every required input; unbound: {', '.join(unbound)}")
    return trigger


def inputs_after(trigger: RunTrigger, run: EndedRun) -> literals_pb2.LiteralMap:
    """The inputs of the run that is started. Raises `InvalidInput` code `TriggerInputs` for an output that is not
    there."""
    of_run = dict(zip(OF_RUN, (str(run.id), run.id.name, run.phase), strict=True))
    inputs = literals_pb2.LiteralMap()
    for name, source in sorted(trigger.inputs.items()):
        if source in of_run:
            inputs.literals[name].scalar.primitive.string_value = of_run[source]
            continue
        output = source.removeprefix(OUTPUT)
        if output not in run.outputs.literals:
            raise _inputs_mistake(f"it gives `{source}` to `{name}`, and {run.id} has no output `{output}`")
        inputs.literals[name].CopyFrom(run.outputs.literals[output])
    return inputs


def inputs_of_message(
    trigger: WebhookTrigger, message: Message, expected: interface_pb2.ParameterMap
) -> literals_pb2.LiteralMap:
    """The inputs of the run that a message starts. What it does not have is left out, for the default of the plan.
    Raises `InvalidInput` code `TriggerInputs` for a part that has not the type of its input."""
    inputs = literals_pb2.LiteralMap()
    for name, source in sorted(trigger.inputs.items()):
        value = message.id if source in OF_DELIVERY else _part(message.body, source)
        if value is _NOTHING:
            continue
        try:
            inputs.literals[name].CopyFrom(literal_of_json(value, expected.parameters[name].var.type))
        except NotAValue as error:
            raise _inputs_mistake(f"it gives `{source}` to `{name}`: {error}") from error
    return inputs


def chain_text(chain: Sequence[str]) -> str:
    """A chain as it stands in the annotation."""
    return json.dumps(list(chain))


def chain_in(annotations: Mapping[str, str]) -> tuple[str, ...]:
    """The chain that a run carries; one that a client made up and that can't be read is none."""
    try:
        return msgspec.json.decode(annotations.get(CHAIN) or "[]", type=tuple[str, ...])
    except msgspec.DecodeError:
        return ()


def trigger_cause(spec: execution_pb2.ExecutionSpec) -> str:
    """The cause for which a trigger has started a run; empty if none has. The runs that its nodes start have its
    annotations, and another mode."""
    if spec.metadata.mode != execution_pb2.ExecutionMetadata.TRIGGER:
        return ""
    return spec.annotations.values.get(CAUSE, "")


def end_text(id: ExecutionId, phase: str) -> str:
    """The end of a run as a cause."""
    return f"run {id} ended: {phase}"


def run_that_ended(cause: str) -> ExecutionId | None:
    """The run of an `end_text`; None for another kind of cause."""
    found = _END.fullmatch(cause)
    return ExecutionId(*found.groups()) if found else None


def why_stopped(chain: Sequence[str], plan: str, *, chain_max: int) -> str:
    """The reason not to start another run of a plan after those of a chain; empty if there is none."""
    shown = " -> ".join((*chain, plan))
    if plan in chain:
        return f"it would start itself again: {shown}"
    if len(chain) > chain_max:
        return f"more than {chain_max} runs have started each other: {shown}"
    return ""


def _is_name(name: str) -> bool:
    """True for an empty text, or one that can name something in lists and in every database."""
    return not name or (name.isprintable() and len(name) <= NAME_MAX_CHARS)


def _is_of_body(source: str) -> bool:
    return source == BODY or (source.startswith(f"{BODY}.") and all(source.split(".")))


# `Any`: whatever JSON holds.
def _part(value: Any, source: str) -> Any:
    """The part of a body that a source names, `_NOTHING` if there is none. Items of lists are named by their number."""
    for step in source.split(".")[1:]:
        if isinstance(value, dict):
            value = cast("dict[str, Any]", value).get(step, _NOTHING)
        elif isinstance(value, list) and step.isascii() and step.isdigit():
            value = dict(enumerate(cast("list[Any]", value))).get(int(step), _NOTHING)
        else:
            return _NOTHING
    return value


def _mistake(message: str) -> InvalidInput:
    return InvalidInput("InvalidTrigger", message, fix="declare it by a class of the SDK")


def _inputs_mistake(message: str) -> InvalidInput:
    return InvalidInput("TriggerInputs", f"the trigger can't start a run: {message}")
