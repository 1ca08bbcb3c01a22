"""Names of tasks, workflows and launch plans: all versions of one as one thing, with a description and a state.

What the platform makes for itself (`.flytegen.` workflows) is SYSTEM_GENERATED, and lists leave it out unless
they are asked for a state.
"""

from __future__ import annotations

from functools import partial

from flyteidl.admin import common_pb2

from alula.core.errors import InvalidInput
from alula.core.ids import Place
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services import filters, messages, pages
from alula.server.services.messages.names import KIND_WORDS, entity_kind, not_found
from alula.server.services.platform import Platform
from alula.server.services.projects import require_listed_place
from alula.server.store.entities import EntityKind
from alula.server.store.named_entities import NAMED_ENTITIES, NamedEntityRecord
from alula.server.store.query import Filter

DESCRIPTION_MAX_CHARS = 300
_BY_NAME = common_pb2.Sort(key="name", direction=common_pb2.Sort.ASCENDING)
_USERS_OWN = Filter("state", "ne", ("SYSTEM_GENERATED",))


async def list_named_entities(
    platform: Platform, caller: Caller, request: common_pb2.NamedEntityListRequest
) -> common_pb2.NamedEntityList:
    """A page of the names of a kind in a project and domain."""
    kind = entity_kind(request.resource_type)
    place = await require_listed_place(platform, caller, request.project, request.domain)
    asked = filters.parse(request.filters, filters.NAMED_ENTITY_FIELDS)
    hidden = () if any(condition.field == "state" for condition in asked) else (_USERS_OWN,)
    page = filters.query(
        filters.NAMED_ENTITY_FIELDS,
        limit=request.limit,
        token=request.token,
        filters=request.filters,
        sort_by=request.sort_by if request.HasField("sort_by") else _BY_NAME,
        extra=(*place, *hidden),
    )
    rows = partial(platform.store.named_entities.page, kind)
    shown, following = await pages.read(
        page, NAMED_ENTITIES, rows, messages.entities.named_entity, portion=filters.PAGE_MAX_ROWS
    )
    return common_pb2.NamedEntityList(entities=shown, token=following)


async def get_named_entity(
    platform: Platform, caller: Caller, request: common_pb2.NamedEntityGetRequest
) -> common_pb2.NamedEntity:
    """Raises `NotFound` when no version of the name is registered."""
    kind = entity_kind(request.resource_type)
    return messages.entities.named_entity(await _require(platform, caller, kind, request.id, Action.VIEW))


async def update_named_entity(platform: Platform, caller: Caller, request: common_pb2.NamedEntityUpdateRequest) -> None:
    """Describe a name, put it aside or take it back.

    Raises `NotFound`, and `InvalidInput` for a description that is too long or a state that is the platform's to give.
    """
    kind = entity_kind(request.resource_type)
    before = await _require(platform, caller, kind, request.id, Action.REGISTER)
    metadata = request.metadata
    if len(metadata.description) > DESCRIPTION_MAX_CHARS:
        raise InvalidInput(
            "InvalidDescription",
            f"the description of `{before.name}` is longer than {DESCRIPTION_MAX_CHARS} characters",
        )
    if metadata.state not in common_pb2.NamedEntityState.values():
        raise InvalidInput("InvalidState", f"there is no state {metadata.state}", fix="set ACTIVE or ARCHIVED")
    if metadata.state == common_pb2.SYSTEM_GENERATED and before.state != common_pb2.SYSTEM_GENERATED:
        raise InvalidInput(
            "InvalidState", "only the platform makes a name SYSTEM_GENERATED", fix="set ACTIVE or ARCHIVED"
        )
    record = NamedEntityRecord(
        kind, before.project, before.domain, before.name, metadata.description, int(metadata.state)
    )
    audit = platform.audit(
        caller,
        "update-name",
        f"{KIND_WORDS[kind]} {before.project}/{before.domain}/{before.name}",
        project=before.project,
        domain=before.domain,
        detail=common_pb2.NamedEntityState.Name(metadata.state),
    )
    await platform.store.named_entities.put(record, audit)


async def _require(
    platform: Platform, caller: Caller, kind: EntityKind, id: common_pb2.NamedEntityIdentifier, action: Action
) -> NamedEntityRecord:
    await platform.require(caller, Place(id.project, id.domain), action)
    record = await platform.store.named_entities.get(kind, id.project, id.domain, id.name)
    if record is None:
        raise not_found(kind, f"{id.project}/{id.domain}/{id.name}")
    return record
