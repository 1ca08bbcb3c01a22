"""Registration of an author's entities: package, name the version after the content, upload, create.

All is compiled here before the first call, so that nothing is half registered for a mistake in the code. Entities
that are there already, under a version made from the content, are neither uploaded nor created again.
"""

from __future__ import annotations

import hashlib
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec
from flyteidl.admin import common_pb2, launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import identifier_pb2

from alula.core.compiler import compile_task
from alula.core.compiler.launch_plan import expected_inputs
from alula.core.compiler.normalise import digest as normal_digest
from alula.core.errors import AlreadyExists, NotFound
from alula.core.ids import entity_id
from alula.core.policy.registration import check_id, check_labels, check_schedule
from alula.sdk.client.connection import Connection
from alula.sdk.client.package import Bundle
from alula.sdk.client.recorded import notes
from alula.sdk.client.references import look_up
from alula.sdk.client.rpcs import (
    CREATE_LAUNCH_PLAN,
    CREATE_TASK,
    CREATE_WORKFLOW,
    GET_LAUNCH_PLAN,
    GET_TASK,
    GET_WORKFLOW,
    UPDATE_LAUNCH_PLAN,
)
from alula.sdk.client.upload import upload
from alula.sdk.serialize import SerializationSettings, Serialized, SerializedEntity, serialize
from alula.sdk.serialize.compiling import compiled_workflow, interface_behind
from alula.sdk.serialize.entities import AnyEntity
from alula.sdk.serialize.referenced import AnyReference, Registered

VERSION_CHARS = 20
_PLACEHOLDER = "unversioned"
LookUp: TypeAlias = Callable[[Sequence[AnyReference]], Registered]
_KIND_WORDS = {
    identifier_pb2.TASK: "task",
    identifier_pb2.WORKFLOW: "workflow",
    identifier_pb2.LAUNCH_PLAN: "launch plan",
}


class Registration(msgspec.Struct, frozen=True):
    """The outcome of a registration."""

    id: identifier_pb2.Identifier
    """The first of the entities that were asked for."""
    ids: tuple[identifier_pb2.Identifier, ...]
    """Everything that is registered now, what others need first."""
    created: int
    """The number of these that are new."""
    uploaded: bool
    warning: str = ""
    """What there is to know of that which is new: declarations that are only recorded, values that are pickled."""


class Plan(msgspec.Struct, frozen=True):
    """Checked and ready to be registered; nothing was sent yet."""

    entities: tuple[AnyEntity, ...]
    bundle: Bundle
    settings: SerializationSettings
    is_content_version: bool
    """True if the version follows from the content: entities of that version are the same."""
    serialized: Serialized


def prepare(
    entities: Sequence[AnyEntity],
    bundle: Bundle,
    *,
    look_up: LookUp,
    project: str,
    domain: str,
    version: str = "",
) -> Plan:
    """Specifications of the entities and all they use, compiled as the platform will.

    An empty `version` is made from the content: code, interfaces and the Python they belong to. `look_up` asks the
    platform for what the entities refer to, if they do. Raises `InvalidInput` for everything that the platform would
    refuse, `NotFound` for a reference to something that is not registered.
    """
    draft = SerializationSettings(project=project, domain=domain, version=version or _PLACEHOLDER)
    serialized = serialize(*entities, settings=draft)
    registered = serialized.registered
    if serialized.references:
        registered = look_up(serialized.references)
        serialized = serialize(*entities, settings=draft, registered=registered)
    _compile(serialized)
    settings = draft
    if not version:
        settings = SerializationSettings(project=project, domain=domain, version=_content_version(serialized, bundle))
        serialized = serialize(*entities, settings=settings, registered=registered)
    return Plan(tuple(entities), bundle, settings, not version, serialized)


