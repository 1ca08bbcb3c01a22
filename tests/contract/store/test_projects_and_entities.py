from __future__ import annotations

import msgspec
import pytest
from tests.contract.store.records import audit, entity, query, where

from alula.core.errors import InvalidInput
from alula.core.ids import EntityId, Place
from alula.server.store import Store
from alula.server.store.entities import Registered
from alula.server.store.projects import ProjectRecord

pytestmark = pytest.mark.anyio


async def test_a_new_store_has_the_project_that_flyte_clients_expect(store: Store) -> None:
    assert [project.id for project in await store.projects.page(query())] == ["flytesnacks"]
    [entry] = await store.audits.page(query())
    assert (entry.principal, entry.target) == ("alula", "project flytesnacks")


async def test_a_constant_is_said_once(store: Store) -> None:
    assert await store.constants.keep("objects", "here") == "here"
    assert await store.constants.keep("objects", "there") == "here"
    assert await store.constants.keep("other", "there") == "there"


async def test_a_project_is_created_and_replaced(store: Store) -> None:
    first = ProjectRecord("science", "Science", "about things", {"team": "ml"}, created_at=5)
    await store.projects.put(first, audit("create"))
    assert await store.projects.get("science") == first
    second = msgspec.structs.replace(first, name="Sciences", archived=True)
    await store.projects.put(second, audit("update", at=2))
    assert await store.projects.get("science") == second
    assert await store.projects.get("none") is None
    entries = await store.audits.page(query(where("principal", "eq", "ada"), descending=False))
    assert [entry.action for entry in entries] == ["create", "update"]


async def test_projects_are_filtered_by_state_and_text(store: Store) -> None:
    await store.projects.put(ProjectRecord("old", "Old", archived=True), audit())
    await store.projects.put(ProjectRecord("new", "New 100%"), audit())
    active = await store.projects.page(query(where("state", "ne", "ARCHIVED"), sort_by="id", descending=False))
    assert [project.id for project in active] == ["flytesnacks", "new"]
    archived = await store.projects.page(query(where("state", "eq", "1")))
    assert [project.id for project in archived] == ["old"]
    percent = await store.projects.page(query(where("name", "contains", "0%")))
    assert [project.id for project in percent] == ["new"]
    assert await store.projects.page(query(where("name", "contains", "new"))) == []


async def test_text_that_no_database_keeps_unchanged_does_not_stop_a_change(store: Store) -> None:
    await store.projects.put(ProjectRecord("p", "na\0me", "😀 ünïcode"), audit(detail="a\0b"))
    project = await store.projects.get("p")
    assert project is not None
    assert project.description == "😀 ünïcode"


async def test_an_entity_comes_back_as_it_was_registered(store: Store) -> None:
    full = entity(
        kind="task",
        active=False,
        hidden=True,
        task_type="python-task",
        short_description="trains",
        interpreter="/usr/bin/python3",
        interpreter_host="host",
        spec=bytes(range(256)),
    )
    assert await store.entities.register([full], audit("register")) == [Registered.CREATED]
    assert await store.entities.get("task", full.id) == full
    assert await store.entities.get("workflow", full.id) is None
    assert await store.entities.get("task", EntityId("p", "d", "n", "v")) is None


async def test_registering_again_says_whether_it_is_the_same(store: Store) -> None:
    await store.entities.register([entity()], audit("register"))
    changed = entity(digest=b"other", spec=b"new")
    assert await store.entities.register([entity()], audit("register")) == [Registered.IDENTICAL]
    assert await store.entities.register([changed], audit("register")) == [Registered.DIFFERENT]
    kept = await store.entities.get("workflow", changed.id)
    assert kept is not None
    assert kept.spec == b"spec"
    assert len(await store.audits.page(query(where("action", "eq", "register")))) == 1


async def test_where_one_entity_is_different_none_is_kept(store: Store) -> None:
    await store.entities.register([entity()], audit("register"))
    given = [entity("fresh"), entity(digest=b"other"), entity()]
    outcome = await store.entities.register(given, audit("register"))
    assert outcome == [Registered.CREATED, Registered.DIFFERENT, Registered.IDENTICAL]
    assert await store.entities.get("workflow", entity("fresh").id) is None


async def test_one_entity_twice_in_one_registration_is_kept_once(store: Store) -> None:
    outcome = await store.entities.register([entity(), entity()], audit("register"))
    assert outcome == [Registered.CREATED, Registered.IDENTICAL]
    both = [entity("b"), entity("b", digest=b"other")]
    assert await store.entities.register(both, audit("register")) == [Registered.CREATED, Registered.DIFFERENT]
    assert await store.entities.get("workflow", entity("b").id) is None


