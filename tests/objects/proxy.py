"""A slow, failing way to a server: an HTTP proxy that delays requests, refuses some, or cuts them off.

It runs on an event loop of its own, in a thread, so that a test can use it beside any platform.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import NamedTuple

_END = b"\r\n\r\n"


class Fate(NamedTuple):
    """What becomes of a request."""

    delay_s: float = 0.0
    status: int = 0
    """The refusal that it gets in place of an answer; 0 to let it through."""
    is_cut: bool = False
    """True if the connection ends in place of an answer."""


class Request(NamedTuple):
    method: str
    target: str


Rule = Callable[[Request], Fate]


class Proxy:
    """`rule` decides about each request, and may be set at any time. `requests` are those that came."""

    def __init__(self, behind: str, rule: Rule = lambda _: Fate()) -> None:
        self._host, _, port = behind.removeprefix("http://").partition("/")[0].partition(":")
        self._port = int(port)
        self.rule = rule
        self.requests: list[Request] = []
        self.at_once_max = 0
        """The most requests that were under way at the same time."""
        self.answered_bytes = 0
        self._at_once = 0
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
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._server.close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            behind = await asyncio.open_connection(self._host, self._port)
            try:
                while await self._request(reader, writer, *behind):
                    pass
            finally:
                behind[1].close()
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # either end is gone
        finally:
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
            behind.write(head + body)
            answer = await answers.readuntil(_END)
            is_bodiless = method == "HEAD" or answer.split(b" ", 2)[1] in (b"204", b"304")
            whole = answer + (b"" if is_bodiless else await _body(answer, answers))
            self.answered_bytes += len(whole)
            writer.write(whole)
        await writer.drain()
        return True


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2] if b": " in line)
    if headers.get(b"transfer-encoding") == b"chunked":
        body = b""
        while True:
            line = await reader.readuntil(b"\r\n")
            size = int(line, 16)
            body += line + await reader.readexactly(size + 2)
            if not size:
                return body
    return await reader.readexactly(int(headers.get(b"content-length", b"0")))
