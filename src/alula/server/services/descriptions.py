"""Descriptions of tasks and workflows by their authors: short and long text, link to the source, tags."""

from __future__ import annotations

from functools import partial

from flyteidl.admin import description_entity_pb2, task_pb2, workflow_pb2
from flyteidl.core import identifier_pb2

from alula.core.errors import NotFound
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services import filters, pages
from alula.server.services.entities import require_entity
from alula.server.services.messages.names import KIND_WORDS, entity_id, entity_kind, identifier
from alula.server.services.platform import Platform
from alula.server.services.projects import require_listed_place
from alula.server.store.entities import ENTITIES, EntityRecord
from alula.server.store.query import Filter


async def get_description(
    platform: Platform, caller: Caller, id: identifier_pb2.Identifier
) -> description_entity_pb2.DescriptionEntity:
    """Raises `NotFound` when the entity is not registered or was registered without a description."""
    kind = entity_kind(id.resource_type)
    record = await require_entity(platform, caller, kind, entity_id(id), Action.VIEW)
    description = _description(record)
    if description is None:
        raise NotFound("DescriptionNotFound", f"{KIND_WORDS[kind]} `{record.id}` has no description")
    return description


async def list_descriptions(
    platform: Platform, caller: Caller, request: description_entity_pb2.DescriptionEntityListRequest
) -> description_entity_pb2.DescriptionEntityList:
    """The descriptions among a page of tasks or workflows; it may hold fewer than the limit, and still have a next."""
    kind = entity_kind(request.resource_type)
    extra: tuple[Filter, ...] = await require_listed_place(platform, caller, request.id.project, request.id.domain)
    if request.id.name:
        extra = (*extra, Filter("name", "eq", (request.id.name,)))
    page = filters.query(
        filters.TASK_FIELDS if kind == "task" else filters.WORKFLOW_FIELDS,
        limit=request.limit,
        token=request.token,
        filters=request.filters,
        sort_by=request.sort_by if request.HasField("sort_by") else None,
        extra=extra,
    )
    shown, following = await pages.read(page, ENTITIES, partial(platform.store.entities.page, kind), _description)
    return description_entity_pb2.DescriptionEntityList(descriptionEntities=shown, token=following)


def _description(record: EntityRecord) -> description_entity_pb2.DescriptionEntity | None:
    description = description_entity_pb2.DescriptionEntity()
    if record.kind == "task":
        description.CopyFrom(task_pb2.TaskSpec.FromString(record.spec).description)
    elif record.kind == "workflow":
        description.CopyFrom(workflow_pb2.WorkflowSpec.FromString(record.spec).description)
    if not description.ByteSize():
        return None
    description.id.CopyFrom(identifier(record.kind, record.id))
    return description
