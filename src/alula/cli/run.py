"""`alula run`: a task, workflow or launch plan of a file, here or on the platform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from alula.cli.fixed_inputs import NOTHING_FIXED, FixedInputs
from alula.cli.inputs import completed, file_inputs, input_options, short_text, typed_inputs
from alula.cli.load import Runnable, declared, find, load, source_named
from alula.cli.output import print_document, print_table, standard_output_to_error
from alula.cli.run_options import Words, parse, settings_of, split
from alula.cli.values import describe
from alula.sdk.authoring.launch_plan import LaunchPlan

_ABOUT = """Run a task, workflow or launch plan that FILE declares.

    FILE is a Python file or a module's name, NAME that of the function; MODULE:NAME is one word for both.
    `alula run FILE` lists what there is, `alula run FILE NAME --help` shows the inputs.

    \b
    alula run pipeline.py train --rows 100
    alula run --remote --wait pipeline.py train --settings '{"depth": 3}'
"""


class _RunCommand(click.Command):
    """Takes the words as they are: which options there are depends on the file."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.params["words"] = list(args)
        return []


def _run(words: list[str]) -> None:
    context = click.get_current_context()
    parent = context.parent
    found = split(words)
    _, head = parse("run", found.head, parent=parent, about=_ABOUT, usage="[OPTIONS] FILE [NAME] [INPUTS]")
    if not found.file:
        raise click.UsageError("FILE is missing: name a Python file or a module", context)
    source = source_named(found.file)
    with standard_output_to_error():
        module = load(source)
    if not found.name:
        _print_declared(declared(module), found, settings_of(head).form)
        return
    entity = find(module, found.name)
    interface = entity.interface
    fixed = _fixed_inputs(entity, found.file)
    title = f"run {found.file} {found.name}"
    tail_context, tail = parse(
        title, found.tail, parent=parent, inputs=input_options(interface, fixed), about=_description(entity)
    )
    settings = settings_of(head, tail)
    from_file = file_inputs(settings.inputs_file, interface, fixed) if settings.inputs_file else {}
    inputs = completed(interface, {**from_file, **typed_inputs(tail, tail_context)})
    if settings.remote and settings.jobs:
        raise click.UsageError("--jobs is for runs here; --max-parallelism says how much of a remote run goes at once")
    if settings.builds and not settings.remote:
        raise click.UsageError("--build is for runs with --remote; those here use the packages of this process")
    if settings.strict:
        from alula.sdk.serialize.pickles import be_strict  # lazy: loads protobuf, as what follows does

        be_strict()
    if settings.remote:
        from alula.cli.run_remote import run_remote  # lazy: gRPC only where a platform is asked

        run_remote(entity, source, inputs, settings)
    else:
        from alula.cli.run_local import run_local  # lazy: the engine is not needed for a remote run

        run_local(entity, inputs, settings)


def _fixed_inputs(entity: Runnable, file: str) -> FixedInputs:
    if not isinstance(entity, LaunchPlan):
        return NOTHING_FIXED
    values = {name: short_text(value) for name, value in entity.fixed_inputs.items()}
    return FixedInputs(entity.name, values, free=f"alula run {file} {entity.workflow.interface.name}")


def _description(entity: Runnable) -> str:
    docstring = entity.interface.docstring
    title = docstring.short or f"Run {entity.interface.kind} {entity.name}."
    return f"{title}\n\n{docstring.long}"


def _print_declared(entities: Mapping[str, Runnable], words: Words, form: str) -> None:
    if form != "table":
        print_document([_declaration(name, entity) for name, entity in entities.items()], form)
        return
    if not entities:
        click.echo(f"{words.file} declares no task, workflow or launch plan", err=True)
        return
    rows = [
        [each["name"], each["kind"], ", ".join(each["inputs"]), each["description"]]
        for each in (_declaration(name, entity) for name, entity in entities.items())
    ]
    print_table(("name", "kind", "inputs", "description"), rows)
    click.echo(f"\nrun one with: alula run {words.file} NAME; its inputs: alula run {words.file} NAME --help", err=True)


def _declaration(name: str, entity: Runnable) -> dict[str, Any]:
    return {
        "name": name,
        "kind": entity.interface.kind,
        "inputs": {input: describe(hint) for input, hint in entity.interface.inputs.items()},
        "description": _description(entity).splitlines()[0],
    }


run = _RunCommand("run", callback=_run, help=_ABOUT, add_help_option=False)
