"""One workflow while it is being compiled: its nodes, the interfaces known so far, and where errors go."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from flyteidl.core import types_pb2, workflow_pb2

from alula.core.compiler.entities import Entities, Outputs, Types
from alula.core.compiler.errors import Code, Findings
from alula.core.compiler.graph import START, Graph


class Scope(msgspec.Struct):
    """The state of a workflow's compilation: filled node by node, each after those that it depends on."""

    entities: Entities
    findings: Findings
    inputs: Types
    """The workflow's own inputs: the outputs of the start node."""
    graph: Graph
    nodes: dict[str, workflow_pb2.Node] = {}
    """Every node by id, also those inside branches."""
    outputs: dict[str, Outputs | None] = {}
    """The outputs of each finished node; `None` if its own errors leave them open."""
    aliases: dict[str, dict[str, str]] = {}
    """For nodes that have aliases: the output behind each."""

    def is_source(self, node_id: str) -> bool:
        """True if others may wait for a node and read from it: not if it is inside a branch."""
        return node_id == START or (node_id in self.nodes and node_id not in self.graph.owner)

    def report_no_source(self, node_id: str, wanted: str, *, reader: str) -> None:
        """Note that `reader` names a node that it may not; `wanted` begins the sentence."""
        why = "which does not exist; name a node of this workflow"
        if node_id in self.graph.owner:
            why = f"which is inside a branch; name the branch, `{self.graph.top(node_id)}`"
        self.findings.add(Code.NODE_REFERENCE_NOT_FOUND, reader, f"{wanted} `{node_id}`, {why}")

    def output_type(self, node_id: str, var: str, *, reader: str) -> types_pb2.LiteralType | None:
        """The type of a promised value; `None` if it is unknown: reported already, or only the run can tell."""
        outputs = self.inputs if node_id == START else self.outputs.get(node_id)
        if outputs is None:
            return None
        if var not in outputs:
            what = "the workflow has no input" if node_id == START else f"node `{node_id}` has no output"
            self.findings.add(Code.VARIABLE_NAME_NOT_FOUND, reader, f"{what} `{var}`; use {one_of(outputs)}")
            return None
        return outputs[var]


def one_of(names: Collection[str]) -> str:
    """The choice that a message offers."""
    shown = sorted(names)
    if not shown:
        return "nothing of it: it has none"
    more = f" or one of {len(shown) - 10} more" if len(shown) > 10 else ""
    return ("one of " if len(shown) > 1 else "") + ", ".join(f"`{name}`" for name in shown[:10]) + more
