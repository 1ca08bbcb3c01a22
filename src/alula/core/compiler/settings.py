"""What every node has, whatever it runs: its id and its metadata."""

from __future__ import annotations

import re

from flyteidl.core import workflow_pb2

from alula.core.compiler.errors import Code, Findings

_NODE_ID = re.compile(r"[^\s/\\]{1,256}")


def check_node_id(node_id: str, owner: str, findings: Findings) -> bool:
    """Whether a node has a usable id; reports, at its branch if it is in one, when it has none."""
    if not node_id:
        findings.add(Code.VALUE_REQUIRED, owner, "a node has no id; give it one")
        return False
    if _NODE_ID.fullmatch(node_id) is None:
        findings.add(
            Code.INVALID_VALUE,
            owner,
            f"node id `{node_id[:80]}` is too long or has spaces or slashes; use letters, digits and dashes",
        )
        return False
    return True


def check_settings(node: workflow_pb2.Node, findings: Findings) -> None:
    """Report metadata that can't be so."""
    timeout = node.metadata.timeout
    if timeout.seconds < 0 or timeout.nanos < 0:
        findings.add(Code.INVALID_VALUE, node.id, "the timeout is negative; give a positive duration")
