"""`alula describe task|workflow|launch-plan`: inputs and outputs as registered, and what of them is pickled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import interface_pb2, types_pb2

from alula.cli.kinds import Place, entity_facts, get_entity
from alula.cli.options import Target, output_option, target_options
from alula.cli.output import print_facts, print_message, print_table
from alula.cli.values import describe
from alula.core.errors import InvalidInput
from alula.sdk.client.python_types import python_type_of
from alula.sdk.types.pickled import Pickled, pickled_in, pickled_parts


def entity_command(kind: str) -> click.Command:
    """`alula describe KIND NAME`."""

    @click.command(kind, help=f"Show a {kind.replace('-', ' ')}: its inputs and outputs, and what of them is pickled.")
    @click.argument("name")
    @click.option("--version", default="", metavar="V", help="Version to show; else the newest.")
    @output_option
    @target_options
    def command(target: Target, name: str, version: str, form: str) -> None:
        with target.connect() as connection:
            entity: Any = get_entity(connection, kind, Place(target.project, target.domain, name), version)
        if form != "table":
            print_message(entity, form)
            return
        print_facts([fact for fact in entity_facts(entity) if fact[0] != "interface"])
        print_interface(interface_of(entity))
        for task, pickled in pickled_by_steps(entity):
            click.echo(f"step `{task}` pickles {', '.join(map(_shown, pickled))}")

    return command


def interface_of(
    entity: task_pb2.Task | workflow_pb2.Workflow | launch_plan_pb2.LaunchPlan,
) -> interface_pb2.TypedInterface:
    """The inputs and outputs of what is registered; of a launch plan without those that it fixes."""
    if isinstance(entity, task_pb2.Task):
        return entity.closure.compiled_task.template.interface
    if isinstance(entity, workflow_pb2.Workflow):
        return entity.closure.compiled_workflow.primary.template.interface
    inputs = {name: each.var for name, each in entity.closure.expected_inputs.parameters.items()}
    return interface_pb2.TypedInterface(
        inputs=interface_pb2.VariableMap(variables=inputs), outputs=entity.closure.expected_outputs
    )


def pickled_by_steps(entity: object) -> Iterator[tuple[str, list[Pickled]]]:
    """The tasks of a workflow that pickle something."""
    if isinstance(entity, workflow_pb2.Workflow):
        for task in entity.closure.compiled_workflow.tasks:
            interface = task.template.interface
            if pickled := [*pickled_in(interface.inputs), *pickled_in(interface.outputs)]:
                yield task.template.id.name, pickled


def print_interface(interface: interface_pb2.TypedInterface) -> None:
    """A row for each input and output."""
    rows: list[list[str]] = []
    for kind, variables in (("input", interface.inputs), ("output", interface.outputs)):
        for name, each in sorted(variables.variables.items()):
            pickled = ", ".join(map(_shown, pickled_parts(each.type, name)))
            description = "" if each.description == name else each.description
            rows.append([kind, name, _type(each.type), pickled, description])
    if rows:
        click.echo()
        print_table(("", "name", "type", "pickled", "description"), rows)


def _type(type_: types_pb2.LiteralType) -> str:
    try:
        return describe(python_type_of(type_))
    except InvalidInput:
        return type_.WhichOneof("type") or ""


def _shown(part: Pickled) -> str:
    return f"{part.where} ({part.of})" if part.of else part.where
