"""The objects that a container needs to see: those that its inputs and its command name."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
from flyteidl.core import literals_pb2
from google.protobuf.message import DecodeError

from alula.core.errors import InvalidInput, NotFound
from alula.core.literals.parts import parts
from alula.core.literals.structs import plain_struct
from alula.core.literals.uris import uris
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec

_STEPS_MAX = 64
"""The depth to which a plain structure is searched."""


async def needed(blobs: Blobs, spec: AttemptSpec) -> AsyncIterator[str]:
    """The URIs, some maybe twice, and some of what is not there. Raises the errors of the store."""
    root = f"{blobs.uri()}/"
    if spec.previous_checkpoint_prefix:
        yield spec.previous_checkpoint_prefix
    for word in (*spec.task.container.command, *spec.task.container.args):
        for found in re.findall(rf"{re.escape(root)}[^\s'\"]+", word):
            yield found
    async for each in _of_values(blobs, root, literals_pb2.LiteralMap.FromString(spec.inputs)):
        yield each


async def _of_values(blobs: Blobs, root: str, values: literals_pb2.LiteralMap) -> AsyncIterator[str]:
    for found in uris(values):
        yield found
    for literal in values.literals.values():
        for found in _in_structures(literal, root):
            yield found
        if literal.HasField("offloaded_metadata"):
            async for found in _of_aside(blobs, root, literal.offloaded_metadata.uri):
                yield found


async def _of_aside(blobs: Blobs, root: str, uri: str) -> AsyncIterator[str]:
    """What a value names that was put aside. One that can't be read is for the task to miss."""
    try:
        value = literals_pb2.Literal.FromString(await blobs.get(uri))
    except (NotFound, InvalidInput, DecodeError):
        return
    async for found in _of_values(blobs, root, literals_pb2.LiteralMap(literals={"value": value})):
        yield found


def _in_structures(literal: literals_pb2.Literal, root: str) -> Iterator[str]:
    """Paths in the fields of data classes and the like."""
    match literal.scalar.WhichOneof("value"):
        case "generic":
            yield from _texts(plain_struct(literal.scalar.generic), root)
        case "binary":
            try:
                yield from _texts(msgspec.msgpack.decode(literal.scalar.binary.value), root)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                return
        case _:
            for part in parts(literal):
                yield from _in_structures(part, root)


# `Any`: the values of a structure.
def _texts(value: Any, root: str, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith(root):
            yield value
    elif isinstance(value, dict | list) and depth < _STEPS_MAX:
        for part in value.values() if isinstance(value, dict) else value:  # type: ignore[reportUnknownVariableType]
            yield from _texts(part, root, depth + 1)
