"""Maintenance: what each concern has that means nothing any more is removed, all of it, however much there is."""

from __future__ import annotations

import pytest
from tests.contract.store.records import audit, execution

from alula.core.errors import FailedPrecondition
from alula.server.maintenance import EVERY_S, PORTION, REMOVED, Maintenance
from alula.server.store.outbox import Consumer
from alula.server.stores.memory.adapter import MemoryStore

pytestmark = pytest.mark.anyio
NOW = 1_000_000


async def test_all_is_removed_in_portions_and_counted() -> None:
    store = MemoryStore(clock=lambda: NOW)
    for number in range(PORTION + 3):
        await store.ownership.renew(f"dead{number}", now=0, lease_us=1)
    await store.ownership.renew("alive", now=NOW, lease_us=1)
    lease = await store.leases.claim("maintenance", "a", lease_us=10)
    maintenance = Maintenance(store)
    assert await maintenance(lease) == EVERY_S
    (reading,) = maintenance.measure()
    assert reading.metric is REMOVED
    assert reading.values["runners",] == PORTION + 3 and reading.values["holds",] == 0
    assert await store.ownership.remove_expired(lease, limit=1) == 0


async def test_a_consumer_that_takes_nothing_is_given_up_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore(clock=lambda: NOW)
    await store.outbox.register(Consumer("gone", keep_us=0))
    await store.executions.create(execution("a1", created_at=NOW - 5), b"event", audit())
    maintenance = Maintenance(store)
    await maintenance(await store.leases.claim("maintenance", "a", lease_us=10))
    (reading,) = maintenance.measure()
    assert reading.values["messages",] == 1
    assert "the consumer gone has taken no message" in caplog.text


async def test_one_that_has_lost_the_lease_stops() -> None:
    store = MemoryStore(clock=lambda: NOW)
    lease = await store.leases.claim("maintenance", "a", lease_us=0)
    await store.leases.claim("maintenance", "b", lease_us=10)
    with pytest.raises(FailedPrecondition, match="does not hold the lease `maintenance`"):
        await Maintenance(store)(lease)
