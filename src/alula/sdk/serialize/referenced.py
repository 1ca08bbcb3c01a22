"""References in an author's code: their entities on the platform, held to the code's declarations. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from flyteidl.core.identifier_pb2 import Identifier, ResourceType
from flyteidl.core.tasks_pb2 import TaskTemplate
from flyteidl.core.workflow_pb2 import WorkflowTemplate

from alula.core.compiler import ReferencedLaunchPlan
from alula.core.compiler.entities import Interface, interface_of, launch_plan_interface
from alula.core.ids import EntityId, entity_id
from alula.core.literals.casting import can_cast, explain_type
from alula.sdk.authoring.binding import input_form, output_form
from alula.sdk.authoring.reference import Reference
from alula.sdk.mistake import mistake

_KINDS: Mapping[str, ResourceType] = {
    "task": ResourceType.TASK,
    "workflow": ResourceType.WORKFLOW,
    "launch plan": ResourceType.LAUNCH_PLAN,
}
AnyReference = Reference[..., object]


@dataclass(frozen=True, slots=True)
class Registered:
    """The platform's entities behind some references, with all that they need themselves."""

    tasks: Mapping[EntityId, TaskTemplate] = field(default_factory=dict[EntityId, TaskTemplate])
    workflows: Mapping[EntityId, tuple[WorkflowTemplate, ...]] = field(
        default_factory=dict[EntityId, tuple[WorkflowTemplate, ...]]
    )
    """Of each workflow the templates, those that it contains first, itself last."""
    launch_plans: Mapping[EntityId, ReferencedLaunchPlan] = field(default_factory=dict[EntityId, ReferencedLaunchPlan])

    def interface(self, reference: AnyReference) -> Interface:
        """The inputs and outputs of the entity behind a reference."""
        id = entity_id(identifier_of(reference))
        if reference.kind == "launch plan":
            return launch_plan_interface(self.launch_plans[id])
        template = self.tasks[id] if reference.kind == "task" else self.workflows[id][-1]
        return interface_of(template.interface)


NOTHING_REGISTERED = Registered()


def identifier_of(reference: AnyReference) -> Identifier:
    """The id that a reference names."""
    return Identifier(
        resource_type=_KINDS[reference.kind],
        project=reference.project,
        domain=reference.domain,
        name=reference.name,
        version=reference.version,
    )


def check_reference(reference: AnyReference, registered: Interface) -> None:
    """Raise `InvalidInput` code `ReferenceMismatch` with all that is declared otherwise than it is registered."""
    wrong = list(_differences(reference, registered))
    if not wrong:
        return
    declared = reference.interface
    raise mistake(
        "ReferenceMismatch",
        f"{declared.kind} `{declared.name}` is declared otherwise than `{reference.name}`, version"
        f" {reference.version}, is registered: {'; '.join(wrong)}",
        at=reference.location,
        fix=f"declare it as `def {declared.name}{_signature(registered, declared.inputs)}`",
    )


def _differences(reference: AnyReference, registered: Interface) -> Iterator[str]:
    declared = reference.interface
    for name in declared.inputs:
        _, given = input_form(declared, name)
        if name not in registered.inputs:
            yield f"it has no input `{name}`"
        elif not can_cast(given, wanted := registered.inputs[name]):
            yield f"input `{name}` is {explain_type(wanted)}, not {explain_type(given)}"
    for name in sorted(registered.required - declared.inputs.keys()):
        yield f"its input `{name}` of type {explain_type(registered.inputs[name])} is not declared"
    for name in declared.outputs:
        _, wanted = output_form(declared, name)
        if name not in registered.outputs:
            yield f"it has no output `{name}`"
        elif (given := registered.outputs[name]) is not None and not can_cast(given, wanted):
            yield f"output `{name}` is {explain_type(given)}, not {explain_type(wanted)}"
    for name in sorted(registered.outputs.keys() - declared.outputs.keys()):
        yield f"its output `{name}` is not declared"


def _signature(registered: Interface, declared: Iterable[str]) -> str:
    """The signature that fits, with the inputs in the declared order, as the platform has none."""
    known = [name for name in declared if name in registered.inputs]
    names = [*known, *sorted(registered.inputs.keys() - set(known))]
    inputs = ", ".join(f"{name}: {explain_type(registered.inputs[name])}" for name in names)
    outputs = {name: explain_type(type_) for name, type_ in sorted(registered.outputs.items()) if type_ is not None}
    if not outputs:
        return f"({inputs})"
    if list(outputs) == ["o0"]:
        return f"({inputs}) -> {outputs['o0']}"
    if list(outputs) == [f"o{index}" for index in range(len(outputs))]:
        return f"({inputs}) -> tuple[{', '.join(outputs.values())}]"
    named = ", ".join(f"{name}: {type_}" for name, type_ in outputs.items())
    return f"({inputs})` with a NamedTuple of `{named}"
