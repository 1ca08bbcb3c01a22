"""Commands of installed packages: entry points of the group `alula.commands`, by the name of the command."""

from __future__ import annotations

from collections.abc import Collection

import click

from alula.core.errors import InvalidInput
from alula.sdk.plugins import Entries

_ENTRIES = Entries("alula.commands")


def installed_command(name: str) -> click.Command | None:
    """The command that a package has under a name. Raises `InvalidInput` for one that can't be used."""
    command = _ENTRIES.load(name)
    if command is None or isinstance(command, click.Command):
        return command
    raise InvalidInput(
        "PluginUnloadable",
        f"entry point `{name}` of the group `alula.commands` is a {type(command).__name__}, not a command of click",
        fix="decorate the function with `@click.command()`",
    )


def command_rows(own: Collection[str]) -> list[tuple[str, str]]:
    """Names of such commands, and where they are from. Those of Alula's `own` names can't be called."""
    return [
        (name, f"Of {' and '.join(packages)}{', hidden by the command of this name' if name in own else ''}.")
        for name, packages in _ENTRIES.packages().items()
    ]
