"""Names as a whole, and what authors say of what bears them."""

from __future__ import annotations

import pytest
from flyteidl.admin import common_pb2, description_entity_pb2
from flyteidl.core import identifier_pb2
from tests import flyte_specs as specs

from alula.core.errors import InvalidInput, NotFound
from alula.server.identity import Caller
from alula.server.services.descriptions import get_description, list_descriptions
from alula.server.services.launch import create_execution
from alula.server.services.named_entities import get_named_entity, list_named_entities, update_named_entity
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_task, create_workflow

pytestmark = pytest.mark.anyio
WORKFLOW = identifier_pb2.WORKFLOW
Metadata = common_pb2.NamedEntityMetadata


def name(text: str) -> common_pb2.NamedEntityIdentifier:
    return common_pb2.NamedEntityIdentifier(project=specs.PROJECT, domain=specs.DOMAIN, name=text)


@pytest.fixture
async def registered(platform: Platform, caller: Caller) -> Platform:
    """Task `t` in two versions, of which the second is described, workflow `w`, and what launching `t` made."""
    await create_task(platform, caller, specs.task("t"), Registrant())
    described = specs.task("t", version="v2")
    described.spec.description.short_description = "adds"
    described.spec.description.source_code.link = "https://example.com/t.py"
    await create_task(platform, caller, described, Registrant())
    await create_workflow(platform, caller, specs.workflow("w", "t"))
    task = specs.identifier(identifier_pb2.TASK, "t")
    await create_execution(platform, caller, specs.execution("", task, specs.literal_map(x=specs.integer(1))))
    return platform


async def listed(platform: Platform, caller: Caller, filters: str = "", token: str = "") -> dict[str, int]:
    request = common_pb2.NamedEntityListRequest(
        resource_type=WORKFLOW, project=specs.PROJECT, domain=specs.DOMAIN, limit=10, filters=filters, token=token
    )
    found = await list_named_entities(platform, caller, request)
    return {entity.id.name: entity.metadata.state for entity in found.entities}


async def test_what_the_platform_made_is_listed_only_by_its_state(registered: Platform, caller: Caller) -> None:
    assert await listed(registered, caller) == {"w": common_pb2.NAMED_ENTITY_ACTIVE}
    made = await listed(registered, caller, "eq(state,SYSTEM_GENERATED)")
    assert made == {".flytegen.t": common_pb2.SYSTEM_GENERATED}


async def test_a_name_is_archived_and_described(registered: Platform, caller: Caller) -> None:
    metadata = Metadata(description="the pipeline", state=common_pb2.NAMED_ENTITY_ARCHIVED)
    update = common_pb2.NamedEntityUpdateRequest(resource_type=WORKFLOW, id=name("w"), metadata=metadata)
    await update_named_entity(registered, caller, update)
    got = await get_named_entity(
        registered, caller, common_pb2.NamedEntityGetRequest(resource_type=WORKFLOW, id=name("w"))
    )
    assert got.metadata == metadata
    assert await listed(registered, caller, "eq(state,0)") == {}
    assert await listed(registered, caller, "eq(named_entity_metadata.state,1)") == {"w": 1}


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        (Metadata(state=common_pb2.SYSTEM_GENERATED), "InvalidState"),
        (Metadata(description="x" * 301), "InvalidDescription"),
    ],
)
async def test_what_can_not_be_said_of_a_name_is_refused(
    registered: Platform, caller: Caller, metadata: Metadata, code: str
) -> None:
    request = common_pb2.NamedEntityUpdateRequest(resource_type=WORKFLOW, id=name("w"), metadata=metadata)
    with pytest.raises(InvalidInput) as caught:
        await update_named_entity(registered, caller, request)
    assert caught.value.code == code


async def test_a_name_of_nothing_is_not_found(registered: Platform, caller: Caller) -> None:
    with pytest.raises(NotFound):
        await get_named_entity(
            registered, caller, common_pb2.NamedEntityGetRequest(resource_type=WORKFLOW, id=name("none"))
        )
    with pytest.raises(NotFound):
        await update_named_entity(
            registered, caller, common_pb2.NamedEntityUpdateRequest(resource_type=WORKFLOW, id=name("none"))
        )


async def test_a_description_is_that_of_its_version(registered: Platform, caller: Caller) -> None:
    id = specs.identifier(identifier_pb2.TASK, "t", "v2")
    found = await get_description(registered, caller, id)
    assert (found.id, found.short_description, found.source_code.link) == (id, "adds", "https://example.com/t.py")
    with pytest.raises(NotFound) as caught:
        await get_description(registered, caller, specs.identifier(identifier_pb2.TASK, "t", "v1"))
    assert caught.value.code == "DescriptionNotFound"


async def test_descriptions_are_listed_where_there_are_any(registered: Platform, caller: Caller) -> None:
    request = description_entity_pb2.DescriptionEntityListRequest(
        resource_type=identifier_pb2.TASK, id=name("t"), limit=10
    )
    found = await list_descriptions(registered, caller, request)
    assert [description.id.version for description in found.descriptionEntities] == ["v2"]
    request.resource_type, request.id.name = WORKFLOW, ""
    assert not (await list_descriptions(registered, caller, request)).descriptionEntities
