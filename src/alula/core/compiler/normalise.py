"""Equality of two registrations: a digest that order does not change, and differences in words.

Registering the same thing again is fine; registering something else under the same id is not. What counts is
everything that the entity says, except the order in which maps, bindings, nodes and entities are listed, and the
variables, secrets and ignored inputs of a task: an author may have them in a set, which has no order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from flyteidl.admin import task_pb2
from flyteidl.admin import workflow_pb2 as admin_workflow_pb2
from flyteidl.core import compiler_pb2, identifier_pb2, literals_pb2, security_pb2, tasks_pb2, workflow_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

MAX_DIFFERENCES = 20
_SHOWN_CHARS = 80
_Value: TypeAlias = Any  # the value of a field found by reflection: protobuf says no more


def digest(*messages: Message) -> bytes:
    """The SHA-256 of an entity: of one message, or of several that make it up together."""
    whole = hashlib.sha256()
    for message in messages:
        normal = _normal(message)
        name = str(message.DESCRIPTOR.full_name).encode()
        body = normal.SerializeToString(deterministic=True)
        whole.update(b"%d:%s%d:%s" % (len(name), name, len(body), body))
    return whole.digest()


def diff(old: Message, new: Message) -> list[str]:
    """The changes between two messages of one type, in words, at most `MAX_DIFFERENCES` lines."""
    lines = _Differences().compare(_normal(old), _normal(new))
    if len(lines) > MAX_DIFFERENCES:
        return [*lines[:MAX_DIFFERENCES], f"and {len(lines) - MAX_DIFFERENCES} more"]
    return lines


def _normal(message: Message) -> Message:
    """The message, or a copy in which lists whose order means nothing are sorted."""
    sort = _SORTS.get(type(message))
    if sort is None:
        return message
    copied = type(message)()
    copied.CopyFrom(message)
    sort(copied)
    return copied


def _sort_closure(closure: compiler_pb2.CompiledWorkflowClosure) -> None:
    for workflow in (closure.primary, *closure.sub_workflows):
        _sort_workflow(workflow.template)
    for task in closure.tasks:
        _sort_task(task.template)
    closure.sub_workflows.sort(key=lambda one: _id_key(one.template.id))
    closure.tasks.sort(key=lambda one: _id_key(one.template.id))
    closure.launch_plans.sort(key=lambda one: _id_key(one.template.id))


def _sort_workflow_spec(spec: admin_workflow_pb2.WorkflowSpec) -> None:
    for template in (spec.template, *spec.sub_workflows):
        _sort_workflow(template)
    spec.sub_workflows.sort(key=lambda template: _id_key(template.id))


def _sort_task(template: tasks_pb2.TaskTemplate) -> None:
    if template.metadata.cache_ignore_input_vars:
        template.metadata.cache_ignore_input_vars.sort()
    if template.container.env:
        template.container.env.sort(key=lambda variable: variable.key)
    if template.security_context.secrets:
        template.security_context.secrets.sort(key=_secret_key)


def _secret_key(secret: security_pb2.Secret) -> bytes:
    return secret.SerializeToString(deterministic=True)


def _sort_workflow(template: workflow_pb2.WorkflowTemplate) -> None:
    template.outputs.sort(key=_var)
    for node in template.nodes:
        node.inputs.sort(key=_var)
        node.upstream_node_ids.sort()
    template.nodes.sort(key=_node_id)


def _id_key(identifier: identifier_pb2.Identifier) -> tuple[str, ...]:
    return (identifier.project, identifier.domain, identifier.name, identifier.version)


def _var(binding: literals_pb2.Binding) -> str:
    return binding.var


def _node_id(node: workflow_pb2.Node) -> str:
    return node.id


_SORTS: dict[type[Message], Callable[[_Value], None]] = {
    compiler_pb2.CompiledWorkflowClosure: _sort_closure,
    admin_workflow_pb2.WorkflowSpec: _sort_workflow_spec,
    task_pb2.TaskClosure: lambda closure: _sort_task(closure.compiled_task.template),
    task_pb2.TaskSpec: lambda spec: _sort_task(spec.template),
}


class _Differences:
    """Walks two messages of one type side by side."""

    def compare(self, old: Message, new: Message, path: str = "") -> list[str]:
        if old == new:
            return []
        olds: dict[str, tuple[FieldDescriptor, _Value]] = {
            field.name: (field, value) for field, value in old.ListFields()
        }
        news: dict[str, tuple[FieldDescriptor, _Value]] = {
            field.name: (field, value) for field, value in new.ListFields()
        }
        lines: list[str] = []
        for name in dict.fromkeys([*olds, *news]):
            at = f"{path}.{name}" if path else name
            if name not in news:
                lines.append(f"`{at}` is gone (was {_shown(olds[name][1])})")
            elif name not in olds:
                lines.append(f"`{at}` is new ({_shown(news[name][1])})")
            else:
                lines += self._field(olds[name][0], olds[name][1], news[name][1], at)
        return lines

    def _field(self, field: FieldDescriptor, old: _Value, new: _Value, path: str) -> list[str]:
        if old == new:
            return []
        if _is_map(field):
            return self._keyed(dict(old), dict(new), path)
        if not isinstance(old, Message | str | bytes | int | float):
            if field.message_type is None:
                return [f"`{path}` changed from {_shown(old)} to {_shown(new)}"]
            return self._keyed(_by_name(old), _by_name(new), path)
        return self._one(old, new, path)

    def _keyed(self, old: dict[str, _Value], new: dict[str, _Value], path: str) -> list[str]:
        lines: list[str] = []
        for key in dict.fromkeys([*old, *new]):
            at = f"{path}[{key}]"
            if key not in new:
                lines.append(f"`{at}` is gone")
            elif key not in old:
                lines.append(f"`{at}` is new")
            else:
                lines += self._one(old[key], new[key], at)
        return lines

    def _one(self, old: _Value, new: _Value, path: str) -> list[str]:
        if isinstance(old, Message) and isinstance(new, Message):
            return self.compare(old, new, path)
        return [] if old == new else [f"`{path}` changed from {_shown(old)} to {_shown(new)}"]


def _is_map(field: FieldDescriptor) -> bool:
    message = field.message_type
    return message is not None and bool(message.GetOptions().map_entry)


_NAMES: Sequence[Callable[[_Value], str]] = (
    lambda item: str(getattr(item.id, "name", item.id)),
    lambda item: item.template.id.name,
    lambda item: item.var,
    lambda item: item.key,
    lambda item: str(item.name),
)


def _by_name(items: Iterable[_Value]) -> dict[str, _Value]:
    """Items of a list by their names, or by their places if they have none or names repeat."""
    listed = list(items)
    for name_of in _NAMES:
        try:
            named = {name_of(item): item for item in listed}
        except AttributeError:
            continue
        if len(named) == len(listed):
            return named
    return {str(place): item for place, item in enumerate(listed)}


def _shown(value: _Value) -> str:
    text = " ".join(str(value).split()) or "nothing"
    return f"`{text[:_SHOWN_CHARS]}...`" if len(text) > _SHOWN_CHARS else f"`{text}`"
