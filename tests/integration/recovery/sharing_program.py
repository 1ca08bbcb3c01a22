"""A platform that shares database and objects with others: `sharing_program.py OBJECTS up --data DATA ...`.

The database is that of the environment. Each has a data folder of its own, for its attempts.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from alula.server.blobs.file import FileBlobs
from alula.server.main import Adapters, serve
from alula.server.settings import Settings, load_settings
from alula.server.traces import Traces

LEASE_S = 2.0


def main(objects: str, *arguments: str) -> None:
    given = dict(zip(arguments[1::2], arguments[2::2], strict=True))
    settings = load_settings({"data": given["--data"], "grpc_port": 0, "http_port": 0, "lease_s": LEASE_S}, os.environ)

    def blobs(settings: Settings, http_endpoint: str, traces: Traces) -> FileBlobs:
        return FileBlobs(Path(objects), settings.data_folder / "signing.key", base_url=http_endpoint, traces=traces)

    async def run() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await serve(settings, ready=lambda _: None, stop=stop, adapters=Adapters(blobs=blobs))

    asyncio.run(run())


main(*sys.argv[1:])
