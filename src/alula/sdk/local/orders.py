"""The messages between a local run and its workers, as msgpack: orders there, answers back. Values are literals."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from alula.core.errors import TaskError
from alula.sdk.local.attempt import Attempt, Shown


class Setup(msgspec.Struct, frozen=True):
    """The first message to a worker."""

    run: int
    """The process of the run."""
    path: list[str]
    """Its `sys.path`."""
    work: str
    """The working directory of tasks."""
    mark: bytes
    """Stands before the label of an attempt, in a line of its own before the output of that."""


class Order(msgspec.Struct, frozen=True):
    """An attempt to run, and the name by which its task is found."""

    attempt: Attempt
    module: str
    name: str


class Absent(msgspec.Struct, frozen=True, tag=True):
    """The worker finds no task by that name."""


class Began(msgspec.Struct, frozen=True, tag=True):
    """The worker has found the task, and runs it from now on."""


class Done(msgspec.Struct, frozen=True, tag=True):
    """The outputs, a serialized `core.LiteralMap`, and the path of the deck."""

    outputs: bytes
    deck: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The error, and the exception of the author's code that it was made of."""

    error: TaskError
    shown: Shown | None


Answer: TypeAlias = Absent | Began | Done | Failed
