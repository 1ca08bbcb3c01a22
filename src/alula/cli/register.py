"""`alula register`: everything that files, folders and packages declare, in one version."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from alula.cli.bundling import bundle_of
from alula.cli.failures import say
from alula.cli.load import Source, load, source_named, source_of
from alula.cli.options import Target, output_option, target_options
from alula.cli.output import print_document, print_table, standard_output_to_error, to_document
from alula.core.errors import InvalidInput
from alula.sdk.client.package import code_in
from alula.sdk.client.register import Plan, prepare
from alula.sdk.client.register import register as register_plan
from alula.sdk.serialize.discovery import discover
from alula.sdk.serialize.pickles import be_strict

_KIND_WORDS = {1: "task", 2: "workflow", 3: "launch-plan"}


@click.command("register")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--dry-run", is_flag=True, help="Check and show what would be registered; send nothing.")
@click.option("--activate-launch-plans", is_flag=True, help="Make this version of every launch plan the active one.")
@click.option("--version", default="", metavar="V", help="Version to register as; else made from the content.")
@click.option(
    "--copy", type=click.Choice(["all", "auto"]), default="all", help="Pack the whole code folder or what is imported."
)
@click.option("--strict", is_flag=True, help="Refuse what is pickled.  [env: ALULA_STRICT]")
@output_option
@target_options
def register(
    target: Target,
    paths: Sequence[str],
    version: str,
    copy: str,
    form: str,
    *,
    dry_run: bool,
    activate_launch_plans: bool,
    strict: bool,
) -> None:
    """Register tasks, workflows and launch plans of Python files, folders and modules.

    Nothing is registered unless everything imports and compiles. What has not changed since it was registered
    is left as it is.

    json and yaml: {"entities": [{"id": ...}]}
    """
    if strict:
        be_strict()
    sources = [source for path in paths for source in _sources(path)]
    root = _one_root(sources)
    with standard_output_to_error():
        modules = [load(source) for source in sources]
    entities = discover(*dict.fromkeys(modules)).all()
    if not entities:
        raise InvalidInput("NothingDeclared", f"no task, workflow or launch plan is declared in {', '.join(paths)}")
    plan = prepare(
        entities,
        bundle_of(root, copy),
        look_up=target.look_up,
        project=target.project,
        domain=target.domain,
        version=version,
    )
    if dry_run:
        _print_plan(plan, form, note="would be registered")
        return
    with target.connect() as connection:
        registration = register_plan(connection, plan, activate_launch_plans=activate_launch_plans, say=say)
    if registration.warning:
        say(f"warning: {registration.warning}")
    if registration.created:
        _print_plan(plan, form, note=f"{registration.created} new")
    else:
        _print_plan(plan, form, note="nothing changed")


def _sources(path: str) -> list[Source]:
    """The modules of a file, a folder or a name. Of a folder, every Python file that would be packed."""
    folder = Path(path)
    if not folder.is_dir():
        return [source_named(path)]
    files = [file for file in code_in(folder.resolve()).files if file.suffix == ".py"]
    if not files:
        raise InvalidInput("NothingDeclared", f"the folder `{path}` has no Python files")
    return [_source_in(file, folder.resolve()) for file in files]


def _source_in(file: Path, folder: Path) -> Source:
    """A module of a folder: of its package, else named by its place below the folder."""
    source = source_of(file)
    if source.root in (folder, *folder.parents):
        return source
    return Source(folder, ".".join(file.relative_to(folder).with_suffix("").parts))


def _one_root(sources: Sequence[Source]) -> Path:
    roots = sorted({source.root for source in sources})
    if len(roots) > 1:
        raise InvalidInput(
            "SeveralRoots",
            f"the code lies in several folders: {', '.join(str(root) for root in roots)}",
            fix="register them one after the other, or make one package of them",
        )
    return roots[0]


def _print_plan(plan: Plan, form: str, *, note: str) -> None:
    entities = plan.serialized.entities
    if form != "table":
        print_document({"entities": [{"id": to_document(each.id)} for each in entities]}, form)
        return
    rows = [[_KIND_WORDS[each.id.resource_type], each.id.name, each.id.version] for each in entities]
    print_table(("kind", "name", "version"), rows)
    say(f"{len(entities)} entities, {note}")
