from __future__ import annotations

import pytest
from tests.contract.store.records import audit, commit, execution, execution_id, node, query, running, where

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    CacheStatus,
    ExecutionChange,
    ExecutionPhase,
    ItemRecord,
    NodePhase,
    NodeRecord,
    Reason,
)
from alula.core.errors import InvalidInput, TaskError
from alula.core.ids import EntityId
from alula.server.store import Store
from alula.server.store.query import Filter, Query
from alula.server.stores.checking import VALUES_MAX

pytestmark = pytest.mark.anyio
ID = execution_id("a1")
ERROR = TaskError("Boom", "it \0 broke", "SYSTEM", True, "n0")


async def launch(store: Store, *names: str, **more: object) -> None:
    for number, name in enumerate(names):
        given = {"created_at": 10 + number, **more}
        assert await store.executions.create(execution(name, **given), b"created", audit())


async def test_an_execution_comes_back_as_it_was_created(store: Store) -> None:
    full = execution(
        "a1",
        phase=ExecutionPhase.FAILED,
        started_at=11,
        ended_at=12,
        error=ERROR,
        outputs=b"",
        abort_cause="why",
        abort_principal="bob",
        archived=True,
        labels={"team": "ml", "empty": ""},
        mode=3,
        launch_entity="task",
        launch_plan=EntityId("p", "d", "t", "v"),
    )
    assert await store.executions.create(full, b"created", audit())
    assert await store.executions.get(ID) == full
    assert await store.log.read(ID) == [b"created"]
    assert await store.executions.get(execution_id("a2")) is None
    assert await store.log.read(execution_id("a2")) == []


async def test_an_execution_is_created_once(store: Store) -> None:
    await launch(store, "a1")
    again = execution("a1", spec=b"other", labels={"x": "y"})
    assert not await store.executions.create(again, b"other", audit("again"))
    kept = await store.executions.get(ID)
    assert kept is not None
    assert (kept.spec, kept.labels) == (b"spec", {})
    assert await store.log.read(ID) == [b"created"]
    assert await store.audits.page(query(where("action", "eq", "again"))) == []


async def test_what_a_caller_does_to_a_record_does_not_reach_the_store(store: Store) -> None:
    given = execution("a1")
    await store.executions.create(given, b"created", audit())
    await store.log.commit([commit(ID, 1, nodes=[given_node := node()])])
    given.phase = ExecutionPhase.FAILED
    given_node.phase = NodePhase.FAILED
    read, read_node = await store.executions.get(ID), await store.nodes.get(ID, "n0")
    assert read is not None
    assert read_node is not None
    assert (read.phase, read_node.phase) == (ExecutionPhase.QUEUED, NodePhase.RUNNING)
    read.phase = ExecutionPhase.FAILED
    kept = await store.executions.get(ID)
    assert kept is not None
    assert kept.phase is ExecutionPhase.QUEUED


async def test_executions_of_the_same_name_in_other_projects_are_others(store: Store) -> None:
    there = execution_id("a1", project="other")
    await launch(store, "a1")
    await store.executions.create(execution(there), b"there", audit())
    assert await store.log.commit([commit(there, 1, b"e", nodes=[node("n9")])]) == [True]
    assert await store.log.read(ID) == [b"created"]
    assert await store.nodes.get(ID, "n9") is None


