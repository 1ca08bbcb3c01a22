"""The results that an execution takes over from an earlier one instead of computing them again.

A *recovery* is the inventory of the earlier execution (`inventory.py`), kept as an immutable object that the first
event of the new log names. Recovering takes over all that succeeded. A fork names nodes that run again, with all
that comes after them; those around them are entered, not taken over.

Records only: whether a node is taken over is decided in `taking_over.py`.
"""

from __future__ import annotations

import hashlib

import msgspec
from flyteidl.core import literals_pb2

from alula.core.engine.events import SignalSet
from alula.core.engine.plan import PlanNode
from alula.core.engine.records import CacheStatus
from alula.core.literals.hashing import hash_interface, hash_literal

Hashes = dict[str, str]
"""The hash of each input by name."""


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A node, or an item of an array, that succeeded."""

    target: str
    """The target that it ran, see `target_of`."""
    inputs: Hashes
    outputs: bytes
    deck_uri: str = ""
    cache_status: CacheStatus = CacheStatus.DISABLED
    cache_source: str = ""
    child: str = ""
    """The execution that a launch plan node started."""


class Made(msgspec.Struct, frozen=True, array_like=True):
    """The graph that a dynamic task made."""

    target: str
    inputs: Hashes
    closure_uri: str
    attempt: int
    """The attempt that gave it, which is part of the ids of its nodes."""


class Recovery(msgspec.Struct, frozen=True, array_like=True):
    """Everything by node id, items of arrays by node id and index."""

    origin: str
    """The earlier execution, as `project/domain/name`."""
    nodes: dict[str, Kept] = {}
    items: dict[str, dict[int, Kept]] = {}
    graphs: dict[str, Made] = {}
    children: dict[str, str] = {}
    """Executions of launch plan nodes that did not succeed: they are recovered in turn."""
    checkpoints: dict[str, dict[int, str]] = {}
    """The URIs of the last checkpoints of nodes (under index -1) and items that did not succeed."""
    answers: dict[str, SignalSet] = {}
    """The answers to gates, by signal."""
    again: tuple[str, ...] = ()
    """Nodes that run again whatever they gave."""
    through: tuple[str, ...] = ()
    """The nodes around those in `again`."""
    overrides: bytes = b""
    """A serialized `core.TaskNodeOverrides` for the tasks in `again` and inside them."""
    shares_as_given: bool = False
    """True if the hashes of items are made of shared inputs as given. Older versions may have hashed such an input as
    its value or as its reference, and a log that is based on that must find the same hashes again."""


def encode(recovery: Recovery) -> bytes:
    """The recovery as bytes (msgpack)."""
    return msgspec.msgpack.encode(recovery)


def decode(data: bytes) -> Recovery:
    """The recovery that `encode` made, by this version of Alula or an older one."""
    return msgspec.msgpack.decode(data, type=Recovery)


def target_of(plan: PlanNode) -> str:
    """The target of a node, whatever its version: kind, name and the types that go in and out.

    The target of a branch or a gate is its question.
    """
    if plan.task is not None:
        id = plan.task.id
        return f"task {id.project}/{id.domain}/{id.name} {hash_interface(plan.task.template.interface)}"
    if plan.graph is not None:
        outputs = " ".join(name for name, _ in plan.graph.outputs)
        return f"workflow {plan.graph.workflow.name} {outputs}"
    if plan.launch_plan is not None:
        return f"launch plan {plan.launch_plan.name}"
    if plan.array is not None:
        return f"array of {target_of(plan.array.item)}"
    if plan.gate is not None:
        return f"gate {plan.gate.kind} {plan.gate.signal_id}"
    assert plan.branch is not None, f"node {plan.id} runs nothing"
    rule = plan.branch
    cases = [(condition.SerializeToString(deterministic=True), target_of(node)) for condition, node in rule.cases]
    otherwise = target_of(rule.otherwise) if rule.otherwise is not None else rule.error
    return f"branch {hashlib.sha256(repr((cases, otherwise)).encode()).hexdigest()}"


def hashes_of(inputs: literals_pb2.LiteralMap) -> Hashes:
    return {name: hash_literal(literal) for name, literal in inputs.literals.items()}
