"""Notices are kept once, come in time, and are removed when they are old."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.contract.store.records import audit, query, where

from alula.core.errors import FailedPrecondition
from alula.server.store import Store
from alula.server.store.leases import Lease
from alula.server.store.notices import Notice, NoticeState

pytestmark = pytest.mark.anyio


def notice(id: str, *, due_at: int | None = 10, **more: Any) -> Notice:
    given: dict[str, Any] = {"body": b"body", "created_at": 5, **more}
    return Notice(id, "rule", "mail", "p", "d", "execution p/d/a", "FAILED", due_at=due_at, **given)


async def lease_of(store: Store) -> Lease:
    return await store.leases.claim("notices", "a", lease_us=60_000_000)


async def test_each_is_kept_once_as_it_came_first(store: Store) -> None:
    assert await store.notices.add([notice("a"), notice("b")]) == 2
    assert await store.notices.add([notice("b", body=b"other"), notice("c")]) == 1
    assert await store.notices.get("b") == notice("b")
    assert await store.notices.get("d") is None


async def test_those_that_are_due_come_by_time(store: Store) -> None:
    assert await store.notices.next_due() is None
    due = [notice("late", due_at=30), notice("never", due_at=None), notice("soon", due_at=20)]
    await store.notices.add(due)
    assert await store.notices.next_due() == 20
    assert await store.notices.due(19, limit=9) == []
    assert [each.id for each in await store.notices.due(30, limit=9)] == ["soon", "late"]
    assert [each.id for each in await store.notices.due(30, limit=1)] == ["soon"]


async def test_what_became_of_one_is_noted_and_it_can_be_sent_again(store: Store) -> None:
    lease = await lease_of(store)
    await store.notices.add([notice("a"), notice("b")])
    dead = msgspec.structs.replace(
        notice("a"), state=NoticeState.DEAD, tries=8, due_at=None, ended_at=9, error="nobody answers"
    )
    await store.notices.settle(lease, dead)
    await store.notices.settle(lease, notice("gone"))
    assert await store.notices.page(query(where("state", "eq", "DEAD"))) == [dead]
    assert await store.notices.get("gone") is None
    assert await store.notices.resend("a", now=50, audit=audit("resend"))
    assert await store.notices.get("a") == notice("a", due_at=50)
    assert not await store.notices.resend("gone", now=50, audit=audit("resend"))
    assert len(await store.audits.page(query(where("action", "eq", "resend")))) == 1


async def test_only_the_holder_of_the_lease_notes_anything(store: Store) -> None:
    lost = await store.leases.claim("notices", "a", lease_us=0)
    await store.leases.claim("notices", "b", lease_us=60_000_000)
    await store.notices.add([notice("a")])
    with pytest.raises(FailedPrecondition, match="does not hold the lease"):
        await store.notices.settle(lost, notice("a", due_at=None))
    assert await store.notices.page(query()) == [notice("a")]
