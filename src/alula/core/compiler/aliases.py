"""Output aliases: second names that a node gives to its outputs."""

from __future__ import annotations

from flyteidl.core import workflow_pb2

from alula.core.compiler.entities import Outputs
from alula.core.compiler.errors import Code
from alula.core.compiler.scope import Scope, one_of


def with_aliases(node: workflow_pb2.Node, node_id: str, outputs: Outputs, scope: Scope) -> Outputs:
    """The outputs under all their names. Reports aliases of nothing, and names that would stand for two things."""
    aliases: dict[str, str] = {}
    for alias in node.output_aliases:
        if alias.var not in outputs:
            scope.findings.add(
                Code.PARAMETER_NOT_BOUND,
                node_id,
                f"alias `{alias.alias}` is for `{alias.var}`, which is not an output; use {one_of(outputs)}",
            )
        elif alias.alias in aliases or alias.var in aliases.values():
            scope.findings.add(
                Code.DUPLICATE_ALIAS,
                node_id,
                f"alias `{alias.alias}` for `{alias.var}` is one too many; give each output one alias of its own",
            )
        elif alias.alias in outputs and alias.alias != alias.var:
            scope.findings.add(
                Code.VALUE_COLLISION,
                node_id,
                f"alias `{alias.alias}` is the name of another output; choose another one",
            )
        else:
            aliases[alias.alias] = alias.var
    if not aliases:
        return outputs
    scope.aliases[node_id] = aliases
    return {**outputs, **{alias: outputs[var] for alias, var in aliases.items()}}
