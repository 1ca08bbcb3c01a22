"""The check of references from nodes to entities: they are set, of the right kind, and lead somewhere."""

from __future__ import annotations

from collections.abc import Mapping

from flyteidl.core import identifier_pb2

from alula.core.compiler.entities import Interface, Kind
from alula.core.compiler.errors import Code
from alula.core.compiler.scope import Scope
from alula.core.ids import entity_id

_RESOURCE_TYPE = {
    "task": identifier_pb2.TASK,
    "sub_workflow": identifier_pb2.WORKFLOW,
    "launch_plan": identifier_pb2.LAUNCH_PLAN,
}
_NAMES: Mapping[int, str] = {number: name for name, number in identifier_pb2.ResourceType.items()}
_WORDS = {"task": "task", "sub_workflow": "sub-workflow", "launch_plan": "launch plan"}


def referenced_interface(
    kind: Kind, reference: identifier_pb2.Identifier, node_id: str, scope: Scope
) -> Interface | None:
    """The interface of the entity that a node refers to; reports a reference that does not hold."""
    word, wanted = _WORDS[kind], _RESOURCE_TYPE[kind]
    if not reference.name:
        scope.findings.add(Code.VALUE_REQUIRED, node_id, f"the node names no {word}; set its reference")
        return None
    if reference.resource_type not in (identifier_pb2.UNSPECIFIED, wanted):
        given = _NAMES.get(reference.resource_type, f"kind {reference.resource_type}")
        scope.findings.add(
            Code.INCONSISTENT_TYPES,
            node_id,
            f"the node refers to a {word}, but `{reference.name}` is marked as {given}; mark it as {_NAMES[wanted]}",
        )
        return None
    id = entity_id(reference)
    interface = scope.entities.use(kind, id, scope.findings.path_of(node_id))
    if interface is None:
        code = Code.TASK_REFERENCE_NOT_FOUND if kind == "task" else Code.WORKFLOW_REFERENCE_NOT_FOUND
        scope.findings.add(
            code,
            node_id,
            f"there is no {word} `{id}`; register it or give its specification, or correct name and version",
        )
    return interface
