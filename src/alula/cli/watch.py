"""`alula watch`: follow a run that is there already."""

from __future__ import annotations

import click

from alula.cli.follow import follow_to_end
from alula.cli.options import Target, output_option, target_options


@click.command("watch")
@click.argument("name")
@output_option
@target_options
def watch(target: Target, name: str, form: str) -> None:
    """Follow a run until it ends, then print its result.

    Leaves with 0 when it succeeded, 1 when it failed or was aborted.
    """
    id = target.execution(name)
    with target.connect() as connection:
        follow_to_end(target, connection, id, form)
