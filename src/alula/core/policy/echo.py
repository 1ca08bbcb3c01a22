"""Tasks of type `echo`, which give their inputs back as outputs; the engine does that itself, without an attempt.

As in Flyte the first input by name becomes the first output, and so on. Outputs that are numbered (`o0` to `o10`)
count by their numbers.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from flyteidl.core import literals_pb2, tasks_pb2

from alula.core.errors import InvalidInput

TASK_TYPE = "echo"
_NUMBERED = re.compile(r"(\D*)(\d{1,9})", re.ASCII)
Renaming: TypeAlias = tuple[tuple[str, str], ...]
"""Pairs of an input and the output that it becomes."""


def renaming_of(task: tasks_pb2.TaskTemplate) -> Renaming | None:
    """The renaming that an echo task does; None for any other task.

    Raises:
        InvalidInput: code `BadEcho` where inputs and outputs don't correspond.
    """
    if task.type != TASK_TYPE:
        return None
    inputs, outputs = task.interface.inputs.variables, task.interface.outputs.variables
    if len(inputs) != len(outputs):
        raise _bad(task, f"it has {len(inputs)} inputs and {len(outputs)} outputs")
    pairs = tuple(zip(sorted(inputs), sorted(outputs, key=_place), strict=True))
    for given, made in pairs:
        if inputs[given].type != outputs[made].type:
            raise _bad(task, f"input `{given}` would become output `{made}`, which is of another type")
    return pairs


def echoed(inputs: bytes, renaming: Renaming) -> bytes:
    """The outputs for these inputs, both a serialized `core.LiteralMap`."""
    given, made = literals_pb2.LiteralMap.FromString(inputs), literals_pb2.LiteralMap()
    for before, after in renaming:
        if before in given.literals:
            made.literals[after].CopyFrom(given.literals[before])
    return made.SerializeToString(deterministic=True)


def _place(name: str) -> tuple[str, int, str]:
    numbered = _NUMBERED.fullmatch(name)
    return (numbered[1], int(numbered[2]), name) if numbered else (name, -1, name)


def _bad(task: tasks_pb2.TaskTemplate, why: str) -> InvalidInput:
    return InvalidInput(
        "BadEcho",
        f"task `{task.id.name}` of type `echo` can't give its inputs back: {why}",
        fix="give it as many outputs as inputs, of the same types in the order of their names",
    )
