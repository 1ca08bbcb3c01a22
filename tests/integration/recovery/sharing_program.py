"""A platform that shares database and objects with others: `sharing_program.py OBJECTS up --data DATA ...`.

The database is that of the environment. Each has a data folder of its own, for its attempts.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from alula.core.errors import Unavailable
from alula.server.adapters import Adapters
from alula.server.blobs.file import FileBlobs
from alula.server.delivery import Subscription
from alula.server.main import serve
from alula.server.services.platform import Platform
from alula.server.settings.loading import load_settings
from alula.server.settings.schema import Settings
from alula.server.store.outbox import Consumer, OutboxMessage
from alula.server.traces import Traces

LEASE_S = 2.0


def main(objects: str, *arguments: str) -> None:
    given = dict(zip(arguments[1::2], arguments[2::2], strict=True))
    options = {"data": given["--data"], "grpc_port": 0, "http_port": 0, "runner.lease_s": LEASE_S}
    settings = load_settings(options, os.environ)

    def blobs(settings: Settings, http_endpoint: str, traces: Traces) -> FileBlobs:
        return FileBlobs(Path(objects), settings.data_folder / "signing.key", base_url=http_endpoint, traces=traces)

    def consumers(settings: Settings, _platform: Platform) -> Sequence[Subscription]:
        """One that writes what it is told of runs and nodes, unless its file `away` says that it can't."""
        folder = settings.data_folder.parent

        async def deliver(messages: Sequence[OutboxMessage]) -> None:
            if (folder / "away").exists():
                raise Unavailable("ConsumerAway", "it takes nothing")
            with (folder / "told").open("a") as told:
                told.writelines(f"{each.number} {each.phase} {each.node_id}\n" for each in messages)

        return [Subscription(Consumer("told", nodes=True), deliver)]

    async def run() -> None:
        stop, adapters = asyncio.Event(), Adapters(blobs=blobs, consumers=consumers)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await serve(settings, ready=lambda _: None, stop=stop, adapters=adapters)

    asyncio.run(run())


main(*sys.argv[1:])
