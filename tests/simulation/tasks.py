"""What the simulated tasks do: pure functions of the seed, the task, its inputs, and which try of a node it is.

Whether a node can succeed at all follows from task and inputs alone, as a cached result may stand in for any run.
How often it fails before it succeeds follows from the node, within what its budgets allow.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

from flyteidl.core import literals_pb2, tasks_pb2
from tests.graphs import integer

from alula.core.engine.usage import Figure, Usage
from alula.core.errors import TaskError
from alula.core.ids import AttemptId
from alula.server.executor import AttemptSpec

Value = int | None | tuple["Value", ...]
Outcome = Literal["ok", "user", "system", "final", "hang"]
POISONS: tuple[Outcome, ...] = ("final", "user")


@dataclass(frozen=True)
class Behaviour:
    """How the tasks of one seed behave. The parts are in thousandths."""

    seed: int
    poisoned: int
    """Runs that can't succeed."""
    flaky: int
    """Nodes that fail some times before they succeed."""
    hangs: bool = True
    """Whether some of those failures are attempts that never end."""


def chance(*about: object) -> int:
    """A number from 0 to 999 that always is the same for the same things, on every machine."""
    return zlib.crc32(repr(about).encode()) % 1000


def usage_of(seed: int, attempt: AttemptId) -> Usage:
    """What an attempt uses; no two are likely to use the same. Of some not all is known."""
    number = zlib.crc32(repr((seed, attempt)).encode())
    written = Figure(number >> 8, "made-up") if number % 3 else None
    return Usage(Figure(number, "made-up"), Figure(number >> 4, "made-up", "sampled", 100), written)


def value_of(literal: literals_pb2.Literal) -> Value:
    match literal.WhichOneof("value"):
        case "collection":
            return tuple(value_of(item) for item in literal.collection.literals)
        case "scalar" if literal.scalar.HasField("union"):
            return value_of(literal.scalar.union.value)
        case "scalar" if literal.scalar.HasField("primitive"):
            return literal.scalar.primitive.integer
        case _:
            return None


def arguments(spec: AttemptSpec) -> tuple[tuple[str, Value], ...]:
    """The inputs that count: of an array's item its own, of a failure node all but the error."""
    literals = literals_pb2.LiteralMap.FromString(spec.inputs).literals
    values = {name: value_of(literals[name]) for name in sorted(literals) if name != "err"}
    mapped = values.get("xs")
    if spec.id.index >= 0 and isinstance(mapped, tuple):
        values["xs"] = mapped[spec.id.index]
    return tuple(values.items())


def outputs_of(spec: AttemptSpec) -> bytes:
    """What the attempt gives when it succeeds, a serialized `core.LiteralMap`."""
    if not spec.task.interface.outputs.variables:
        return b""
    value = chance("value", spec.task.id.name, arguments(spec)) % 100
    return literals_pb2.LiteralMap(literals={"o0": integer(value)}).SerializeToString(deterministic=True)


def outcome_of(behaviour: Behaviour, spec: AttemptSpec, tried: int) -> Outcome:
    """How an attempt ends, `tried` being the earlier ones of its node that came to an end of their own."""
    metadata = spec.task.metadata
    about = (behaviour.seed, spec.task.id.name, arguments(spec))
    if chance("poison", *about) < behaviour.poisoned and spec.task.id.name != "clean0":
        return POISONS[chance("which", *about) % len(POISONS)]
    failures = _failures(behaviour, spec.id, spec.task)
    outcome = failures[tried] if tried < len(failures) else "ok"
    return "user" if outcome == "hang" and not metadata.timeout.seconds else outcome


def _failures(behaviour: Behaviour, id: AttemptId, task: tasks_pb2.TaskTemplate) -> list[Outcome]:
    """The failures of a node before it succeeds: no more than its budgets pay for, at most one of the system's."""
    about = (behaviour.seed, str(id.execution), id.node_id, id.index)
    if chance("flaky", *about) >= behaviour.flaky:
        return []
    retries = task.metadata.retries.retries
    failures: list[Outcome] = ["user"] * (chance("user", *about) % (retries + 1))
    # An equal task that waits for its result would lose the time that it may take itself.
    if failures and behaviour.hangs and not task.metadata.cache_serializable and chance("hang", *about) < 500:
        failures[0] = "hang"
    if chance("system", *about) < 400:
        failures.insert(chance("when", *about) % (len(failures) + 1), "system")
    return failures


def error_of(outcome: Outcome) -> TaskError:
    match outcome:
        case "final":
            return TaskError("USER:ValueError", "it can't work", recoverable=False)
        case "user":
            return TaskError("USER:RuntimeError", "it broke", recoverable=True)
        case _:
            return TaskError("Interrupted", "the machine went away", kind="SYSTEM", recoverable=True)
