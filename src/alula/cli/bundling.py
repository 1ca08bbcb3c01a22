"""Packing the code that a command was pointed at, as its options say."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from alula.core.errors import InvalidInput
from alula.sdk.client.package import Bundle, Code, code_in, imported_files, package


def bundle_of(root: Path, copy: str) -> Bundle:
    """The code folder: all of it, or (`auto`) the modules below it that are imported now.

    Raises `InvalidInput` code `CodeIncomplete` for an imported module that an ignore file leaves out.
    """
    imported = imported_files(root, list(sys.modules.values()))
    if copy == "auto":
        return package(root, code=Code(imported, []))
    code = code_in(root)
    packed = {file.resolve() for file in code.files}
    missing = [file.relative_to(root.resolve()) for file in imported if file.resolve() not in packed]
    if missing:
        raise InvalidInput(
            "CodeIncomplete",
            f"the code imports `{missing[0]}`, but an ignore file leaves it out of what is packed",
            fix=f"write `!{missing[0]}` into .flyteignore beside it, or pack imported modules only with --copy auto",
        )
    bundle = package(root, code=code)
    if bundle.warning:
        click.echo(f"warning: {bundle.warning}", err=True)
    return bundle
