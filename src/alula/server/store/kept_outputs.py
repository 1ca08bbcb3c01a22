"""Outputs that clients keep under keys of their own."""

from __future__ import annotations

from typing import Protocol

import msgspec

from alula.server.store.audits import Audit


class KeptOutput(msgspec.Struct, frozen=True):
    """An output that a client keeps under a key of its own."""

    key: str
    output: bytes
    """Serialized `cacheservice.CachedOutput` without times."""
    created_at: int
    updated_at: int


class KeptOutputs(Protocol):
    async def get(self, key: str) -> KeptOutput | None: ...

    async def keep(self, kept: KeptOutput, audit: Audit, *, overwrite: bool) -> bool:
        """False if the key is taken and not to be overwritten. An overwritten output keeps its time of creation."""
        ...

    async def drop(self, key: str, audit: Audit) -> bool:
        """False if there was none."""
        ...
