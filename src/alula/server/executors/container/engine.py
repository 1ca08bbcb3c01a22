"""Calls of a container runtime: Docker's API, which Podman speaks too, over a socket of this machine.

Each call has a connection of its own: they cost next to nothing on one machine, and many calls last as long as a
container does. h11 knows HTTP; nothing here knows what the calls mean.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import h11
import msgspec

TIMEOUT_S = 120.0
"""A call that should be answered at once, on a machine that is very busy."""
NEWEST_API = (1, 47)
"""The newest version of the API that is asked for."""
READ_BYTES = 64 * 1024
CALLS_AT_ONCE = 16
"""The number of calls under way that should be answered at once: a socket takes only so many connections."""
STUMBLES, STUMBLE_S = 10, 0.05
"""The number of times that a call is made again over which the runtime stumbles, and the time before each."""
_T = TypeVar("_T")


class Away(Exception):
    """The runtime does not answer, or broke off."""


class Refused(Exception):
    """The runtime does not do what it was asked."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{message} ({status})")
        self.status = status
        self.message = message


class _Refusal(msgspec.Struct, frozen=True):
    message: str = ""


class Engine:
    """The runtime behind a socket."""

    def __init__(self, socket: str) -> None:
        self.socket = socket
        self.software = ""
        """Its name and version, once it has answered."""
        self._api = ""
        self._slots = asyncio.Semaphore(CALLS_AT_ONCE)

    async def ask(
        self,
        method: str,
        path: str,
        type: type[_T],
        *,
        query: Mapping[str, str] | None = None,
        # `Any`: JSON's values.
        body: Any = None,
        timeout_s: float | None = TIMEOUT_S,
    ) -> _T:
        """The answer, read as this type. Raises `Away` and `Refused`."""
        answer = await self.call(method, path, query=query, body=body, timeout_s=timeout_s)
        try:
            return msgspec.json.decode(answer, type=type)
        except msgspec.DecodeError as error:
            raise Refused(0, f"the runtime's answer to {method} {path} can't be read: {error}") from error

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        timeout_s: float | None = TIMEOUT_S,
    ) -> bytes:
        """The answer; without `timeout_s` it may take for ever. Raises `Away` and `Refused`."""
        if timeout_s is None:
            return await self._whole(method, path, query, body)
        try:
            async with self._slots, asyncio.timeout(timeout_s):
                return await self._whole(method, path, query, body)
        except TimeoutError as error:
            raise Away(f"it has not answered {method} {path} within {timeout_s:g} s") from error

    async def _whole(self, method: str, path: str, query: Mapping[str, str] | None, body: Any) -> bytes:
        async with aclosing(self.stream(method, path, query=query, body=body)) as pieces:
            return b"".join([piece async for piece in pieces])

    async def stream(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None
    ) -> AsyncGenerator[bytes]:
        """The pieces of an answer as they come. Raises `Away` and `Refused`."""
        if not self._api:
            await self._greet()
        async with self._exchange(method, f"{self._api}{_target(path, query)}", body) as exchange:
            if exchange.answer.status_code >= 400:
                data = b"".join([piece async for piece in exchange.pieces()])
                raise Refused(exchange.answer.status_code, _message(data))
            async for piece in exchange.pieces():
                yield piece

    async def _greet(self) -> None:
        """Learn which version of the API the runtime has, and what it is."""
        async with asyncio.timeout(TIMEOUT_S), self._exchange("GET", "/_ping", None) as exchange:
            headers = {name.decode().lower(): value.decode() for name, value in exchange.answer.headers}
        parts = headers.get("api-version", "").split(".")
        if exchange.answer.status_code >= 400 or len(parts) != 2 or not all(part.isdecimal() for part in parts):
            raise Away(f"{self.socket} is not the socket of a container runtime")
        major, minor = min((int(parts[0]), int(parts[1])), NEWEST_API)
        self._api = f"/v{major}.{minor}"
        self.software = headers.get("server", "").partition(" ")[0].replace("/", " ").replace("Libpod", "Podman")

    @asynccontextmanager
    async def _exchange(self, method: str, target: str, body: Any) -> AsyncGenerator[_Exchange]:
        """A request that is sent, and the head of its answer. Raises `Away`."""
        data = msgspec.json.encode(body) if body is not None else b""
        headers = [("Host", "container-runtime"), ("Connection", "close"), ("Content-Length", str(len(data)))]
        if data:
            headers.append(("Content-Type", "application/json"))
        try:
            reader, writer = await asyncio.open_unix_connection(self.socket)
            try:
                exchange = _Exchange(reader)
                for event in (h11.Request(method=method, target=target, headers=headers), h11.Data(data)):
                    writer.write(exchange.connection.send(event) or b"")
                writer.write(exchange.connection.send(h11.EndOfMessage()) or b"")
                await writer.drain()
                await exchange.begin()
                yield exchange
            finally:
                writer.close()
        except (OSError, h11.ProtocolError) as error:
            raise Away(f"{self.socket}: {error or type(error).__name__}") from error


async def steadily(call: Callable[[], Awaitable[_T]]) -> _T:
    """The answer to a call that may be made again. Podman fails in those that it carries out while a container ends
    or is removed. Raises `Refused` if it goes on failing."""
    for _ in range(STUMBLES):
        try:
            return await call()
        except Refused as refused:
            if refused.status < 500:
                raise
            await asyncio.sleep(STUMBLE_S)
    return await call()


class _Exchange:
    """One request and its answer."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self.connection = h11.Connection(h11.CLIENT)
        self.answer: h11.Response

    async def begin(self) -> None:
        while not isinstance(event := await self._event(), h11.Response):
            if isinstance(event, h11.ConnectionClosed):
                raise ConnectionResetError("it hung up")
        self.answer = event

    async def pieces(self) -> AsyncGenerator[bytes]:
        while isinstance(event := await self._event(), h11.Data):
            yield bytes(event.data)

    async def _event(self) -> object:
        while (event := self.connection.next_event()) is h11.NEED_DATA:
            self.connection.receive_data(await self._reader.read(READ_BYTES))
        return event


def _target(path: str, query: Mapping[str, str] | None) -> str:
    return quote(path) + (f"?{urlencode(query)}" if query else "")


def _message(data: bytes) -> str:
    try:
        return msgspec.json.decode(data, type=_Refusal).message or data.decode(errors="replace")
    except msgspec.DecodeError:
        return data.decode(errors="replace").strip()
