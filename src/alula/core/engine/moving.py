"""Logs, rows and inventories of an execution whose objects are moved, or that itself is moved to another place.

The log of a moved execution folds to the same state, with other URIs: the hashes by which an inventory knows its values
are moved with these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec
from flyteidl.core import literals_pb2

from alula.core.engine import recovery
from alula.core.engine.events import ChildEnded, Created, Event
from alula.core.engine.recovery import Recovery
from alula.core.literals.moving import Moving

_LITERAL_MAPS = frozenset(("inputs", "outputs", "user_inputs"))
"""Fields with a serialized `core.LiteralMap`."""
_LITERALS = frozenset(("value",))
"""Fields with a serialized `core.Literal`."""

Record = TypeVar("Record", bound=msgspec.Struct)


def moved(record: Record, moving: Moving) -> Record:
    """The event, row or other record of an execution, with its URIs moved."""
    changed = {}
    for name in record.__struct_fields__:
        before = getattr(record, name)
        after = _moved(name, before, moving)
        if after is not before:
            changed[name] = after
    return msgspec.structs.replace(record, **changed) if changed else record


def moved_event(event: Event, moving: Moving, execution: str, children: Mapping[str, str]) -> Event:
    """An event of an execution that is called `execution` there, with children that may have other names there."""
    event = moved(event, moving)
    if isinstance(event, Created) and event.execution != execution:
        return msgspec.structs.replace(event, execution=execution)
    if isinstance(event, ChildEnded) and event.child in children:
        return msgspec.structs.replace(event, child=children[event.child])
    return event


def moved_recovery(data: bytes, moving: Moving, children: Mapping[str, str]) -> bytes:
    """A serialized `Recovery`. Its values are known by their hashes, so those of all others have to be moved before."""
    found = moved(recovery.decode(data), moving)
    nodes = {id: _kept(node, moving, children) for id, node in found.nodes.items()}
    items = {id: {i: _kept(item, moving, children) for i, item in each.items()} for id, each in found.items.items()}
    graphs = {
        id: msgspec.structs.replace(made, inputs=_hashes(made.inputs, moving)) for id, made in found.graphs.items()
    }
    recovered = {id: children.get(child, child) for id, child in found.children.items()}
    return recovery.encode(msgspec.structs.replace(found, nodes=nodes, items=items, graphs=graphs, children=recovered))


def recovery_uris(found: Recovery) -> list[str]:
    """The graphs that an inventory names."""
    return [made.closure_uri for made in found.graphs.values()]


def _kept(kept: recovery.Kept, moving: Moving, children: Mapping[str, str]) -> recovery.Kept:
    child = children.get(kept.child, kept.child)
    return msgspec.structs.replace(kept, inputs=_hashes(kept.inputs, moving), child=child)


def _hashes(hashes: recovery.Hashes, moving: Moving) -> recovery.Hashes:
    return {name: moving.hashes.get(each, each) for name, each in hashes.items()}


# `Any`: whatever a field of a record holds.
def _moved(name: str, value: Any, moving: Moving) -> Any:
    """The value of a field; the same object if nothing in it is moved."""
    if isinstance(value, str):
        after = moving.text(value)
        return value if after == value else after
    if isinstance(value, bytes):
        return _moved_bytes(name, value, moving)
    if isinstance(value, msgspec.Struct):
        return moved(value, moving)
    if isinstance(value, dict):
        entries = cast("dict[Any, Any]", value)
        after = {key: _moved(name, entry, moving) for key, entry in entries.items()}
        return after if any(after[key] is not entries[key] for key in entries) else entries
    if isinstance(value, list | tuple):
        items = cast("tuple[Any, ...]", value)
        parts = [_moved(name, item, moving) for item in items]
        if all(after is before for after, before in zip(parts, items, strict=True)):
            return items
        made: Any = type(items)
        return made(*parts) if hasattr(made, "_fields") else made(parts)
    return value


def _moved_bytes(name: str, value: bytes, moving: Moving) -> bytes:
    if name in _LITERAL_MAPS:
        return moving.serialized(value, literals_pb2.LiteralMap)
    if name in _LITERALS:
        return moving.serialized(value, literals_pb2.Literal)
    return value
