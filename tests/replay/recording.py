"""A recorded execution: its log as it was encoded, the compiled graphs that it needs, and what today's engine makes of
it, in words that can be kept beside it and read.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
from flyteidl.core import compiler_pb2, literals_pb2, types_pb2
from google.protobuf.json_format import MessageToDict
from tests.rows import Rows

from alula.core.engine import actions as asked
from alula.core.engine import events as facts
from alula.core.engine.plan import Plan, make_plan
from alula.core.engine.state import Execution
from alula.core.engine.step import outstanding, start, step
from alula.core.errors import TaskError
from alula.core.ids import EntityId

LOGS = Path(__file__).with_name("logs")
_MESSAGES = {
    "inputs": literals_pb2.LiteralMap,
    "outputs": literals_pb2.LiteralMap,
    "value": literals_pb2.Literal,
    "type": types_pb2.LiteralType,
}
"""What is in the fields that hold serialized messages."""

Words = dict[str, Any]
"""JSON."""


class Recording(msgspec.Struct, frozen=True):
    closure: bytes
    """Serialized `core.CompiledWorkflowClosure`."""
    graphs: dict[str, bytes]
    """The same, of what dynamic tasks gave, by URI."""
    events: list[bytes]

    def plan(self) -> Plan:
        return _plan(self.closure)

    def plans(self) -> dict[str, Plan]:
        return {uri: _plan(closure) for uri, closure in self.graphs.items()}

    def log(self) -> list[facts.Event]:
        return [facts.decode(event) for event in self.events]


def names() -> list[str]:
    return sorted(path.name.removesuffix(".log.gz") for path in LOGS.glob("*.log.gz"))


def load(name: str) -> tuple[Recording, Words]:
    """A recording and the outcome that was recorded with it."""
    packed = gzip.decompress((LOGS / f"{name}.log.gz").read_bytes())
    expected = msgspec.json.decode((LOGS / f"{name}.json").read_bytes())
    return msgspec.msgpack.decode(packed, type=Recording), expected


def save(name: str, recording: Recording) -> None:
    packed = gzip.compress(msgspec.msgpack.encode(recording), mtime=0)
    (LOGS / f"{name}.log.gz").write_bytes(packed)
    text = msgspec.json.encode(outcome(recording), order="sorted")
    (LOGS / f"{name}.json").write_bytes(msgspec.json.format(text, indent=1) + b"\n")


def outcome(recording: Recording) -> Words:
    """What the engine comes to: its end, all rows, the reasons, and what is outstanding after each event."""
    rows, left = Rows(), list[list[str]]()
    for state, changes in stepped(recording):
        rows.lay(changes)
        left.append([_words_of(action) for action in outstanding(state)])
    return {
        "phase": state.phase.name,
        "rows": {" ".join(map(str, key)): _fields(row) for key, row in rows.of.items()},
        "reasons": [f"{each.node_id} {each.attempt} {each.index} {each.code}" for each in rows.reasons],
        "published": [f"{entry.key.digest} {entry.source}" for entry in rows.published],
        "outstanding": left,
    }


def stepped(recording: Recording) -> Iterator[tuple[Execution, Any]]:
    """The state after each event, and what that event changed."""
    created, *following = recording.log()
    assert isinstance(created, facts.Created)
    state, _, changes = start(recording.plan(), created)
    state.graphs.update(recording.plans())
    yield state, changes
    for event in following:
        _, changes = step(state, event)
        yield state, changes


def _plan(closure: bytes) -> Plan:
    return make_plan(compiler_pb2.CompiledWorkflowClosure.FromString(closure))


def _words_of(action: asked.Action) -> str:
    match action:
        case asked.StartAttempt():
            item = f"[{action.index}]" if action.index >= 0 else ""
            return f"start {action.node_id}{item}/{action.attempt}"
        case asked.SetTimer():
            return f"timer {action.scope}.{action.node}/{action.attempt} {action.kind} at {action.at}"
        case asked.LookUpCache():
            return f"look up {action.scope}.{action.node} {action.key.digest}"
        case asked.LaunchChild():
            return f"launch {action.node_id} as {action.child}"
        case asked.Finish():
            return "finish"
        case _:
            raise AssertionError(f"{action!r} is never outstanding")


def _fields(row: dict[str, Any]) -> Words:
    return {name: _plain(name, value) for name, value in row.items()}


def _plain(name: str, value: Any) -> Any:
    match value:
        case bytes():
            return MessageToDict(_MESSAGES[name].FromString(value))
        case Enum():
            return value.name
        case EntityId():
            return str(value)
        case TaskError():
            return list(value)
        case _:
            return value