async def test_executions_are_filtered_by_each_kind_of_field(store: Store) -> None:
    await launch(store, "a1", "a2", "a3")
    await store.log.commit([commit(execution_id("a2"), 1, execution=running(50, started_at=40))])
    await store.executions.create(
        execution("b1", created_at=1_700_000_000_000_000, workflow=EntityId("p", "d", "Train_x", "2")),
        b"c",
        audit(),
    )

    async def names(*filters: Filter, limit: int = 100) -> list[str]:
        found = await store.executions.page(query(*filters, sort_by="name", descending=False, limit=limit))
        return [one.id.name for one in found]

    assert await names(where("name", "value_in", "a1", "a3", "zz")) == ["a1", "a3"]
    assert await names(where("phase", "eq", "RUNNING")) == ["a2"]
    assert await names(where("phase", "value_in", "2", "queued")) == ["a1", "a2", "a3", "b1"]
    assert await names(where("phase", "ne", "1")) == ["a2"]
    assert await names(where("created_at", "gt", "11")) == ["a3", "b1"]
    assert await names(where("created_at", "gte", "2023-11-14T22:13:20Z")) == ["b1"]
    assert await names(where("created_at", "gt", "2023-11-14T23:13:20.000000001+01:00")) == []
    assert await names(where("started_at", "lte", "40")) == ["a2"]
    assert await names(where("started_at", "ne", "1")) == ["a2"]
    assert await names(where("workflow.name", "contains", "in_")) == ["b1"]
    assert await names(where("workflow.name", "contains", "train")) == []
    assert await names(where("workflow.version", "eq", "2"), where("project", "eq", "flytesnacks")) == ["b1"]
    assert await names(where("launch_plan.name", "eq", "etl"), where("mode", "lt", "1")) == ["a1", "a2", "a3", "b1"]


async def test_executions_are_archived_and_filtered_by_state(store: Store) -> None:
    await launch(store, "a1", "a2")
    assert await store.executions.set_archived(ID, archived=True, audit=audit("archive"))
    assert not await store.executions.set_archived(execution_id("zz"), archived=True, audit=audit("archive"))
    active = await store.executions.page(query(where("state", "eq", "EXECUTION_ACTIVE")))
    archived = await store.executions.page(query(where("state", "eq", "1")))
    assert ([e.id.name for e in active], [e.id.name for e in archived]) == (["a2"], ["a1"])
    assert archived[0].archived
    assert len(await store.audits.page(query(where("action", "eq", "archive")))) == 1


async def test_filters_on_labels_speak_of_one_and_the_same_label(store: Store) -> None:
    await store.executions.create(execution("a1", labels={"eager-exec": "e1", "team": "ml"}), b"c", audit())
    await store.executions.create(execution("a2", labels={"eager-exec": "ml"}), b"c", audit())
    await store.executions.create(execution("a3"), b"c", audit())

    async def names(*filters: Filter) -> list[str]:
        return [one.id.name for one in await store.executions.page(query(*filters, sort_by="name"))]

    key = where("execution_tag.key", "value_in", "eager-exec")
    assert await names(key) == ["a2", "a1"]
    assert await names(key, where("execution_tag.value", "value_in", "e1")) == ["a1"]
    assert await names(key, where("execution_tag.value", "value_in", "ml")) == ["a2"]
    assert await names(key, where("execution_tag.value", "eq", "e1"), where("phase", "eq", "RUNNING")) == []


async def test_pages_neither_overlap_nor_miss_a_row_when_all_are_of_one_time(store: Store) -> None:
    names = [f"a{n:02}" for n in range(25)]
    for name in names:
        await store.executions.create(execution(name, created_at=7), b"c", audit())
    seen: list[str] = []
    for offset in range(0, 30, 10):
        seen += [one.id.name for one in await store.executions.page(query(limit=10, offset=offset))]
    assert seen == names[::-1]


