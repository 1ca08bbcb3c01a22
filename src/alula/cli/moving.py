"""`alula export` and `alula import`: a run as one file, to be looked at, explained and forked elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click.core import ParameterSource

from alula.cli.failures import say
from alula.cli.options import Target, target_options
from alula.core.size_text import text_of_bytes
from alula.sdk.client.moving import Progress, export_run, import_run, manifest_of

_MIB = 1 << 20


@click.command("export")
@click.argument("run")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Else RUN.alula.zip, here."
)
@click.option("--without-data", is_flag=True, help="Leave out the files and data sets that values refer to.")
@target_options
def export_(target: Target, run: str, output: Path | None, without_data: bool) -> None:
    """Write a run to a file, with its children and all that it needs: code, values, log, logs of tasks, decks, data."""
    id = target.execution(run)
    path = output or Path(f"{id.name}.alula.zip")
    with target.connect() as connection:
        export_run(connection, id, path, with_data=not without_data, progress=_shown("received"))
    manifest = manifest_of(path)
    click.echo(f"{path}: {_counted(len(manifest.runs), 'run')}, {text_of_bytes(path.stat().st_size)}")
    if manifest.left_out:
        say(f"{_counted(manifest.left_out, 'object')} left out: gone, or not to be viewed")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@target_options
def import_(target: Target, file: Path) -> None:
    """Keep the run of a file that `alula export` wrote. It is never gone on with, but can be forked and recovered.

    Without -p and -d it goes to the project and domain where it was. Nothing of the file is run.
    """
    manifest = manifest_of(file)
    project, domain, _ = manifest.runs[0].split("/")
    place = (_given("project", target.project) or project, _given("domain", target.domain) or domain)
    with target.connect() as connection:
        id, is_new = import_run(connection, file, *place, progress=_shown("sent"))
    if is_new:
        click.echo(f"{id.name}: imported {_counted(len(manifest.runs), 'run')} from {manifest.origin or 'elsewhere'}")
    else:
        click.echo(f"{id.name}: imported before, and left as it is")
    say(f"alula describe execution {id.name}{target.selector(id)}")


def _given(option: str, value: str) -> str:
    """The value of an option, if somebody has chosen it."""
    source = click.get_current_context().get_parameter_source(option)
    return "" if source is ParameterSource.DEFAULT else value


def _shown(what: str) -> Progress:
    """Progress on a terminal: a line that changes."""
    if not sys.stderr.isatty():
        return lambda _: None
    last = -1

    def show(moved: int) -> None:
        nonlocal last
        if moved // _MIB != last:
            last = moved // _MIB
            click.echo(f"\r{what} {last:,} MiB", nl=False, err=True)

    click.get_current_context().call_on_close(lambda: click.echo("\r\033[K", nl=False, err=True))
    return show


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
