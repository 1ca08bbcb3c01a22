"""Specifications as other tools write them: which message a file holds, and the message.

A task is an `admin.TaskSpec`, a workflow an `admin.WorkflowSpec`, a launch plan an `admin.LaunchPlan`. Requests to
create one are read too, a launch plan's specification without its id, and documents that hold a template alone. A
document says by its fields what it is. Bytes do not: almost any bytes can be read as any message, so that message is
taken whose id makes sense. A file's name, `07_flows.add_1.pb`, breaks a tie by its kind, and says what has no id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias, TypeVar

from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, identifier_pb2, tasks_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from alula.core.errors import InvalidInput
from alula.core.literals.structs import Plain

Specification: TypeAlias = task_pb2.TaskSpec | workflow_pb2.WorkflowSpec | launch_plan_pb2.LaunchPlan
_Form: TypeAlias = (
    Specification
    | task_pb2.TaskCreateRequest
    | workflow_pb2.WorkflowCreateRequest
    | launch_plan_pb2.LaunchPlanSpec
    | tasks_pb2.TaskTemplate
    | core_workflow_pb2.WorkflowTemplate
)
_M = TypeVar("_M", bound=Message)
_TASK, _WORKFLOW, _LAUNCH_PLAN = identifier_pb2.TASK, identifier_pb2.WORKFLOW, identifier_pb2.LAUNCH_PLAN
_BINARY_FORMS: tuple[tuple[type[_Form], int], ...] = (
    (task_pb2.TaskSpec, _TASK),
    (workflow_pb2.WorkflowSpec, _WORKFLOW),
    (launch_plan_pb2.LaunchPlan, _LAUNCH_PLAN),
    (task_pb2.TaskCreateRequest, _TASK),
    (workflow_pb2.WorkflowCreateRequest, _WORKFLOW),
    (launch_plan_pb2.LaunchPlanSpec, _LAUNCH_PLAN),
)
"""With the kind of entity that each specifies."""
_FILE_NAME = re.compile(r"(?:\d+_)?(?P<name>.+)_(?P<kind>[123])\.\w+")
_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORKFLOW_FIELDS = frozenset({"nodes", "outputs", "failure_node", "metadata_defaults"})
_DESCRIPTION = "a task, workflow or launch plan specification"


def specification_of_bytes(data: bytes, name: str) -> Specification:
    """The specification in a binary file called `name`.

    Raises:
        InvalidInput: code `NotASpecification`.
    """
    told = _FILE_NAME.fullmatch(name.rpartition("/")[2])
    kind, entity = (int(told["kind"]), told["name"]) if told else (0, "")
    found = list(_readings(data))
    if len(found) > 1:
        found.sort(key=lambda one: (_unknown_fields(one[1]), one[0] != kind, _is_hollow(one[1])))
    if found:
        return _named(_specification(found[0][1]), entity)
    nameless = _read(task_pb2.TaskSpec, data) if kind == _TASK else None
    if nameless is not None and nameless.template.type and not _unknown_fields(nameless):
        return _named(nameless, entity)
    if _is_compiled(data):
        raise _compiled()
    raise InvalidInput(
        "NotASpecification",
        f"the file is not {_DESCRIPTION}, or its id has no name",
        fix="give files as `pyflyte package` writes them, or name them `.json` or `.yaml` if that is what they are",
    )


def specification_of_document(document: Plain) -> Specification | None:
    """The specification that a JSON or YAML document holds, or `None` where it is about something else.

    Field names are those of FlyteIDL, in snake_case or in lowerCamelCase.

    Raises:
        InvalidInput: code `BadSpecification` for a field that does not exist or a value that does not fit,
            `NotASpecification` for something that is compiled already.
    """
    fields = _fields(document)
    if "primary" in fields or "compiled_task" in fields:
        raise _compiled()
    form = _form_of(fields)
    if form is None or not isinstance(document, Mapping):
        return None
    try:
        return _specification(ParseDict(dict(document), form()))
    except (ParseError, RecursionError) as wrong:
        reason = " ".join(str(wrong).split())
        raise InvalidInput("BadSpecification", f"the document is no `{form.DESCRIPTOR.full_name}`: {reason}") from wrong


def _form_of(fields: Mapping[str, Plain]) -> type[_Form] | None:
    spec = _fields(fields.get("spec"))
    if "workflow_id" in spec:
        return launch_plan_pb2.LaunchPlan
    if "workflow_id" in fields:
        return launch_plan_pb2.LaunchPlanSpec
    if "id" in fields and "id" in _fields(spec.get("template")):
        is_workflow = _is_workflow(spec, _fields(fields.get("id")))
        return workflow_pb2.WorkflowCreateRequest if is_workflow else task_pb2.TaskCreateRequest
    if "id" in _fields(fields.get("template")):
        return workflow_pb2.WorkflowSpec if _is_workflow(fields, {}) else task_pb2.TaskSpec
    if "interface" in fields and "id" in fields:
        is_workflow = _is_workflow({"template": fields}, {})
        return core_workflow_pb2.WorkflowTemplate if is_workflow else tasks_pb2.TaskTemplate
    return None


def _is_workflow(spec: Mapping[str, Plain], id: Mapping[str, Plain]) -> bool:
    """True if `spec` is of a workflow, False if of a task. An id that says so decides, else the fields of its
    template."""
    template = _fields(spec.get("template"))
    declared = _fields(template.get("id")).get("resource_type") or id.get("resource_type")
    if declared and declared != "UNSPECIFIED":
        return declared in ("WORKFLOW", _WORKFLOW)
    return "sub_workflows" in spec or not _WORKFLOW_FIELDS.isdisjoint(template)


def _fields(document: Plain) -> Mapping[str, Plain]:
    """The entries of a mapping, their names in snake_case."""
    if not isinstance(document, Mapping):
        return {}
    return {_WORD_START.sub("_", str(name)).lower(): value for name, value in document.items()}


def _readings(data: bytes) -> Iterator[tuple[int, _Form]]:
    for form, kind in _BINARY_FORMS:
        message = _read(form, data)
        id = None if message is None else _id_of(message)
        if message is None or id is None or not id.name.isprintable() or not id.name:
            continue
        named = _WORKFLOW if form is launch_plan_pb2.LaunchPlanSpec else kind
        if id.resource_type in (identifier_pb2.UNSPECIFIED, named) and not len(UnknownFieldSet(id)):
            yield kind, message


def _read(form: type[_M], data: bytes) -> _M | None:
    try:
        return form.FromString(data)
    except DecodeError:
        return None


def _id_of(message: _Form) -> identifier_pb2.Identifier:
    if isinstance(message, task_pb2.TaskSpec | workflow_pb2.WorkflowSpec):
        return message.template.id
    return message.workflow_id if isinstance(message, launch_plan_pb2.LaunchPlanSpec) else message.id


def _is_compiled(data: bytes) -> bool:
    workflow = _read(compiler_pb2.CompiledWorkflowClosure, data)
    if workflow is not None and workflow.primary.template.id.resource_type == _WORKFLOW:
        return True
    task = _read(task_pb2.TaskClosure, data)
    return task is not None and task.compiled_task.template.id.resource_type == _TASK


def _unknown_fields(message: Message) -> int:
    """The number of fields in the bytes that the message does not know, at any depth."""
    count = len(UnknownFieldSet(message))
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            values = [value] if isinstance(value, Message) else value
            count += sum(_unknown_fields(one) for one in values)
    return count


def _specification(message: _Form) -> Specification:
    match message:
        case task_pb2.TaskCreateRequest() | workflow_pb2.WorkflowCreateRequest():
            message.spec.template.id.MergeFrom(message.id)
            return message.spec
        case launch_plan_pb2.LaunchPlan():
            message.ClearField("closure")  # what it holds is worked out anew
            return message
        case launch_plan_pb2.LaunchPlanSpec():
            return launch_plan_pb2.LaunchPlan(spec=message)
        case tasks_pb2.TaskTemplate():
            return task_pb2.TaskSpec(template=message)
        case core_workflow_pb2.WorkflowTemplate():
            return workflow_pb2.WorkflowSpec(template=message)
        case _:
            return message


def _is_hollow(message: _Form) -> bool:
    """True for a request for a workflow that has nothing in it: the bytes were meant as something else."""
    return isinstance(message, workflow_pb2.WorkflowCreateRequest) and not message.spec.template.nodes


def _named(specification: Specification, name: str) -> Specification:
    """The specification, under the name of its file if it has none."""
    is_plan = isinstance(specification, launch_plan_pb2.LaunchPlan)
    id = specification.id if is_plan else specification.template.id
    id.name = id.name or name
    return specification


def _compiled() -> InvalidInput:
    return InvalidInput(
        "NotASpecification",
        "the file is compiled already",
        fix="give the specification that it was made from, and another folder to write to",
    )