async def test_unknown_times_come_before_all_others(store: Store) -> None:
    await launch(store, "a1", "a2")
    await store.log.commit([commit(ID, 1, execution=running(20, started_at=20))])
    upward = await store.executions.page(query(sort_by="started_at", descending=False))
    downward = await store.executions.page(query(sort_by="started_at"))
    assert [e.id.name for e in upward] == ["a2", "a1"]
    assert [e.id.name for e in downward] == ["a1", "a2"]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (query(where("spec", "eq", "x")), "UnknownField"),
        (query(where("name; DROP TABLE executions", "eq", "x")), "UnknownField"),
        (query(sort_by="spec"), "UnknownField"),
        (query(sort_by="execution_tag.key"), "UnknownField"),
        (query(where("phase", "eq", "SPLENDID")), "BadFilterValue"),
        (query(where("created_at", "gt", "yesterday")), "BadFilterValue"),
        (query(where("created_at", "gt", "9" * 19)), "BadFilterValue"),
        (query(where("mode", "gt", "1.5")), "BadFilterValue"),
        (query(where("name", "eq", "a", "b")), "BadFilter"),
        (query(where("name", "value_in")), "BadFilter"),
        (query(where("name", "value_in", *map(str, range(VALUES_MAX + 1)))), "BadFilter"),
        (query(*[where("name", "ne", "b")] * (VALUES_MAX + 1)), "BadFilter"),
        (query(where("created_at", "contains", "1")), "BadFilter"),
        (query(limit=0), "BadPage"),
        (query(offset=-1), "BadPage"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(store: Store, bad: Query, code: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        await store.executions.page(bad)
    assert raised.value.code == code


async def test_a_query_may_name_many_values(store: Store) -> None:
    await launch(store, "a1")
    for filters in (
        [where("name", "value_in", "a1", *map(str, range(VALUES_MAX - 1)))],
        [where("name", "ne", str(number)) for number in range(VALUES_MAX)],
    ):
        assert [found.id.name for found in await store.executions.page(query(*filters))] == ["a1"]


async def test_an_unknown_field_is_answered_with_those_that_there_are(store: Store) -> None:
    with pytest.raises(InvalidInput) as raised:
        await store.nodes.page(ID, None, query(where("colour", "eq", "red")))
    assert "`colour`" in raised.value.message
    assert "node_id, phase" in raised.value.fix


async def test_a_node_keeps_what_a_later_record_does_not_mention(store: Store) -> None:
    await launch(store, "a1")
    first = NodeRecord(
        "n0",
        NodePhase.QUEUED,
        20,
        spec_node_id="n0",
        parent_id="",
        created_at=20,
        inputs=b"in",
        cache_status=CacheStatus.MISS,
        cache_source="source",
        deck_uri="deck",
        is_parent=True,
        is_dynamic=False,
        is_array=False,
    )
    await store.log.commit([commit(ID, 1, b"a", nodes=[first])])
    assert await store.nodes.get(ID, "n0") == first
    await store.log.commit([commit(ID, 2, b"b", nodes=[node(started_at=30), node(at=31)])])
    await store.log.commit([commit(ID, 3, b"c", nodes=[node(phase=NodePhase.FAILED, at=40, ended_at=40, error=ERROR)])])
    first.phase, first.updated_at, first.started_at = NodePhase.FAILED, 40, 30
    first.ended_at, first.error = 40, ERROR
    assert await store.nodes.get(ID, "n0") == first
    assert await store.nodes.get(ID, "n1") is None


async def test_an_execution_keeps_what_a_later_change_does_not_mention(store: Store) -> None:
    await launch(store, "a1")
    await store.log.commit([commit(ID, 1, b"a", execution=running(20, started_at=20))])
    ended = ExecutionChange(
        ExecutionPhase.ABORTED, 30, ended_at=30, error=ERROR, outputs=b"out", abort_cause="no\0", abort_principal="bob"
    )
    await store.log.commit([commit(ID, 2, b"b", execution=ended)])
    await store.log.commit([commit(ID, 3, b"c", execution=ExecutionChange(ExecutionPhase.ABORTED, 31))])
    read = await store.executions.get(ID)
    assert read is not None
    assert (read.phase, read.updated_at, read.started_at, read.ended_at) == (ExecutionPhase.ABORTED, 31, 20, 30)
    assert (read.error, read.outputs, read.abort_principal) == (ERROR, b"out", "bob")
    assert read.abort_cause is not None
    assert read.abort_cause.startswith("no")


async def test_nodes_are_listed_by_parent(store: Store) -> None:
    await launch(store, "a1")
    nodes = [
        node("n0", parent_id="", created_at=1),
        node("n1", parent_id="", created_at=2, phase=NodePhase.SUCCEEDED, cache_status=CacheStatus.HIT),
        node("n0-0-dn0", parent_id="n0", created_at=3),
    ]
    await store.log.commit([commit(ID, 1, b"a", nodes=nodes)])

    async def ids(parent: str | None, *filters: Filter) -> list[str]:
        return [n.node_id for n in await store.nodes.page(ID, parent, query(*filters, descending=False))]

    assert await ids("") == ["n0", "n1"]
    assert await ids("n0") == ["n0-0-dn0"]
    assert await ids(None) == ["n0", "n1", "n0-0-dn0"]
    assert await ids("nowhere") == []
    assert await ids("", where("phase", "value_in", "SUCCEEDED", "FAILED")) == ["n1"]
    assert await ids(None, where("cache_status", "eq", "HIT")) == ["n1"]
    assert [n.node_id for n in await store.nodes.page(ID, None, query(limit=1, offset=1))] == ["n1"]


async def test_lists_of_nodes_leave_out_values_unless_they_are_asked_for(store: Store) -> None:
    await launch(store, "a1")
    await store.log.commit([commit(ID, 1, b"a", nodes=[node("n0", created_at=1, inputs=b"in", outputs=b"out")])])
    (listed,) = await store.nodes.page(ID, None, query())
    (whole,) = await store.nodes.page(ID, None, query(), with_values=True)
    assert (listed.inputs, listed.outputs) == (None, None)
    assert (whole.inputs, whole.outputs) == (b"in", b"out")
    assert whole == await store.nodes.get(ID, "n0")


async def test_attempts_are_listed_by_number(store: Store) -> None:
    await launch(store, "a1")
    task = EntityId("p", "d", "t", "v")
    second = AttemptRecord("n0", 1, AttemptPhase.QUEUED, 30, created_at=30, is_interruptible=True, size=7)
    first = AttemptRecord("n0", 0, AttemptPhase.QUEUED, 20, task=task, task_type="python-task", created_at=20)
    await store.log.commit([commit(ID, 1, b"a", attempts=[second, first])])
    failed = AttemptRecord("n0", 0, AttemptPhase.FAILED, 25, started_at=21, ended_at=25, error=ERROR)
    await store.log.commit([commit(ID, 2, b"b", attempts=[failed])])
    read = await store.attempts.page(ID, "n0", query(descending=False))
    assert [attempt.attempt for attempt in read] == [0, 1]
    assert read[0] == AttemptRecord(
        "n0", 0, AttemptPhase.FAILED, 25, task, "python-task", 20, started_at=21, ended_at=25, error=ERROR
    )
    assert read[1] == second
    assert await store.attempts.page(ID, "n1", query()) == []
    assert await store.attempts.page(ID, "n0", query(limit=1)) == [second]
    assert await store.attempts.page(ID, "n0", query(limit=1, offset=1)) == [read[0]]
    assert await store.attempts.page(ID, "n0", query(where("attempt", "eq", "1"))) == [second]


async def test_an_item_is_shown_at_its_newest_attempt(store: Store) -> None:
    await launch(store, "a1")
    failed = ItemRecord("n0", 0, 0, AttemptPhase.FAILED, 20, started_at=19, ended_at=20, error=ERROR)
    await store.log.commit([commit(ID, 1, b"a", items=[failed])])
    assert await store.items.page(ID, "n0", query()) == [failed]
    await store.log.commit(
        [commit(ID, 2, b"b", items=[ItemRecord("n0", 0, 1, AttemptPhase.RUNNING, 30, started_at=30)])]
    )
    done = ItemRecord("n0", 0, 1, AttemptPhase.SUCCEEDED, 40, ended_at=40, cache_status=CacheStatus.POPULATED)
    await store.log.commit([commit(ID, 3, b"c", items=[done])])
    stale = ItemRecord("n0", 0, 0, AttemptPhase.ABORTED, 50, ended_at=50, error=ERROR)
    await store.log.commit([commit(ID, 4, b"d", items=[stale])])
    [item] = await store.items.page(ID, "n0", query())
    assert item == ItemRecord("n0", 0, 1, AttemptPhase.SUCCEEDED, 40, 30, 40, cache_status=CacheStatus.POPULATED)


async def test_items_are_paged_by_index_and_filtered(store: Store) -> None:
    await launch(store, "a1")
    phases = [AttemptPhase.SUCCEEDED, AttemptPhase.FAILED]
    rows = [ItemRecord("n0", i, 0, phases[i % 2], 100 - i) for i in range(50)]
    await store.log.commit([commit(ID, 1, b"a", items=rows)])
    page = await store.items.page(ID, "n0", query(sort_by="index", descending=False, limit=10, offset=20))
    assert [item.index for item in page] == list(range(20, 30))
    failed = await store.items.page(ID, "n0", query(where("phase", "eq", "FAILED"), where("index", "lt", "4")))
    assert [item.index for item in failed] == [3, 1]
    oldest = await store.items.page(ID, "n0", query(sort_by="updated_at", descending=False, limit=2))
    assert [item.index for item in oldest] == [49, 48]
    halves = {AttemptPhase.SUCCEEDED: 25, AttemptPhase.FAILED: 25}
    assert await store.items.counts(ID) == await store.items.counts(ID, ["n0", "n1"]) == {"n0": halves}
    assert await store.items.counts(ID, ["n1"]) == {}


async def test_reasons_go_on_in_order_however_many_a_commit_has(store: Store) -> None:
    await launch(store, "a1")
    await launch(store, "a2")
    said = [Reason(i, "n0", 0, i, "Told", f"{i}") for i in range(60)]
    other = execution_id("a2")
    await store.log.commit([commit(ID, 1, b"a", reasons=said[:3]), commit(other, 1, b"a", reasons=said[:40])])
    await store.log.commit([commit(ID, 2, b"b", reasons=said[3:43]), commit(other, 2, b"b", reasons=said[40:41])])
    await store.log.commit([commit(ID, 3, b"c", reasons=said[43:])])
    assert [number for number, _ in await store.reasons.page(ID, limit=100)] == list(range(1, 61))
    assert await store.reasons.read(ID) == said
    assert await store.reasons.read(other) == said[:41]


async def test_reasons_come_in_the_order_in_which_they_were_given(store: Store) -> None:
    await launch(store, "a1")
    said = [Reason(20, f"n{i % 2}", -1, -1, "Queued", f"waits \0 {i}", {"for": str(i)}) for i in range(5)]
    await store.log.commit([commit(ID, 1, reasons=said[:2]), commit(ID, 1, reasons=said[2:3])])
    await store.log.commit([commit(ID, 1, b"a", reasons=said[3:])])
    assert await store.reasons.read(ID) == said
    assert await store.reasons.read(ID, "n1") == [said[1], said[3]]
    assert await store.reasons.read(execution_id("a2")) == []


async def test_audits_are_filtered_and_paged(store: Store) -> None:
    for at in range(5):
        given = audit("launch", at=100 + at, target=f"t{at}", detail="d", project="p", domain="d")
        await store.executions.create(execution(f"a{at}"), b"c", given)
    found = await store.audits.page(query(where("project", "eq", "p"), limit=2))
    assert [entry.target for entry in found] == ["t4", "t3"]
    assert found[0] == audit(
        "launch", at=104, target="t4", detail="d", project="p", domain="d", number=found[1].number + 1
    )
    later = await store.audits.page(query(where("at", "gt", "102"), where("action", "eq", "launch"), descending=False))
    assert [entry.at for entry in later] == [103, 104]


async def test_lists_leave_values_out_unless_they_are_asked_for(store: Store) -> None:
    given = execution("a1", outputs=b"outputs", task_resources=b"resources", incarnation="x")
    await store.executions.create(given, b"c", audit())
    (row,) = await store.executions.page(query())
    assert (row.spec, row.inputs, row.user_inputs, row.outputs) == (b"spec", b"", b"", None)
    assert (row.task_resources, row.incarnation) == (b"", "")
    assert await store.executions.page(query(), with_values=True) == [given]
