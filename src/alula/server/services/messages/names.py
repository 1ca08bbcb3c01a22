"""Identifiers: FlyteIDL's messages and the platform's own names, both ways."""

from __future__ import annotations

from typing import Any, Literal

from flyteidl.core import identifier_pb2

from alula.core.errors import InvalidInput, NotFound
from alula.core.ids import EntityId, ExecutionId
from alula.server.store.entities import EntityKind

RESOURCE_TYPES: dict[EntityKind, identifier_pb2.ResourceType] = {
    "task": identifier_pb2.TASK,
    "workflow": identifier_pb2.WORKFLOW,
    "launch_plan": identifier_pb2.LAUNCH_PLAN,
}
KIND_WORDS: dict[EntityKind, str] = {"task": "task", "workflow": "workflow", "launch_plan": "launch plan"}


def identifier(kind: EntityKind, id: EntityId) -> identifier_pb2.Identifier:
    """The `core.Identifier` of an entity."""
    return identifier_pb2.Identifier(
        resource_type=RESOURCE_TYPES[kind],
        project=id.project,
        domain=id.domain,
        name=id.name,
        version=id.version,
    )


def entity_id(message: identifier_pb2.Identifier) -> EntityId:
    """The entity that a complete `core.Identifier` names; raises `InvalidInput` where a part is missing."""
    for part, value in (
        ("project", message.project),
        ("domain", message.domain),
        ("name", message.name),
        ("version", message.version),
    ):
        if not value:
            raise InvalidInput("IncompleteIdentifier", f"the identifier `{_text(message)}` has no {part}")
    return EntityId(message.project, message.domain, message.name, message.version)


def entity_kind(resource_type: int) -> EntityKind:
    """Raises `InvalidInput` for anything but a task, workflow or launch plan."""
    for kind, number in RESOURCE_TYPES.items():
        if number == resource_type:
            return kind
    raise InvalidInput("UnknownResourceType", f"resource type {resource_type} is not a task, workflow or launch plan")


# `Any`: an enumeration of protobuf, for which its stubs have no common type.
def enum_name(enum: Any, number: int) -> str:
    """The name of a value, and of one that this version does not know its number."""
    return enum.Name(number) if number in enum.values() else str(number)


def not_found(kind: EntityKind, name: str, *, fix: str = "") -> NotFound:
    """The error for an entity that is not registered."""
    code = {"task": "TaskNotFound", "workflow": "WorkflowNotFound", "launch_plan": "LaunchPlanNotFound"}[kind]
    return NotFound(code, f"there is no {KIND_WORDS[kind]} `{name}`", fix=fix)


def execution_identifier(id: ExecutionId) -> identifier_pb2.WorkflowExecutionIdentifier:
    """The message that names an execution."""
    return identifier_pb2.WorkflowExecutionIdentifier(project=id.project, domain=id.domain, name=id.name)


def execution_id(message: identifier_pb2.WorkflowExecutionIdentifier) -> ExecutionId:
    """The execution that a complete identifier names; raises `InvalidInput` where a part is missing."""
    part: Literal["project", "domain", "name"]
    for part in ("project", "domain", "name"):
        if not getattr(message, part):
            raise InvalidInput("IncompleteIdentifier", f"the execution's identifier has no {part}")
    return ExecutionId(message.project, message.domain, message.name)


def node_identifier(execution: ExecutionId, node_id: str) -> identifier_pb2.NodeExecutionIdentifier:
    """The message that names a node execution."""
    return identifier_pb2.NodeExecutionIdentifier(node_id=node_id, execution_id=execution_identifier(execution))


def _text(message: identifier_pb2.Identifier) -> str:
    return f"{message.project}/{message.domain}/{message.name}@{message.version}"
