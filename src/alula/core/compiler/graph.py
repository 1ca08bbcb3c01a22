"""The edges of one workflow, by which nodes wait for others: its order, its cycles and its connection sets.

Knows node ids only, nothing of kinds or types. Everything here is linear in nodes and edges.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from flyteidl.core import compiler_pb2

from alula.core.compiler.errors import Code, Findings

START, END = "start-node", "end-node"


class Graph:
    """Nodes in template order, each with the nodes that it waits for.

    Nodes inside a branch have that as their `owner`. They wait for nodes of the workflow's own graph; only the branch
    waits for them.
    """

    def __init__(self) -> None:
        self.upstream: dict[str, dict[str, None]] = {}
        """The nodes that each node waits for; dictionaries as ordered sets."""
        self.owner: dict[str, str] = {}
        """The branch of each node that is inside one."""
        self._apart: dict[str, list[str]] = {}
        """The failure node: it waits for others, no other waits for it, and it is not in the order."""

    def add_node(self, node_id: str, *, owner: str = "") -> None:
        self.upstream[node_id] = {}
        if owner:
            self.owner[node_id] = owner

    def add_edge(self, before: str, after: str) -> None:
        self.upstream[after][before] = None

    def add_apart(self, node_id: str, upstream: Iterable[str]) -> None:
        self._apart[node_id] = sorted({*upstream})

    def top(self, node_id: str) -> str:
        """The node of the workflow's own graph that `node_id` is, or is inside of."""
        while node_id in self.owner:
            node_id = self.owner[node_id]
        return node_id

    def order(self, findings: Findings) -> list[str]:
        """All top-level nodes, each after what it, or what is inside it, waits for. Reports cycles.

        Nodes that can't be ordered come last, so that their own errors are found too.
        """
        waits = self._waits()
        downstream = _inverted(waits)
        unmet = {node: len(befores) for node, befores in waits.items()}
        ready = deque(node for node, count in unmet.items() if count == 0)
        ordered: list[str] = []
        while ready:
            node = ready.popleft()
            ordered.append(node)
            for after in downstream[node]:
                unmet[after] -= 1
                if unmet[after] == 0:
                    ready.append(after)
        if len(ordered) < len(waits):
            done = frozenset(ordered)
            stuck = {node: befores - done for node, befores in waits.items() if node not in done}
            _report_cycles(stuck, findings)
            ordered.extend(stuck)
        return ordered

    def connections(self) -> compiler_pb2.ConnectionSet:
        """Edges both ways as Flyte has them, ids sorted.

        Loose ends of the workflow's own graph are tied to the start and end nodes. A node inside a branch is tied only
        to those that it waits for, and is no loose end.
        """
        upstream = {node: sorted(befores) for node, befores in self._waits_inside().items()}
        downstream: dict[str, list[str]] = {}
        for node, befores in self.upstream.items():
            if node not in self.owner:
                upstream[node] = sorted(befores) if befores or node == END else [START]
                for before in upstream[node]:
                    downstream.setdefault(before, []).append(node)
        for node in self.upstream:
            if node not in downstream and node not in self.owner and node != END:
                downstream[node] = [END]
                upstream[END].append(node)
        connections = compiler_pb2.ConnectionSet()
        _fill(connections.upstream, {**upstream, **self._apart})
        _fill(connections.downstream, downstream)
        return connections

    def _waits_inside(self) -> dict[str, set[str]]:
        """The nodes that each node inside a branch waits for. A branch in a branch waits for those of its own cases,
        too: the engine reads no deeper, and starts the outer branch when all of it is there."""
        waits: dict[str, set[str]] = {node: set(self.upstream[node]) for node in self.owner}
        for node in self.owner:
            around = self.owner[node]
            while around in self.owner:
                waits[around].update(self.upstream[node].keys() - {START})
                around = self.owner[around]
        return waits

    def _waits(self) -> dict[str, set[str]]:
        """The nodes that each top-level node waits for. A node inside a branch counts as the branch."""
        waits: dict[str, set[str]] = {node: set() for node in self.upstream if node not in self.owner}
        for node, befores in self.upstream.items():
            waits[self.top(node)].update(befores.keys() - {START})
        return waits


def _report_cycles(stuck: Mapping[str, set[str]], findings: Findings) -> None:
    """The cycles alone: that nothing leads to their nodes, and that no node comes first, follows from them."""
    for cycle in _cycles(stuck):
        circle = " > ".join([*cycle, cycle[0]])
        findings.add(
            Code.CYCLE_DETECTED,
            cycle[0],
            f"these nodes wait for each other: {circle}; take out one of the dependencies",
        )


def _inverted(upstream: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    downstream: dict[str, list[str]] = {node: [] for node in upstream}
    for node, befores in upstream.items():
        for before in befores:
            downstream.setdefault(before, []).append(node)
    return downstream


def _cycles(stuck: Mapping[str, set[str]]) -> list[list[str]]:
    """One cycle of each group of nodes that wait for each other, in the order in which they would run.

    Each stuck node waits for another stuck one, so following that leads into a cycle.
    """
    cycles: list[list[str]] = []
    settled: set[str] = set()
    for first in stuck:
        trail: dict[str, None] = {}
        node = first
        while node not in settled and node not in trail:
            trail[node] = None
            node = min(stuck[node])
        if node in trail:
            path = list(trail)
            cycle = path[path.index(node) :]
            cycles.append(cycle[::-1])
        settled.update(trail)
    return cycles


def _fill(into: Mapping[str, compiler_pb2.ConnectionSet.IdList], neighbours: Mapping[str, Sequence[str]]) -> None:
    for node, ids in neighbours.items():
        if ids:
            into[node].ids.extend(sorted(ids))  # protobuf's map makes the entry