async def test_at_most_one_version_of_a_launch_plan_is_active(store: Store) -> None:
    versions = [entity(version=f"v{n}", kind="launch_plan") for n in range(3)]
    other = entity("other", kind="launch_plan", active=True)
    await store.entities.register([*versions, other], audit("register"))
    assert await store.entities.active_launch_plan("flytesnacks", "development", "etl") is None
    for version in versions:
        assert await store.entities.set_launch_plan_active(version.id, active=True, audit=audit("activate"))
        active = await store.entities.active_launch_plan("flytesnacks", "development", "etl")
        assert active is not None
        assert active.id == version.id
    active = await store.entities.page("launch_plan", query(where("state", "eq", "ACTIVE"), sort_by="name"))
    assert [plan.id.name for plan in active] == ["other", "etl"]
    assert await store.entities.set_launch_plan_active(versions[2].id, active=False, audit=audit("deactivate"))
    assert await store.entities.active_launch_plan("flytesnacks", "development", "etl") is None
    missing = EntityId("flytesnacks", "development", "etl", "v9")
    assert not await store.entities.set_launch_plan_active(missing, active=True, audit=audit("activate"))
    assert len(await store.audits.page(query(where("action", "eq", "activate")))) == 3


async def test_registering_an_active_launch_plan_deactivates_the_one_before(store: Store) -> None:
    await store.entities.register([entity(kind="launch_plan", active=True)], audit())
    await store.entities.register([entity(kind="launch_plan", version="v2", active=True)], audit())
    active = await store.entities.active_launch_plan("flytesnacks", "development", "etl")
    assert active is not None
    assert active.id.version == "v2"


async def test_entities_are_listed_newest_first_and_in_pages(store: Store) -> None:
    given = [entity(version=f"v{n}", created_at=100 + n) for n in range(5)]
    await store.entities.register([*given, entity("hid", created_at=1, hidden=True)], audit())
    pages = [
        await store.entities.page("workflow", query(where("hidden", "eq", "false"), limit=2, offset=offset))
        for offset in (0, 2, 4, 6)
    ]
    assert [[e.id.version for e in page] for page in pages] == [["v4", "v3"], ["v2", "v1"], ["v0"], []]
    assert await store.entities.page("task", query()) == []
    newer = await store.entities.page("workflow", query(where("created_at", "gte", "103"), descending=False))
    assert [e.id.version for e in newer] == ["v3", "v4"]


async def test_names_have_a_newest_version(store: Store) -> None:
    await store.entities.register(
        [
            entity("a", "v9", created_at=1),
            entity("b", "v2", created_at=3),
            entity("b", "v1", created_at=4),
            entity("c", "v1", created_at=5),
            entity("c", "v2", created_at=5),
            entity("c", "v3", created_at=9, hidden=True),
            entity("hidden", hidden=True, created_at=9),
        ],
        audit(),
    )
    here = Place("flytesnacks", "development")
    found = await store.entities.newest_versions("workflow", here, "", "z", 10)
    assert found == [("a", "v9", 1), ("b", "v1", 4), ("c", "v2", 5)]
    assert await store.entities.newest_versions("workflow", here, "b", "b", 10) == found[1:2]
    assert await store.entities.newest_versions("workflow", here, "b", "c", 1) == found[1:2]
    assert await store.entities.newest_versions("task", here, "", "z", 10) == []
    assert await store.entities.newest_versions("workflow", here._replace(domain="staging"), "", "z", 10) == []


async def test_names_are_distinct(store: Store) -> None:
    await store.entities.register(
        [
            entity("b", "v1", created_at=1),
            entity("a", "v1", created_at=2),
            entity("b", "v2", created_at=3),
            entity("hidden", hidden=True, created_at=9),
        ],
        audit(),
    )
    shown = where("hidden", "eq", "0")
    by_name = await store.entities.names("workflow", query(shown, sort_by="name", descending=False))
    assert by_name == [("flytesnacks", "development", "a", 2), ("flytesnacks", "development", "b", 3)]
    newest_first = await store.entities.names("workflow", query(shown))
    assert [name for _, _, name, _ in newest_first] == ["b", "a"]
    assert len(await store.entities.names("workflow", query(shown, limit=1, offset=1))) == 1
    with pytest.raises(InvalidInput) as raised:
        await store.entities.names("workflow", query(sort_by="version"))
    assert raised.value.code == "UnknownField"
