"""One runner on a database that it may share: `runner_program.py DATABASE_URL OBJECTS FOLDER NAME LEASE_S [POOLED]`.

FOLDER is its executor's own, POOLED is there if the URL leads to a pooler. Runs until it is killed.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.integration.processes import MARK

from alula.server.access import EverybodyMay
from alula.server.blobs.file import FileBlobs
from alula.server.executors.process.executor import ProcessExecutor
from alula.server.executors.process.options import ProcessOptions
from alula.server.logs.objects import ObjectLogs
from alula.server.runner.children import Children
from alula.server.runner.runner import Runner
from alula.server.services.platform import Platform
from alula.server.services.watch import Hub
from alula.server.stores.sql.adapter import SqlStore


def clock() -> int:
    return time.time_ns() // 1000


async def main(database_url: str, objects: str, folder: str, name: str, lease_s: str, pooled: str = "") -> None:
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    store = SqlStore(database_url, clock=clock, pooled=bool(pooled))
    blobs = FileBlobs(Path(objects), Path(folder) / "signing.key")
    platform = Platform(
        store=store,
        blobs=blobs,
        logs=ObjectLogs(blobs),
        access=EverybodyMay(),
        hub=Hub(),
        clock=clock,
        random_bytes=secrets.token_bytes,
    )
    store.on_news(platform.hub.publish, platform.hub.miss)
    await store.start()
    await blobs.start()
    runner = Runner(
        store=store,
        executor=ProcessExecutor(Path(folder), ProcessOptions(inherit=(MARK,))),
        blobs=blobs,
        children=Children(platform),
        clock=clock,
        runner_id=name,
        platform_id=name,
        lease_us=round(float(lease_s) * 1_000_000),
    )
    await runner.start()
    await runner.wait()


asyncio.run(main(*sys.argv[1:]))
