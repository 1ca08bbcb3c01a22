"""What is said of names as a whole, and settings of projects, domains and workflows."""

from __future__ import annotations

import pytest
from tests.contract.store.records import audit, entity, query, where

from alula.core.errors import InvalidInput
from alula.server.store import Store
from alula.server.store.attributes import AttributesRecord
from alula.server.store.named_entities import NamedEntityRecord

pytestmark = pytest.mark.anyio
PLACE = ("flytesnacks", "development")


def named(name: str, *, description: str = "", state: int = 0, created_at: int = 0) -> NamedEntityRecord:
    return NamedEntityRecord("workflow", *PLACE, name, description, state, created_at)


def settings(
    project: str = "p", domain: str = "", workflow: str = "", *, resource: int = 6, attributes: bytes = b"a"
) -> AttributesRecord:
    return AttributesRecord(resource, project, domain, workflow, attributes, updated_at=5)


@pytest.fixture
async def registered(store: Store) -> Store:
    """Workflows `a` (two versions), `b` and the hidden `h`; a task `a`."""
    await store.entities.register(
        [
            entity("a", "v1", created_at=1),
            entity("b", created_at=2),
            entity("a", "v2", created_at=3),
            entity("h", hidden=True, created_at=4),
            entity("a", kind="task"),
        ],
        audit(),
    )
    return store


async def test_a_name_of_which_nothing_is_said_is_active_or_made_by_the_platform(registered: Store) -> None:
    assert await registered.named_entities.get("workflow", *PLACE, "a") == named("a", created_at=3)
    assert await registered.named_entities.get("workflow", *PLACE, "h") == named("h", state=2, created_at=4)
    assert await registered.named_entities.get("workflow", *PLACE, "none") is None
    assert await registered.named_entities.get("launch_plan", *PLACE, "a") is None


async def test_what_is_said_of_a_name_is_kept_for_its_kind_only(registered: Store) -> None:
    await registered.named_entities.put(named("a", description="old", state=1), audit("update"))
    await registered.named_entities.put(named("a", description="new\0", state=1), audit("update"))
    kept = await registered.named_entities.get("workflow", *PLACE, "a")
    assert kept is not None
    assert (kept.description[:3], kept.state) == ("new", 1)
    task = await registered.named_entities.get("task", *PLACE, "a")
    assert task is not None
    assert (task.description, task.state) == ("", 0)
    assert len(await registered.audits.page(query(where("action", "eq", "update")))) == 2


async def test_names_are_listed_once_and_filtered_by_state(registered: Store) -> None:
    await registered.named_entities.put(named("b", state=1), audit())
    await registered.named_entities.put(named("gone", state=1), audit())
    newest = await registered.named_entities.page("workflow", query(where("project", "eq", "flytesnacks")))
    assert [(one.name, one.state) for one in newest] == [("h", 2), ("a", 0), ("b", 1)]
    shown = await registered.named_entities.page(
        "workflow", query(where("state", "ne", "SYSTEM_GENERATED"), sort_by="name")
    )
    assert [one.name for one in shown] == ["b", "a"]
    archived = await registered.named_entities.page("workflow", query(where("state", "eq", "NAMED_ENTITY_ARCHIVED")))
    assert [one.name for one in archived] == ["b"]
    page = await registered.named_entities.page("workflow", query(sort_by="name", descending=False, limit=1, offset=1))
    assert [one.name for one in page] == ["b"]
    with_a = await registered.named_entities.page("workflow", query(where("name", "contains", "a"), sort_by="state"))
    assert [one.name for one in with_a] == ["a"]
    assert await registered.named_entities.page("workflow", query(where("domain", "eq", "other"))) == []
    with pytest.raises(InvalidInput):
        await registered.named_entities.page("workflow", query(sort_by="version"))


async def test_attributes_are_kept_by_place_and_kind(store: Store) -> None:
    await store.attributes.put(settings(attributes=b"old"), audit("set"))
    given = [settings(), settings("p", "d", "w"), settings("p", "d"), settings(resource=0), settings("q")]
    for record in given:
        await store.attributes.put(record, audit("set"))
    assert await store.attributes.find(6) == [settings(), settings("p", "d"), settings("p", "d", "w"), settings("q")]
    assert await store.attributes.find(6, at=("q", "d", "w")) == [settings("q")]
    assert await store.attributes.find(6, at=("p", "d", "")) == [settings(), settings("p", "d")]
    assert await store.attributes.find(at=("p", "d", "w")) == [
        settings(resource=0),
        settings(),
        settings("p", "d"),
        settings("p", "d", "w"),
    ]
    assert await store.attributes.find(6, at=("p", "other", "w")) == [settings()]
    assert await store.attributes.find(3) == []
    assert len(await store.audits.page(query(where("action", "eq", "set")))) == 6


async def test_deleted_attributes_are_gone(store: Store) -> None:
    await store.attributes.put(settings(), audit())
    await store.attributes.put(settings("p", "d"), audit())
    place = {"project": "p", "domain": "", "workflow": ""}
    assert await store.attributes.delete(6, **place, audit=audit("delete"))
    assert not await store.attributes.delete(6, **place, audit=audit("delete"))
    assert await store.attributes.find(6) == [settings("p", "d")]
    assert len(await store.audits.page(query(where("action", "eq", "delete")))) == 1
