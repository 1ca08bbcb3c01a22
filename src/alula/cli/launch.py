"""`alula launch`: a run of something that is registered, without its code."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any, NamedTuple

import click
from flyteidl.core import interface_pb2, types_pb2

from alula.cli.fixed_inputs import FixedInputs
from alula.cli.inputs import completed, file_inputs, input_options, short_text, text_inputs, typed_inputs
from alula.cli.launching import launch_and_show
from alula.cli.run_options import launch_options, parse, parse_known, settings_of, split
from alula.core.literals.text import literal_text
from alula.core.policy.parameters import artifact_behind
from alula.sdk.authoring.interface import REQUIRED, Found, refuse_found
from alula.sdk.client.inputs import variable_literals
from alula.sdk.client.python_types import python_type_of
from alula.sdk.client.registered import Registered, find_registered
from alula.sdk.client.upload import RemoteStore

_USAGE = "[OPTIONS] NAME[@VERSION] [INPUTS]"
_ABOUT = """Start a run of something that is registered.

    NAME is that of a launch plan, of a workflow, or of a task; without @VERSION it is the newest one.
    `alula launch NAME --help` shows its inputs.

    \b
    alula launch flows.train --rows 100
    alula launch flows.train@v3 --inputs '{"rows": 100}' --wait
"""


class RegisteredInterface(NamedTuple):
    """The inputs of something registered, as Python types. Defaults stay on the platform: their text is shown."""

    kind: str
    name: str
    inputs: dict[str, object]
    defaults: dict[str, object]
    descriptions: Mapping[str, str]

    def describe_input(self, name: str) -> str:
        return self.descriptions[name] or name


class RegisteredArtifact(Found):
    """A registered default that is an artifact."""

    def __init__(self, shown: str) -> None:
        self._shown = shown

    def __repr__(self) -> str:
        return self._shown


class _LaunchCommand(click.Command):
    """Takes the words as they are: which inputs there are is known to the platform."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.params["words"] = list(args)
        return []


def _launch(words: list[str]) -> None:
    context = click.get_current_context()
    found = split(words, launch_options(), places=1)
    _, head = parse("launch", found.head, parent=context.parent, options=launch_options(), about=_ABOUT, usage=_USAGE)
    if not found.file:
        raise click.UsageError("NAME is missing: name what is registered", context)
    name, _, version = found.file.partition("@")
    target = settings_of(parse_known(found.tail, launch_options()), head).target
    with target.connect() as connection:
        version = version or str(head.get("version") or "")
        registered = find_registered(connection, target.project, target.domain, name, version)
        interface = interface_of(registered)
        fixed = _fixed_inputs(registered)
        tail_context, tail = parse(
            f"launch {found.file}",
            found.tail,
            parent=context.parent,
            inputs=input_options(interface, fixed),
            options=launch_options(),
            about=f"Start a run of {registered.kind} {registered.id.name}, version {registered.id.version}.",
        )
        settings = settings_of(head, tail)
        given: dict[str, object] = file_inputs(settings.inputs_file, interface, fixed) if settings.inputs_file else {}
        if text := tail.get("inputs_text") or head.get("inputs_text"):
            given |= text_inputs(text, interface, fixed)
        inputs = completed(interface, {**given, **typed_inputs(tail, tail_context)})
        refuse_found({**interface.defaults, **inputs}, f"{interface.kind} `{interface.name}`")
        store = RemoteStore(connection, project=target.project, domain=target.domain)
        variables = {each: parameter.var for each, parameter in registered.inputs.parameters.items()}
        literals = variable_literals(f"`{name}`", variables, inputs, store)
        launch_and_show(connection, registered.id, literals, settings)


def interface_of(registered: Registered) -> RegisteredInterface:
    """The interface that the command line offers for a registered entity."""
    parameters = dict(sorted(registered.inputs.parameters.items()))
    return RegisteredInterface(
        kind=registered.kind,
        name=registered.id.name,
        inputs={name: _hint_of(parameter.var.type) for name, parameter in parameters.items()},
        defaults={name: _default_of(parameter) for name, parameter in parameters.items()},
        descriptions={name: parameter.var.description for name, parameter in parameters.items()},
    )


def _fixed_inputs(registered: Registered) -> FixedInputs:
    values = {name: short_text(literal_text(literal)) for name, literal in sorted(registered.fixed.items())}
    is_default = registered.workflow == registered.id.name
    return FixedInputs(registered.id.name, values, free="" if is_default else f"alula launch {registered.workflow}")


def _hint_of(kind: types_pb2.LiteralType) -> Any:  # `Any`: a type, or a form of `typing`
    if kind.WhichOneof("type") == "enum_type":
        return typing.Literal[tuple(kind.enum_type.values)]
    if kind.WhichOneof("type") == "union_type":
        return typing.Union[tuple(_hint_of(variant) for variant in kind.union_type.variants)]  # noqa: UP007
    return python_type_of(kind)


def _default_of(parameter: interface_pb2.Parameter) -> object:
    if artifact := artifact_behind(parameter):
        is_query = parameter.HasField("artifact_query")
        return RegisteredArtifact(
            f"what a query for artifact `{artifact}` finds" if is_query else f"artifact `{artifact}`"
        )
    return literal_text(parameter.default) if parameter.HasField("default") else REQUIRED


launch_ = _LaunchCommand("launch", callback=_launch, help=_ABOUT, add_help_option=False)
