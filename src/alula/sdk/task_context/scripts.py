"""Scripts of tasks: values filled in, and the process that runs them."""

from __future__ import annotations

import os
import string
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import cast

from alula.sdk.task_context.context import current_context

_KEPT = 4096
"""The end of what a failed script has written on standard error, for the message."""


def filled_in(template: str, **values: Mapping[str, object]) -> str:
    """A text with `{inputs.x}` and the like filled in. Raises `ValueError` naming what is not there."""
    spaces = {name: SimpleNamespace(**dict(each)) for name, each in values.items()}
    try:
        return _Formatter().format(template, ctx=current_context(), **spaces)
    except (AttributeError, KeyError, IndexError) as error:
        have = ", ".join(f"{name}.{each}" for name, space in values.items() for each in space) or "nothing"
        raise ValueError(f"the script names something that is not there: {error}; there is {have}") from error


class _Formatter(string.Formatter):
    def format_field(self, value: object, format_spec: str) -> str:
        if isinstance(value, os.PathLike):
            return str(os.fspath(cast("os.PathLike[str]", value)))
        if isinstance(value, datetime) and not format_spec:
            return value.isoformat()
        return str(super().format_field(value, format_spec))


def run_script(script: str, shell: str) -> tuple[int, str]:
    """Run a script to its end, with its output as the task's own; gives its status and the end of its errors."""
    sys.stdout.flush()
    errors = b""
    with subprocess.Popen([shell, "-c", script], stderr=subprocess.PIPE) as process:
        assert process.stderr is not None, "it is a pipe"
        for line in process.stderr:
            errors = (errors + line)[-_KEPT:]
            sys.stderr.write(line.decode(errors="replace"))
    return process.returncode, errors.decode(errors="replace").strip()
