"""A slow, failing way to a server: an HTTP proxy that delays requests, refuses some, or cuts them off. The server may
want TLS, and nobody checks its certificate.

It runs on an event loop of its own, in a thread, so that a test can use it beside any platform.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import AsyncGenerator, Callable
from typing import NamedTuple

from tests.present import present

_END = b"\r\n\r\n"


class Fate(NamedTuple):
    """What becomes of a request."""

    delay_s: float = 0.0
    status: int = 0
    """The refusal that it gets in place of an answer; 0 to let it through."""
    is_cut: bool = False
    """True if the connection ends in place of an answer."""
    is_lost: bool = False
    """True if the server does what it is asked for, and the connection ends in place of its answer."""
    target: str = ""
    """What the server is asked for in place of what the client asks for."""


class Request(NamedTuple):
    method: str
    target: str


Rule = Callable[[Request], Fate]


class Proxy:
    """`rule` decides about each request, and may be set at any time. `requests` are those that came."""

    def __init__(self, behind: str, rule: Rule = lambda _: Fate()) -> None:
        scheme, _, address = behind.partition("://")
        self._host, _, port = address.partition("/")[0].partition(":")
        self._port = int(port)
        self._tls = ssl._create_unverified_context() if scheme == "https" else None
        self.rule = rule
        self.requests: list[Request] = []
        self.at_once_max = 0
        """The most requests that were under way at the same time."""
        self.answered_bytes = 0
        self._at_once = 0
        self._serving: set[asyncio.Task[object]] = set()
        """Nobody else would keep them."""
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()
        while tasks := asyncio.all_tasks(self._loop):
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        for _turn in range(3):  # what is aborted closes its socket in a later turn
            self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def cut(self) -> None:
        """End all connections of clients, whatever is under way there."""

        def cancel() -> None:
            for task in self._serving:
                task.cancel()

        self._loop.call_soon_threadsafe(cancel)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = present(asyncio.current_task())
        self._serving.add(task)
        try:
            behind = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
            try:
                while await self._request(reader, writer, *behind):
                    pass
            finally:
                behind[1].transport.abort()  # TLS would say goodbye first
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # either end is gone
        finally:
            self._serving.discard(task)
            writer.close()

    async def _request(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        behind: asyncio.StreamWriter,
    ) -> bool:
        """Pass on one request and its answer; False at the end."""
        head = await reader.readuntil(_END)
        lines = head.split(b"\r\n")
        if b"expect: 100-continue" in head.lower():  # some clients send no body before they are told to
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            head = b"\r\n".join(line for line in lines if not line.lower().startswith(b"expect:"))
        body = await _body(head, reader)
        method, target, _ = lines[0].decode().split(" ")
        request = Request(method, target)
        self.requests.append(request)
        fate = self.rule(request)
        self._at_once += 1
        self.at_once_max = max(self.at_once_max, self._at_once)
        try:
            await asyncio.sleep(fate.delay_s)
        finally:
            self._at_once -= 1
        if fate.is_cut:
            return False
        if fate.status:
            writer.write(b"HTTP/1.1 %d Refused\r\nContent-Length: 0\r\n\r\n" % fate.status)
        else:
            behind.write((head.replace(target.encode(), fate.target.encode(), 1) if fate.target else head) + body)
            answer = await answers.readuntil(_END)
            if fate.is_lost:
                return False
            is_bodiless = method == "HEAD" or answer.split(b" ", 2)[1] in (b"204", b"304")
            self._pass_on(writer, answer)
            if not is_bodiless:
                async with contextlib.aclosing(_pieces(answer, answers)) as pieces:
                    async for piece in pieces:
                        self._pass_on(writer, piece)
                        await writer.drain()
        await writer.drain()
        return True

    def _pass_on(self, writer: asyncio.StreamWriter, piece: bytes) -> None:
        self.answered_bytes += len(piece)
        writer.write(piece)


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    return b"".join([piece async for piece in _pieces(head, reader)])


async def _pieces(head: bytes, reader: asyncio.StreamReader) -> AsyncGenerator[bytes]:
    """A body as it comes."""
    headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2] if b": " in line)
    if headers.get(b"transfer-encoding") == b"chunked":
        size = -1
        while size:
            line = await reader.readuntil(b"\r\n")
            size = int(line, 16)
            yield line + await reader.readexactly(size + 2)
    else:
        yield await reader.readexactly(int(headers.get(b"content-length", b"0")))
