"""Pages that go on from the last row: in every order of every list, whatever comes and goes meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from random import Random
from typing import Any

import msgspec
import pytest
from tests.contract.store.records import audit, backfill, commit, entity, execution, execution_id, query

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    CacheEntry,
    CacheStatus,
    ExecutionPhase,
    ItemRecord,
    NodePhase,
    NodeRecord,
    SignalRecord,
)
from alula.core.errors import InvalidInput
from alula.core.ids import EntityId
from alula.core.policy.backfilling import SlotState
from alula.core.policy.cache_key import CacheKey
from alula.server.store import Store
from alula.server.store.artifacts import ARTIFACTS, ArtifactQuery, ArtifactRecord
from alula.server.store.attempts import ATTEMPTS
from alula.server.store.audits import AUDITS
from alula.server.store.backfill_records import BACKFILLS, SLOTS, SlotRecord
from alula.server.store.catalog import CATALOG
from alula.server.store.datasets import DATASETS, DatasetId, DatasetRecord
from alula.server.store.entities import ENTITIES, ENTITY_NAMES
from alula.server.store.executions import EXECUTIONS
from alula.server.store.items import ITEMS
from alula.server.store.listing import Listing
from alula.server.store.named_entities import NAMED_ENTITIES
from alula.server.store.nodes import NODES, TAKERS
from alula.server.store.notices import NOTICES, Notice, NoticeState
from alula.server.store.projects import PROJECTS, ProjectRecord
from alula.server.store.query import Filter, Query
from alula.server.store.schedule_records import SCHEDULES, ScheduleRecord
from alula.server.store.signals import SIGNALS
from alula.server.store.trigger_records import FIRINGS, TRIGGERS, FiringRecord, FiringState, TriggerRecord

pytestmark = pytest.mark.anyio
RUN = execution_id("run")
DATASET = DatasetId("p", "d", "kept", "1")
Read = Callable[[Query], Awaitable[Sequence[Any]]]
Between = Callable[[], Awaitable[None]]


async def _nothing() -> None: ...


async def page_through(
    read: Read, listing: Listing[Any], asked: Query, size: int, between: Between = _nothing
) -> list[Any]:
    """All rows, in pages of a size."""
    found: list[Any] = []
    asked = msgspec.structs.replace(asked, limit=size)
    while rows := await read(asked):
        found += rows
        asked = msgspec.structs.replace(asked, after=listing.position(rows[-1], asked.sort_by))
        await between()
    return found


def rank(listing: Listing[Any], sort_by: str) -> Callable[[Any], Any]:
    """What rows are ordered by: values that are not known before all others."""

    def key(row: Any) -> Any:
        value, *identity = listing.position(row, sort_by)
        return (False, *identity) if value is None else (True, value, *identity)

    return key


@pytest.fixture
async def filled(store: Store) -> Store:
    """A store in which each list has rows. Some differ in their identity alone."""
    random = Random(1)
    some = partial(random.choice, (1, 2, 3))
    perhaps = partial(random.choice, (None, 1, 2))
    for project in ("a", "b", "c"):
        await store.projects.put(ProjectRecord(project, "same", created_at=some()), audit(at=some()))
    for number in range(12):
        id = EntityId(random.choice(("a", "b")), "d", random.choice("xyz"), f"v{number}")
        await store.entities.register([entity(id=id, created_at=some(), kind="task")], audit(at=some()))
    for number in range(9):
        dataset = DatasetId(random.choice(("a", "b")), "d", f"n{number}", "1")
        await store.datasets.create(DatasetRecord(dataset, "u", (), {}, some()), audit())
        await store.artifacts.create(ArtifactRecord(DATASET, f"a{number}", {}, {}, b"", some()), audit())
    for number in range(9):
        plan = EntityId("a", "d", f"p{number}", "1")
        await store.entities.register([entity(id=plan, kind="launch_plan")], audit(at=some()))
        schedule = ScheduleRecord(plan, "ada", some(), some(), perhaps(), last_at=perhaps(), missed=some())
        trigger = TriggerRecord(plan, random.choice("xy"), some(), "run", random.choice("xy"), perhaps(), some())
        await store.entities.set_launch_plan_active(
            plan, active=True, audit=audit(at=some()), schedule=schedule, trigger=trigger
        )
        firing = FiringRecord(plan, "c", "told", some(), random.choice([*FiringState]), run=random.choice("xy"))
        await store.triggers.fire(firing)
        state = random.choice([*NoticeState])
        notice = Notice(f"{number}", "r", random.choice("xy"), "a", "d", "s", "FAILED", b"", some(), state, some())
        assert await store.notices.add([notice]) == 1
        of_plan = backfill(f"b{number}", created_at=some(), ended_at=perhaps(), plan=plan)
        assert await store.backfills.create(of_plan, [], audit())
    backfilled = [SlotRecord(number, some(), f"r{number}", random.choice([*SlotState])) for number in range(9)]
    assert await store.backfills.create(backfill(), backfilled, audit())
    await store.executions.create(execution("run"), b"", audit())
    phases = (NodePhase.RUNNING, NodePhase.SUCCEEDED)
    nodes = [
        NodeRecord(
            f"n{number}",
            random.choice(phases),
            some(),
            created_at=perhaps(),
            started_at=perhaps(),
            cache_status=random.choice((None, CacheStatus.HIT)),
            cache_source=random.choice("xy"),
        )
        for number in range(12)
    ]
    attempts = [AttemptRecord("n0", number, AttemptPhase.RUNNING, some()) for number in range(5)]
    items = [ItemRecord("n0", number, 0, AttemptPhase.RUNNING, some()) for number in range(9)]
    signals = [SignalRecord(f"s{number}", "n1", created_at=perhaps(), principal="ada") for number in range(9)]
    published = [
        CacheEntry(
            CacheKey(random.choice(("a", "b")), "d", "t", "1", "i", {}, f"{number}"), b"", random.choice("xy"), some()
        )
        for number in range(12)
    ]
    await store.log.commit(
        [commit(RUN, 1, b"", nodes=nodes, attempts=attempts, items=items, signals=signals, published=published)]
    )
    return store


def lists(store: Store) -> dict[str, tuple[Listing[Any], Read]]:
    def artifacts(asked: Query) -> Awaitable[Sequence[Any]]:
        return store.artifacts.page(
            ArtifactQuery(DATASET, asked.limit, asked.offset, descending=asked.descending, after=asked.after)
        )

    return {
        "projects": (PROJECTS, store.projects.page),
        "tasks": (ENTITIES, partial(store.entities.page, "task")),
        "names": (ENTITY_NAMES, partial(store.entities.names, "task")),
        "named entities": (NAMED_ENTITIES, partial(store.named_entities.page, "task")),
        "nodes": (NODES, partial(store.nodes.page, RUN, None)),
        "takers": (TAKERS, store.nodes.takers),
        "attempts": (ATTEMPTS, partial(store.attempts.page, RUN, "n0")),
        "items": (ITEMS, partial(store.items.page, RUN, "n0")),
        "signals": (SIGNALS, partial(store.signals.page, RUN)),
        "cache entries": (CATALOG, store.catalog.page),
        "datasets": (DATASETS, store.datasets.page),
        "artifacts": (ARTIFACTS, artifacts),
        "schedules": (SCHEDULES, store.schedules.page),
        "triggers": (TRIGGERS, store.triggers.page),
        "firings": (FIRINGS, store.triggers.firings),
        "backfills": (BACKFILLS, store.backfills.page),
        "slots": (SLOTS, partial(store.backfills.slots, backfill().id)),
        "notices": (NOTICES, store.notices.page),
        "audits": (AUDITS, store.audits.page),
    }


async def test_every_list_is_paged_in_every_order(filled: Store) -> None:
    for name, (listing, read) in lists(filled).items():
        fields = ["created_at"] if name == "artifacts" else [*listing.fields]
        for sort_by in fields:
            for descending in (False, True):
                asked = query(sort_by=sort_by, descending=descending, limit=1_000)
                whole = await read(asked)
                assert len(whole) > 2, name
                in_order = sorted(whole, key=rank(listing, sort_by), reverse=descending)
                assert whole == in_order, (name, sort_by, descending)
                for size in (1, 4):
                    assert await page_through(read, listing, asked, size) == whole, (name, sort_by, descending, size)


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_there_throughout_is_told_once_whatever_comes_meanwhile(store: Store, seed: int) -> None:
    random = Random(seed)
    numbers = iter(random.sample(range(10_000), 1_000))

    async def launch() -> None:
        record = execution(
            execution_id(f"r{next(numbers)}", project=random.choice(("a", "b"))),
            created_at=random.randrange(5),
            updated_at=random.randrange(5),
            started_at=random.choice((None, 1, 2)),
            ended_at=random.choice((None, 1, 2)),
            abort_cause=random.choice((None, "a", "ä")),
            phase=random.choice((ExecutionPhase.RUNNING, ExecutionPhase.FAILED)),
            principal=random.choice(("ada", "bob")),
        )
        await store.executions.create(record, b"", audit())

    for _ in range(30):
        await launch()
    chosen = random.choice(((), (Filter("project", "eq", ("a",)),), (Filter("phase", "eq", ("RUNNING",)),)))
    for sort_by in random.sample([*EXECUTIONS.fields], 6):
        asked = query(*chosen, sort_by=sort_by, descending=random.random() < 0.5, limit=1_000)
        before = [row.id for row in await store.executions.page(asked)]
        found = await page_through(store.executions.page, EXECUTIONS, asked, random.randint(1, 9), launch)
        told = [row.id for row in found]
        assert [id for id in told if id in before] == before, (sort_by, asked)
        assert len(set(told)) == len(told)


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_there_throughout_is_told_once_whatever_goes_meanwhile(filled: Store, seed: int) -> None:
    random = Random(seed)
    gone: set[str] = set()

    async def evict() -> None:
        digest = f"{random.randrange(12)}"
        gone.add(digest)
        await filled.catalog.evict([Filter("digest", "eq", (digest,))], audit())

    sort_by, descending = random.choice([*CATALOG.fields]), random.random() < 0.5
    asked = query(sort_by=sort_by, descending=descending, limit=1_000)
    before = [entry.key.digest for entry in await filled.catalog.page(asked)]
    found = await page_through(filled.catalog.page, CATALOG, asked, random.randint(1, 4), evict)
    told = [entry.key.digest for entry in found]
    assert [digest for digest in told if digest not in gone] == [digest for digest in before if digest not in gone]
    assert len(set(told)) == len(told)


async def test_rows_may_be_left_out_from_a_position_on(filled: Store) -> None:
    asked = query(sort_by="name", limit=1_000)
    whole = await filled.datasets.page(asked)
    after = DATASETS.position(whole[1], "name")
    assert await filled.datasets.page(msgspec.structs.replace(asked, offset=2, after=after)) == whole[4:]


@pytest.mark.parametrize(
    "after",
    [
        (),
        (1,),
        (1, "a", "b", "c", "d"),
        ("x", "a", "b", "c"),
        (1, 2, "b", "c"),
        (1, None, "b", "c"),
        (1 << 70, "a", "b", "c"),
    ],
)
async def test_a_position_of_another_list_is_refused(store: Store, after: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidInput) as raised:
        await store.executions.page(msgspec.structs.replace(query(sort_by="created_at"), after=after))
    assert raised.value.code == "BadPage"
