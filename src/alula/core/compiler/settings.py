"""Settings of every node, whatever it runs: its id and metadata, and the resources that it or its task asks for."""

from __future__ import annotations

import re

from flyteidl.core import tasks_pb2, workflow_pb2

from alula.core.compiler.durations import check_duration
from alula.core.compiler.errors import Code, Findings
from alula.core.compiler.texts import check_text
from alula.core.errors import InvalidInput
from alula.core.policy.memory_growth import growth_of
from alula.core.policy.resources import resolve_resources
from alula.core.policy.target import with_overrides

_NODE_ID = re.compile(r"[^\s/\\\0]{1,256}")


def check_node_id(node_id: str, owner: str, findings: Findings) -> bool:
    """True if a node has a usable id; if not, this is reported, at its branch if it is in one."""
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


def check_settings(metadata: workflow_pb2.NodeMetadata, node_id: str, findings: Findings) -> None:
    """Report metadata with impossible values."""
    check_duration(metadata.timeout, "the timeout", node_id, findings)
    check_text(metadata.cache_version, "the cache version", node_id, findings)


def check_resources(
    task: tasks_pb2.TaskTemplate, overrides: workflow_pb2.TaskNodeOverrides | None, node_id: str, findings: Findings
) -> None:
    """Report impossible resources of a task, at a node that may change them."""
    try:
        resolve_resources(with_overrides(task, overrides))
        growth_of(task)
    except InvalidInput as wrong:
        code = Code.UNRECOGNIZED_VALUE if wrong.code == "InvalidQuantity" else Code.INVALID_VALUE
        findings.add(code, node_id, str(wrong))
