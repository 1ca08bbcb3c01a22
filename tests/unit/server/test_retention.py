"""The duty of retention: what goes, what is left because something names it, and a crash after any step."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import literals_pb2
from tests.contract.store.records import audit, cache_entry, commit, execution, execution_id, node, query, where

from alula.core.engine.records import AttemptPhase, AttemptRecord, ExecutionChange, ExecutionPhase, ItemRecord
from alula.core.errors import FailedPrecondition, NotFound
from alula.core.ids import AttemptId, ExecutionId
from alula.core.policy.retention import DAY_US, RetentionRule, Stays
from alula.server.identity import Caller
from alula.server.retention.duty import REMOVED, Retention
from alula.server.retention.options import RetentionOptions
from alula.server.services import layout
from alula.server.services.executions import read_execution
from alula.server.services.platform import Platform
from alula.server.services.retention import keep_run, let_go, preview, run_now
from alula.server.store import Store
from alula.server.stores.memory.adapter import MemoryStore
from alula.server.stores.sql.adapter import SqlStore

pytestmark = pytest.mark.anyio
NOW = 1_700_000_000_000_000
OLD = NOW - 10 * DAY_US
RULE = RetentionRule("old", keep_days=7)
OPTIONS = RetentionOptions((RULE,), settled_s=0)


@pytest.fixture(params=["memory", "sqlite"])
async def retained(request: pytest.FixtureRequest, platform: Platform, tmp_path: Path) -> AsyncIterator[Platform]:
    """The platform with a rule, on a clock that stands still."""
    clock = lambda: NOW  # noqa: E731
    store: Store = MemoryStore(clock=clock)
    if request.param == "sqlite":
        store = SqlStore(f"sqlite:///{tmp_path / 'a.sqlite'}", clock=clock)
    await store.start()
    yield dataclasses.replace(platform, store=store, clock=clock, retention_rules=(RULE,), settled_s=0)
    await store.stop()


def data_of(platform: Platform, run: ExecutionId, *, item: int = -1, attempt: int = 0) -> str:
    """The prefix of the data of an attempt of node n0."""
    return layout.data_prefix(platform.blobs, "", AttemptId(run, "n0", attempt, item), incarnation=f"{run.name}-1")


def naming(uri: str) -> bytes:
    """Values that name an object."""
    blob = literals_pb2.Literal(scalar=literals_pb2.Scalar(blob=literals_pb2.Blob(uri=uri)))
    return literals_pb2.LiteralMap(literals={"x": blob}).SerializeToString()


async def ran(platform: Platform, name: str, *, ended_at: int | None = OLD, **more: Any) -> ExecutionId:
    """A run of one node of two attempts, with data of the second, and a log."""
    id = execution_id(name)
    spec = execution_pb2.ExecutionSpec().SerializeToString()
    record = execution(name, spec=spec, incarnation=f"{name}-1", created_at=OLD, **more)
    assert await platform.store.executions.create(record, b"created", audit())
    changed: dict[str, Any] = {
        "nodes": [node("n0", at=OLD, outputs=b"")],
        "attempts": [AttemptRecord("n0", number, AttemptPhase.SUCCEEDED, OLD) for number in range(2)],
        "items": [ItemRecord("n0", 3, 0, AttemptPhase.SUCCEEDED, OLD)],
    }
    if ended_at is not None:
        changed["execution"] = ExecutionChange(ExecutionPhase.SUCCEEDED, ended_at, ended_at=ended_at)
    assert await platform.store.log.commit([commit(id, 1, b"end", **changed)]) == [True]
    await platform.blobs.put(f"{data_of(platform, id, attempt=1)}/file", b"data")
    await platform.blobs.put(f"{data_of(platform, id, item=3)}/file", b"data")
    await platform.blobs.put(f"{layout.run_prefix(platform.blobs, id, incarnation=f'{name}-1')}/log.txt", b"log")
    return id


async def apply(platform: Platform, options: RetentionOptions = OPTIONS) -> Retention:
    duty = Retention(platform, options)
    await platform.store.leases.release(None)
    lease = await platform.store.leases.claim("retention", "a", lease_us=60_000_000)
    assert await duty(lease) == options.every_s
    return duty


async def objects(platform: Platform) -> list[str]:
    return [uri.removeprefix(f"{platform.blobs.uri()}/") for uri in await platform.blobs.list(platform.blobs.uri())]


async def test_an_old_run_goes_with_its_rows_its_objects_and_its_name(retained: Platform) -> None:
    id = await ran(retained, "a")
    young = await ran(retained, "young", ended_at=NOW - DAY_US)
    duty = await apply(retained)
    assert await retained.store.log.read(id) == [] != await retained.store.log.read(young)
    assert await retained.store.nodes.get(id, "n0") is None
    assert all("young" in uri for uri in await objects(retained))
    assert len(await objects(retained)) == 3
    assert [reading.values for reading in duty.measure() if reading.metric is REMOVED] == [{("old",): 1}]
    (entry,) = await retained.store.audits.page(query(where("action", "eq", "remove")))
    assert (entry.target, entry.detail, entry.principal) == (f"execution {id}", "rule old", "alula")
    assert await retained.store.executions.create(execution("a", incarnation="2"), b"created", audit())


async def test_who_opens_a_removed_run_is_told_which_rule_removed_it(retained: Platform) -> None:
    id = await ran(retained, "a")
    await apply(retained)
    with pytest.raises(NotFound, match="was removed on 2023-11-14 22:13 UTC by retention rule `old`") as caught:
        await read_execution(retained, id)
    assert caught.value.code == "ExecutionRemoved"
    with pytest.raises(NotFound, match="there is no execution"):
        await read_execution(retained, execution_id("never"))


async def test_data_that_the_cache_names_is_left_until_the_entry_goes(retained: Platform) -> None:
    id = await ran(retained, "a")
    uri = f"{data_of(retained, id, attempt=1)}/file"
    other = await ran(retained, "open", ended_at=None)
    await retained.store.log.commit([commit(other, 2, b"more", published=[cache_entry(outputs=naming(uri))])])
    await apply(retained)
    assert await retained.store.executions.get(id) is None
    assert await retained.blobs.get(uri) == b"data"
    assert not await retained.blobs.exists(data_of(retained, id, item=3))
    assert await retained.store.removals.left("", limit=9) == [data_of(retained, id, attempt=1)]
    await retained.store.catalog.evict([where("task", "eq", "train")], audit("evict"))
    await apply(retained)
    assert await retained.blobs.size(uri) is None
    assert await retained.store.removals.left("", limit=9) == []


async def test_data_that_a_run_got_as_an_input_is_left(retained: Platform) -> None:
    id = await ran(retained, "a")
    uri = f"{data_of(retained, id, attempt=1)}/file"
    await ran(retained, "user", ended_at=NOW, inputs=naming(uri))
    await apply(retained)
    assert await retained.store.executions.get(id) is None
    assert await retained.blobs.get(uri) == b"data"


async def test_data_is_left_that_only_a_value_that_was_put_aside_names(retained: Platform) -> None:
    id = await ran(retained, "a")
    uri = f"{data_of(retained, id, attempt=1)}/file"
    value = f"{layout.values_prefix(retained.blobs, 'flytesnacks', 'development')}/{'0' * 64}"
    await retained.blobs.put(value, b"." * 300_000 + naming(uri))
    await ran(retained, "user", ended_at=NOW, inputs=naming(value))
    await apply(retained)
    assert await retained.blobs.get(uri) == b"data"


async def test_runs_that_go_together_do_not_keep_each_others_data(retained: Platform) -> None:
    id = await ran(retained, "a")
    await ran(retained, "user", inputs=naming(f"{data_of(retained, id, attempt=1)}/file"))
    await apply(retained)
    assert await objects(retained) == []


async def test_a_source_and_a_child_go_with_what_needs_them_and_not_before(retained: Platform) -> None:
    source, parent = await ran(retained, "source"), await ran(retained, "parent", ended_at=None)
    fork = await ran(retained, "fork", takes_over=source, ended_at=NOW - DAY_US)
    child = await ran(retained, "child", parent=parent)
    found = await preview(retained, Caller("ada"))
    assert (found.goes[0].runs, found.stays) == (0, {Stays.NEEDED: 2, Stays.YOUNG: 1, Stays.OPEN: 1})
    await apply(retained)
    for id in (source, parent, fork, child):
        assert await retained.store.executions.get(id) is not None
    over = ExecutionChange(ExecutionPhase.FAILED, OLD, ended_at=OLD)
    assert await retained.store.log.commit([commit(parent, 2, b"over", execution=over)]) == [True]
    later = dataclasses.replace(retained, clock=lambda: NOW + 7 * DAY_US)
    assert (await preview(later, Caller("ada"))).goes[0].runs == 4
    await apply(later)
    assert await objects(retained) == []


async def test_a_kept_run_stays_until_it_is_let_go_of(retained: Platform) -> None:
    id, ada = await ran(retained, "a"), Caller("ada")
    await keep_run(retained, ada, id)
    await apply(retained)
    assert await retained.store.executions.get(id) is not None
    assert (await preview(retained, ada)).stays == {Stays.KEPT: 1}
    await let_go(retained, ada, id)
    with pytest.raises(NotFound, match="nobody keeps"):
        await let_go(retained, ada, id)
    await apply(retained)
    with pytest.raises(NotFound, match="was removed"):
        await keep_run(retained, ada, id)


async def test_a_preview_tells_runs_objects_and_bytes(retained: Platform) -> None:
    await ran(retained, "a")
    await ran(retained, "b")
    found = await preview(retained, Caller("ada"))
    assert [(each.rule, each.runs, each.use.objects, each.use.bytes) for each in found.goes] == [("old", 2, 6, 22)]
    assert (found.measured, found.unfinished) == (2, 0)


async def test_without_rules_nothing_goes_and_nothing_is_begun(retained: Platform) -> None:
    bare = dataclasses.replace(retained, retention_rules=())
    id = await ran(bare, "a")
    await apply(bare, RetentionOptions())
    assert await bare.store.executions.get(id) is not None
    with pytest.raises(FailedPrecondition, match="no rule"):
        await run_now(bare, Caller("ada"))


async def test_a_round_that_is_asked_for_begins_a_new_term(retained: Platform) -> None:
    lease = await retained.store.leases.claim("retention", "a", lease_us=60_000_000)
    await run_now(retained, Caller("ada"))
    assert await retained.store.leases.renew(lease, lease_us=60_000_000) is None


async def test_removals_are_remembered_for_a_time(retained: Platform) -> None:
    id = await ran(retained, "a")
    await apply(retained)
    await apply(dataclasses.replace(retained, clock=lambda: NOW + 89 * DAY_US))
    assert await retained.store.removals.find(id) is not None
    await apply(dataclasses.replace(retained, clock=lambda: NOW + 91 * DAY_US))
    assert await retained.store.removals.find(id) is None


class Crash(BaseException):
    """The end of a process."""


class Dying:
    """Hands calls on, until so many have been made; the last is done, or not done any more."""

    def __init__(self, inner: object, steps: list[int], *, done: bool) -> None:
        self._inner = inner
        self._steps = steps
        self._done = done

    # `Any`: whatever the methods take and give.
    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name not in ("begin", "leave", "forget_left", "remove_rows", "finish", "forget", "delete"):
            return method

        async def call(*args: Any, **named: Any) -> Any:
            self._steps[0] -= 1
            if self._steps[0] == 0 and not self._done:
                raise Crash
            answer = await method(*args, **named)
            if self._steps[0] == 0:
                raise Crash
            return answer

        return call


class DyingStore:
    """A store whose removals die."""

    def __init__(self, store: Store, removals: Dying) -> None:
        self._store = store
        self.removals = removals

    def __getattr__(self, name: str) -> Any:  # `Any`: a concern
        return getattr(self._store, name)


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
async def test_a_crash_at_any_step_leaves_what_the_next_round_finishes(retained: Platform, *, done: bool) -> None:
    crashes = 0
    while True:
        name = f"r{crashes}"
        id = await ran(retained, f"{name}a")
        other = await ran(retained, f"{name}b")
        left = f"{data_of(retained, id, attempt=1)}/file"
        user = await ran(retained, f"{name}user", ended_at=NOW, inputs=naming(left))
        steps = [crashes + 1]
        store: Any = DyingStore(retained.store, Dying(retained.store.removals, steps, done=done))
        blobs: Any = Dying(retained.blobs, steps, done=done)
        try:
            await apply(dataclasses.replace(retained, store=store, blobs=blobs))
        except Crash:
            crashes += 1
        else:
            break
        for each in (id, other):  # whole, or gone
            record = await retained.store.executions.get(each)
            assert record is None or await retained.store.log.read(each) == [b"created", b"end"]
        await apply(retained)
        assert await retained.store.executions.get(id) is await retained.store.executions.get(other) is None
        assert await retained.store.log.read(id) == await retained.store.log.read(other) == []
        assert await retained.store.removals.unfinished(limit=9) == []
        of_these = [uri for uri in await objects(retained) if f"/{name}" in uri and f"/{user.name}" not in uri]
        assert of_these == [left.removeprefix(f"{retained.blobs.uri()}/")]
    assert crashes > 8
