"""Workflows that differ in the ids of their nodes alone: some SDKs make ids at random, anew at each registration.

Nodes are numbered by what they do and by what they take from and give to others, never by their ids. Where two can't be
told apart so, exchanging them changes nothing, and either may come first.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any, TypeAlias

from flyteidl.core import compiler_pb2, types_pb2, workflow_pb2
from google.protobuf.message import Message

from alula.core.compiler.normalise import digest

_FIXED = frozenset(("", "start-node", "end-node"))
"""Ids that mean something themselves."""
_Value: TypeAlias = Any  # the value of a field found by reflection: protobuf says no more
_OUTPUTS = ""
"""The outputs of the workflow, among the nodes."""


def same_but_for_node_ids(
    one: compiler_pb2.CompiledWorkflowClosure, other: compiler_pb2.CompiledWorkflowClosure
) -> bool:
    """True if renaming nodes makes one workflow the other."""
    return digest(_renamed(one)) == digest(_renamed(other))


def _renamed(closure: compiler_pb2.CompiledWorkflowClosure) -> compiler_pb2.CompiledWorkflowClosure:
    renamed = compiler_pb2.CompiledWorkflowClosure()
    renamed.CopyFrom(closure)
    for workflow in (renamed.primary, *renamed.sub_workflows):
        workflow.ClearField("connections")  # they follow from the nodes
        _Graph(workflow.template).rename()
    return renamed


class _Graph:
    """The nodes of one template, and the references between them, each with its label. A node in a branch or an array
    is a part of the node round it: no other refers to it, and its id may be anything."""

    def __init__(self, template: workflow_pb2.WorkflowTemplate) -> None:
        self._template = template
        self._nodes = [*template.nodes, *([template.failure_node] if template.HasField("failure_node") else ())]
        self._ids = {node.id for node in self._nodes} - _FIXED
        self._content: dict[str, bytes] = {_OUTPUTS: b""}
        self._uses: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self._used: dict[str, set[tuple[str, str]]] = defaultdict(set)
        template.outputs.sort(key=lambda binding: binding.var)
        for node in self._nodes:
            self._add(node, b"fails" if node is template.failure_node else b"")
        for label, promise in _promises(template.outputs):
            self._refer(_OUTPUTS, label, promise.node_id)

    def rename(self) -> None:
        """Give every node the id that its place in the graph makes, in place."""
        names = self._names()
        _put(self._nodes, names)
        for _, promise in _promises(self._template.outputs):
            promise.node_id = names.get(promise.node_id, promise.node_id)

    def _add(self, node: workflow_pb2.Node, role: bytes) -> None:
        bare = workflow_pb2.Node()
        for label, one in _with_inner(node):
            one.inputs.sort(key=lambda binding: binding.var)
            for id in one.upstream_node_ids:
                self._refer(node.id, f"{label} after", id)
            if one is not node:
                self._refer(node.id, f"{label} is", one.id)
        for label, promise in _promises([node]):
            self._refer(node.id, label, promise.node_id)
        bare.CopyFrom(node)
        _put([bare], dict.fromkeys(self._ids, "*"))
        self._content[node.id] = _hash(role, bare.SerializeToString(deterministic=True))

    def _refer(self, user: str, label: str, target: str) -> None:
        if target in self._ids:
            self._uses[user].add((label, target))
            self._used[target].add((label, user))

    def _names(self) -> Mapping[str, str]:
        order = list(TopologicalSorter({id: {to for _, to in self._uses[id]} for id in self._content}).static_order())
        made = _spread(order, self._content, self._uses)
        seen = _spread(reversed(order), made, self._used)
        left = {id: len({to for _, to in self._uses[id]}) for id in order}
        numbers: dict[str, int] = {}
        ready: list[tuple[bytes, tuple[tuple[str, int], ...], str]] = [
            (seen[id], (), id) for id in order if not left[id]
        ]
        heapq.heapify(ready)
        while ready:
            *_, id = heapq.heappop(ready)
            numbers[id] = len(numbers)
            for user in {by for _, by in self._used[id]}:
                left[user] -= 1
                if not left[user]:
                    places = tuple(sorted((label, numbers[to]) for label, to in self._uses[user]))
                    heapq.heappush(ready, (seen[user], places, user))
        return {id: f"n{number}" for id, number in numbers.items() if id not in _FIXED}


def _spread(
    order: Iterable[str], own: Mapping[str, bytes], edges: Mapping[str, set[tuple[str, str]]]
) -> dict[str, bytes]:
    """Each node's hash with those of all that its edges lead to, which come before it in the order."""
    hashes: dict[str, bytes] = {}
    for id in order:
        around = sorted(label.encode() + b"\0" + hashes[to] for label, to in edges[id])
        hashes[id] = _hash(own[id], *around)
    return hashes


def _hash(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(b"%d:%s" % (len(part), part) for part in parts)).digest()


def _put(nodes: Iterable[workflow_pb2.Node], names: Mapping[str, str]) -> None:
    """Rename in place. A node inside another, which nobody names, is called by where it is."""
    for node in nodes:
        for label, one in _with_inner(node):
            one.id = names.get(one.id, one.id if one is node else label)
            upstream = sorted(names.get(id, id) for id in one.upstream_node_ids)
            del one.upstream_node_ids[:]
            one.upstream_node_ids.extend(upstream)
        for _, promise in _promises([node]):
            promise.node_id = names.get(promise.node_id, promise.node_id)


def _with_inner(node: workflow_pb2.Node) -> Iterator[tuple[str, workflow_pb2.Node]]:
    """A node and those inside it, each with where it is."""
    yield "", node
    for label, part in _parts(node):
        if isinstance(part, workflow_pb2.Node):
            yield label, part


def _promises(messages: Iterable[Message]) -> Iterator[tuple[str, types_pb2.OutputReference]]:
    for number, message in enumerate(messages):
        for label, part in _parts(message, str(number)):
            if isinstance(part, types_pb2.OutputReference):
                yield label, part


def _parts(message: Message, label: str = "") -> Iterator[tuple[str, Message]]:
    """All messages inside one, each with where it is."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        children: list[tuple[object, _Value]]
        if field.message_type.GetOptions().map_entry:
            children = [(key, value[key]) for key in sorted(value)]
        else:
            items: list[_Value] = [value] if isinstance(value, Message) else list(value)
            children = list(enumerate(items))
        for key, child in children:
            if isinstance(child, Message):
                place = f"{label}/{field.name}{key}"
                yield place, child
                yield from _parts(child, place)