def register(
    connection: Connection,
    plan: Plan,
    *,
    activate_launch_plans: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Registration:
    """Make the platform have everything of the plan. Entities that it has already are fine.

    Raises `InvalidInput` when something else is registered under the same name and version.
    """
    ids = tuple(each.id for each in plan.serialized.entities)
    if plan.is_content_version and _is_registered(connection, ids[-1]):
        if activate_launch_plans:
            _activate(connection, plan.serialized.entities, everything=True)
        return Registration(plan.serialized.id, ids, created=0, uploaded=False)
    settings = plan.settings
    uri = upload(
        connection,
        plan.bundle.data,
        project=settings.project,
        domain=settings.domain,
        filename="code.tar.gz",
        folder=hashlib.sha256(plan.bundle.data).hexdigest(),
    )
    final = SerializationSettings(
        project=settings.project, domain=settings.domain, version=settings.version, code_uri=uri
    )
    serialized = serialize(*plan.entities, settings=final, registered=plan.serialized.registered)
    created = 0
    for entity in serialized.entities:
        if _create(connection, entity):
            created += 1
            say(f"registered {_KIND_WORDS[entity.id.resource_type]} {entity.id.name}@{entity.id.version}")
    _activate(connection, serialized.entities, everything=activate_launch_plans)
    warning = notes(serialized) if created else ""
    return Registration(serialized.id, ids, created=created, uploaded=True, warning=warning)


def register_known(
    connection: Connection, entity: AnyEntity, settings: SerializationSettings
) -> identifier_pb2.Identifier:
    """Make the platform have an entity, and all that it uses, of code that it has already. Raises as `prepare` does."""
    serialized = serialize(entity, settings=settings)
    if not _is_registered(connection, serialized.entities[-1].id):
        if serialized.references:
            serialized = serialize(entity, settings=settings, registered=look_up(connection, serialized.references))
        _compile(serialized)
        for each in serialized.entities:
            _create(connection, each)
    return serialized.id


def client_metadata() -> list[tuple[str, str]]:
    """The client's own metadata of a request: the Python to run its tasks with, and the machine that has it."""
    told = [("alula-interpreter", sys.executable), ("alula-host", _machine())]
    return [(key, value) for key, value in told if value.isascii() and value.isprintable()]


def _machine() -> str:
    try:
        return Path("/etc/machine-id").read_text().strip() or socket.gethostname()
    except OSError:
        return socket.gethostname()


def _compile(serialized: Serialized) -> None:
    """Raise `CompileErrors` or `InvalidInput` for the first entity that the platform would not take."""
    for entity in serialized.entities:
        check_id(entity_id(entity.id))
    for spec in serialized.tasks.values():
        compile_task(spec.template)
    for name in serialized.workflows:
        compiled_workflow(serialized, name)
    for name, plan in serialized.launch_plans.items():
        check_labels(plan.labels.values)
        inputs = interface_behind(serialized, plan).inputs
        expected = expected_inputs(name, inputs, defaults=plan.default_inputs, fixed=plan.fixed_inputs)
        check_schedule(plan, expected)


def _content_version(serialized: Serialized, bundle: Bundle) -> str:
    digest = hashlib.sha256()
    interpreter = "".join(value for _, value in client_metadata())
    entities = sorted(normal_digest(each.id, each.spec) for each in serialized.entities)
    for part in (bundle.digest.encode(), interpreter.encode(), *entities):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()[:VERSION_CHARS]


def _is_registered(connection: Connection, id: identifier_pb2.Identifier) -> bool:
    request = common_pb2.ObjectGetRequest(id=id)
    try:
        if id.resource_type == identifier_pb2.TASK:
            connection.call(GET_TASK, request)
        elif id.resource_type == identifier_pb2.WORKFLOW:
            connection.call(GET_WORKFLOW, request)
        else:
            connection.call(GET_LAUNCH_PLAN, request)
    except NotFound:
        return False
    return True


def _create(connection: Connection, entity: SerializedEntity) -> bool:
    """Register one entity. True if it is new."""
    spec = entity.spec
    try:
        if isinstance(spec, task_pb2.TaskSpec):
            task = task_pb2.TaskCreateRequest(id=entity.id, spec=spec)
            connection.call(CREATE_TASK, task, metadata=client_metadata())
        elif isinstance(spec, workflow_pb2.WorkflowSpec):
            connection.call(CREATE_WORKFLOW, workflow_pb2.WorkflowCreateRequest(id=entity.id, spec=spec))
        else:
            plan = launch_plan_pb2.LaunchPlanCreateRequest(id=entity.id, spec=spec)
            connection.call(CREATE_LAUNCH_PLAN, plan)
    except AlreadyExists:
        return False
    return True


def _activate(connection: Connection, entities: Sequence[SerializedEntity], *, everything: bool) -> None:
    for entity in entities:
        is_plan = entity.id.resource_type == identifier_pb2.LAUNCH_PLAN
        if is_plan and (everything or entity.activate):
            request = launch_plan_pb2.LaunchPlanUpdateRequest(id=entity.id, state=launch_plan_pb2.ACTIVE)
            connection.call(UPDATE_LAUNCH_PLAN, request)
