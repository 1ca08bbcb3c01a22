"""Values that were put aside: writing them, and putting them back where somebody needs them whole."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from flyteidl.core import literals_pb2
from google.protobuf.message import DecodeError

from alula.core.errors import AlreadyExists, InvalidInput, NotFound
from alula.core.ids import ExecutionId
from alula.core.literals.offloading import Aside, OffloadRule, is_offloaded, lightened
from alula.core.literals.parts import parts
from alula.core.literals.soundness import unsound
from alula.server.beside import done_beside
from alula.server.blob import Blobs
from alula.server.services import layout
from alula.server.services.platform import Platform

SHOWN_MAX_BYTES = 1_800_000
"""The limit of inputs, and of outputs, that are shown whole: both fit into the 4 MiB that a gRPC client takes by
default."""


def offload_rule(platform: Platform, project: str, domain: str) -> OffloadRule | None:
    """The rule by which values of executions of this project and domain are put aside; None if all stay."""
    if not platform.inline_max_bytes:
        return None
    return OffloadRule(layout.values_prefix(platform.blobs, project, domain), platform.inline_max_bytes)


async def keep(blobs: Blobs, asides: Iterable[Aside]) -> None:
    """Write the objects that references refer to. Their names are digests, so one with other content is damaged: it is
    written anew."""
    for aside in asides:
        try:
            await blobs.put(aside.uri, aside.data)
        except AlreadyExists:
            await blobs.delete(aside.uri)
            await blobs.put(aside.uri, aside.data)


async def lighten(blobs: Blobs, literals: bytes, rule: OffloadRule | None) -> bytes:
    """A serialized `core.LiteralMap` whose large values are kept as objects of their own."""
    lighter, asides = await done_beside(len(literals), lightened, literals, rule)
    await keep(blobs, asides)
    return lighter


async def load(blobs: Blobs, execution: ExecutionId, uri: str) -> literals_pb2.Literal:
    """A value that an execution refers to. Raises `NotFound` for one that is gone, or not of its project and domain:
    with a reference of one's own making nothing can be read that belongs to others."""
    if not uri.startswith(layout.own_prefixes(blobs, execution)):
        raise NotFound("ValueNotFound", f"the value {uri} is not of {execution.project}/{execution.domain}")
    try:
        data = await blobs.get(uri)
        value = await done_beside(len(data), literals_pb2.Literal.FromString, data)
    except NotFound as gone:
        raise NotFound("ValueNotFound", f"the value {uri} is gone", fix="run what made it again") from gone
    except (InvalidInput, DecodeError) as error:
        raise NotFound("ValueNotFound", f"{uri} is no value: {error}") from error
    if (reason := await done_beside(len(data), unsound, value)) is not None:
        raise NotFound("ValueNotFound", f"{uri} is no value: {reason}")
    return value


async def shown(blobs: Blobs, execution: ExecutionId, literals: bytes) -> literals_pb2.LiteralMap:
    """Inputs or outputs of a run for its readers: whole, but for values that do not fit into an answer or are gone."""
    left = SHOWN_MAX_BYTES - len(literals)

    def fits(reference: literals_pb2.LiteralOffloadedMetadata) -> bool:
        nonlocal left
        does_fit = reference.size_bytes <= left
        left -= reference.size_bytes if does_fit else 0
        return does_fit

    return await _whole(blobs, execution, literals, fits)


def has_references(literals: bytes) -> bool:
    """True if any of these values, or of the values inside them, was put aside."""
    return bool(_references(list(literals_pb2.LiteralMap.FromString(literals).literals.values())))


async def whole(blobs: Blobs, execution: ExecutionId, literals: bytes) -> bytes:
    """Inputs for a task that can't read references."""
    message = await _whole(blobs, execution, literals, lambda _: True)
    return await asyncio.to_thread(message.SerializeToString)


async def _whole(
    blobs: Blobs,
    execution: ExecutionId,
    data: bytes,
    wanted: Callable[[literals_pb2.LiteralOffloadedMetadata], bool],
) -> literals_pb2.LiteralMap:
    """The literals with wanted values in place of their references. A value that can't be had stays a reference."""
    literals = await done_beside(len(data), literals_pb2.LiteralMap.FromString, data)
    waiting = await done_beside(len(data), _references, list(literals.literals.values()))
    while waiting:
        literal = waiting.pop()
        reference = literal.offloaded_metadata
        if wanted(reference):
            with contextlib.suppress(NotFound):
                value = await _load_announced(blobs, execution, reference)
                waiting += await done_beside(reference.size_bytes, _put_back, literal, value)
    return literals


def _references(literals: list[literals_pb2.Literal]) -> list[literals_pb2.Literal]:
    """Those among these values and the values inside them that are put aside. Their order is that of their URIs: maps
    have another one in each process."""
    found: list[literals_pb2.Literal] = []
    waiting = list(literals)
    while waiting:
        literal = waiting.pop()
        if is_offloaded(literal):
            found.append(literal)
        else:
            waiting.extend(parts(literal))
    return sorted(found, key=lambda literal: literal.offloaded_metadata.uri)


def _put_back(place: literals_pb2.Literal, value: literals_pb2.Literal) -> list[literals_pb2.Literal]:
    """Put a value in the place of its reference. Gives the references that are in it."""
    place.CopyFrom(value)
    return _references([place])


async def _load_announced(
    blobs: Blobs, execution: ExecutionId, reference: literals_pb2.LiteralOffloadedMetadata
) -> literals_pb2.Literal:
    """Load a value by its reference. A task may have made that: a value larger than it says is not read. Raises
    `NotFound`."""
    size = None
    if reference.uri.startswith(layout.own_prefixes(blobs, execution)):
        with contextlib.suppress(InvalidInput):
            size = await blobs.size(reference.uri)
    if size is not None and size > reference.size_bytes:
        raise NotFound("ValueNotFound", f"the value {reference.uri} has {size:,} bytes, not {reference.size_bytes:,}")
    return await load(blobs, execution, reference.uri)
