"""A container runtime that stumbles, as Podman does over containers that end while it looks at them."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_WORDS = b'{"message": "read /proc/1234/cgroup: no such process"}'
_ANSWER = b"HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (
    len(_WORDS),
    _WORDS,
)


@asynccontextmanager
async def stumbling(behind: str, socket: str) -> AsyncIterator[Counter[str]]:
    """Serve what is `behind` a socket at another. The first call of each kind is carried out, but its answer is status
    500. Gives the number of calls by kind."""
    calls: Counter[str] = Counter()

    serving = set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(answer(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to = await asyncio.open_unix_connection(behind)
        with closing(to), closing(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            kind = _kind(head)
            calls[kind] += 1
            to.write(head + await reader.readexactly(int(length[1]) if length else 0))
            stumbles = calls[kind] == 1 and kind != "GET /_ping"
            while piece := await there.read(1 << 16):
                if not stumbles:
                    writer.write(piece)
                    await writer.drain()
            writer.write(_ANSWER if stumbles else b"")

    server = await asyncio.start_unix_server(serve, socket)
    try:
        yield calls
    finally:
        server.close()
        for task in serving:  # of calls that nobody waits for any more
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def _kind(head: bytes) -> str:
    """The method and path of a request, without what is its own: `GET /containers/ID/json`."""
    method, path = head.decode().split(" ")[:2]
    path = re.sub(r"^/v[0-9.]+(?=/)|\?.*", "", path)
    return f"{method} {re.sub(r'[0-9a-f]{64}', 'ID', path)}"
