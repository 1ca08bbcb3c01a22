"""Commits one event after the other and prints the number of each that the store acknowledged, until it is killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.contract.store.records import audit, commit, execution, execution_id, node

from alula.server.stores.sql.adapter import SqlStore


async def main() -> None:
    store = SqlStore(sys.argv[1])
    await store.start()
    id = execution_id("a1")
    await store.executions.create(execution("a1"), b"created", audit())
    seq = 1
    while True:
        assert await store.log.commit([commit(id, seq, str(seq).encode(), nodes=[node(f"n{seq}")])]) == [True]
        print(seq, flush=True)
        seq += 1


asyncio.run(main())
