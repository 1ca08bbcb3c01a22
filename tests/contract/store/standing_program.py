"""Commits an event and stands still, by SIGSTOP, when all is written and the transaction is about to be committed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from sqlalchemy import Connection, Engine, event
from tests.contract.store.records import commit, execution_id

from alula.server.stores.sql.adapter import SqlStore


def stand_still(_connection: Connection) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)
    threading.Event().wait()  # should another thread stop first


async def main() -> None:
    store = SqlStore(sys.argv[1])
    await store.start()
    event.listen(Engine, "commit", stand_still)
    await store.log.commit([commit(execution_id("a1"), 1, b"never", owner="r1")])


asyncio.run(main())
