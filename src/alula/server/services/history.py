"""The history of an execution: its log, and the objects and the plan that the log needs to be folded.

The log names large things only, the graphs of dynamic tasks and what an execution took over; they are read here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import ParamSpec, TypeVar

import msgspec
from flyteidl.core import compiler_pb2, literals_pb2

from alula.core.engine import recovery
from alula.core.engine.events import Created, Event, GraphReturned, ValueLoaded, decode
from alula.core.engine.plan import Plan, make_plan
from alula.core.errors import FailedPrecondition, NotFound, ResourceExhausted, Unavailable
from alula.core.ids import EntityId, ExecutionId
from alula.server.blob import Blobs
from alula.server.services.values import load
from alula.server.store import Store

IN_THREAD_BYTES = 256 * 1024
"""Workflows from this size are planned in a thread, so that nobody waits for that."""
TRIES = 4
P = ParamSpec("P")
T = TypeVar("T")


class Named(msgspec.Struct, frozen=True):
    """The objects that a log names."""

    graphs: dict[str, Plan]
    """By URI."""
    recovery: recovery.Recovery | None
    loaded: dict[str, literals_pb2.Literal]
    """Values that nodes looked into, by URI."""


async def read_plan(store: Store, workflow: EntityId) -> Plan:
    """The plan of a registered workflow. Raises `NotFound`, and `InvalidInput` for one that can't be run."""
    entity = await store.entities.get("workflow", workflow)
    if entity is None:
        raise NotFound("WorkflowNotFound", f"there is no workflow {workflow}")
    if len(entity.closure) < IN_THREAD_BYTES:
        return _plan(entity.closure)
    return await asyncio.to_thread(_plan, entity.closure)


def decode_log(records: Sequence[bytes], next_seq: int) -> list[Event]:
    """All events of an execution. Raises `FailedPrecondition` where one is missing, or of another version."""
    if len(records) != next_seq:
        raise FailedPrecondition("LogIncomplete", f"{len(records)} of {next_seq} events of the log are there")
    try:
        return [decode(record) for record in records]
    except msgspec.MsgspecError as error:
        raise FailedPrecondition("LogNotReadable", f"the log has an event that can't be read: {error}") from error


async def read_named(execution: ExecutionId, log: Iterable[Event], blobs: Blobs) -> Named:
    """The objects that a log names. Raises `NotFound` when one is gone."""
    taken: recovery.Recovery | None = None
    uris: dict[str, None] = {}
    loaded: dict[str, literals_pb2.Literal] = {}
    for event in log:
        if isinstance(event, GraphReturned):
            uris[event.closure_uri] = None
        elif isinstance(event, ValueLoaded) and event.error is None and event.uri not in loaded:
            loaded[event.uri] = await _tried(load, blobs, execution, event.uri)
        elif isinstance(event, Created) and event.recovery_uri:
            taken = recovery.decode(await _tried(blobs.get, event.recovery_uri))
            uris.update(dict.fromkeys(made.closure_uri for made in taken.graphs.values()))
    graphs = {uri: await asyncio.to_thread(_plan, await _tried(blobs.get, uri)) for uri in uris}
    return Named(graphs, taken, loaded)


async def _tried(read: Callable[P, Awaitable[T]], *args: P.args, **named: P.kwargs) -> T:
    """A few times: a store of objects that fails now and then must not have a long log read from its beginning."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(Unavailable, ResourceExhausted):
            return await read(*args, **named)
    return await read(*args, **named)


def _plan(closure: bytes) -> Plan:
    return make_plan(compiler_pb2.CompiledWorkflowClosure.FromString(closure))
