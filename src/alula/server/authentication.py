"""The contract for logins: which principal a request comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from alula.server.identity import Caller


class Authentication(Protocol):
    """Asked once for each request, on gRPC and on HTTP, before anything else is done with it."""

    async def caller(self, headers: Mapping[str, str], peer: str) -> Caller:
        """The caller of a request, from its headers (gRPC: its metadata), with names in lower case, and its peer as
        gRPC writes it (`ipv4:127.0.0.1:4711`). Raises `Unauthenticated`."""
        ...


class Local:
    """No login: every request comes from the one identity that the settings name."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def caller(self, headers: Mapping[str, str], peer: str) -> Caller:
        return self._caller
