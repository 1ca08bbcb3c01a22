"""Lists that are limited to places have the rows of these places, in pages of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from tests.contract.store.records import audit, entity, execution, execution_id, query

from alula.core.ids import EntityId, Place
from alula.server.access import Places
from alula.server.store import Store
from alula.server.store.datasets import DatasetId, DatasetRecord
from alula.server.store.projects import ProjectRecord
from alula.server.store.query import Query

pytestmark = pytest.mark.anyio
WHERE = [Place(project, domain) for project in ("a", "b", "c") for domain in ("development", "production")]
SOME: list[tuple[Places, list[Place]]] = [
    (None, WHERE),
    (frozenset(), []),
    (frozenset({Place("a", "production")}), WHERE[1:2]),
    (frozenset({Place("b")}), WHERE[2:4]),
    (frozenset({Place("b"), Place("b", "production"), Place("z")}), WHERE[2:4]),
    (frozenset({Place("a", "development"), Place("b", "production"), Place("c")}), [WHERE[0], *WHERE[3:]]),
    (frozenset({Place("a", "development"), Place("b", "development")}), [WHERE[0], WHERE[2]]),
]


@pytest.fixture
async def filled(store: Store) -> Store:
    """With one of everything in each place, the newest in the first."""
    for number, place in enumerate(WHERE):
        await store.projects.put(ProjectRecord(place.project, place.project), audit())
        at = 100 - number
        id = execution_id("run", project=place.project, domain=place.domain)
        assert await store.executions.create(execution(id, created_at=at), b"created", audit())
        await store.entities.register([entity(id=EntityId(*place, "etl", "v1"), created_at=at)], audit())
        await store.datasets.create(DatasetRecord(DatasetId(*place, "d", "1"), "u", (), {}, at), audit())
    return store


@pytest.mark.parametrize(("places", "there"), SOME)
async def test_lists_have_the_rows_of_their_places(filled: Store, places: Places, there: list[Place]) -> None:
    asked = query(places=places)
    assert [Place(*run.id[:2]) for run in await filled.executions.page(asked)] == there
    assert [Place(*found.id[:2]) for found in await filled.entities.page("workflow", asked)] == there
    assert [Place(*name[:2]) for name in await filled.entities.names("workflow", asked)] == there
    named = await filled.named_entities.page("workflow", asked)
    assert [Place(found.project, found.domain) for found in named] == there
    assert [Place(*found.id[:2]) for found in await filled.datasets.page(asked)] == there
    projects = await filled.projects.page(msgspec.structs.replace(asked, sort_by="id", descending=False))
    there_or_seeded = [found.id for found in projects if places is not None or found.id in ("a", "b", "c")]
    assert there_or_seeded == sorted({place.project for place in there})


async def test_pages_are_of_the_places_alone(filled: Store) -> None:
    lists: list[Callable[[Query], Awaitable[list[Any]]]] = [filled.executions.page, filled.datasets.page]
    for listed in lists:
        whole = query(places=frozenset({Place("a", "production"), Place("c")}))
        pages = [await listed(msgspec.structs.replace(whole, limit=1, offset=offset)) for offset in range(4)]
        assert [row for page in pages for row in page] == await listed(whole)
        assert [len(page) for page in pages] == [1, 1, 1, 0]


async def test_any_number_of_places_may_be_asked_for(filled: Store) -> None:
    many = frozenset(Place(f"p{number}", f"d{number % 3}") for number in range(3_000)) | {Place("a")}
    assert [run.id.project for run in await filled.executions.page(query(places=many))] == ["a", "a"]
