"""Outputs that clients keep under keys of their own."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from alula.server.store.audits import Audit
from alula.server.store.kept_outputs import KeptOutput
from alula.server.stores.memory.audits import Audits


class KeptOutputs:
    def __init__(self, audits: Audits) -> None:
        self._audits = audits
        self._rows: dict[str, KeptOutput] = {}

    async def get(self, key: str) -> KeptOutput | None:
        return self._rows.get(key)

    async def keep(self, kept: KeptOutput, audit: Audit, *, overwrite: bool) -> bool:
        before = self._rows.get(kept.key)
        if before is not None and not overwrite:
            return False
        created_at = kept.created_at if before is None else before.created_at
        self._rows[kept.key] = msgspec.structs.replace(kept, created_at=created_at)
        self._audits.append(audit)
        return True

    async def drop(self, key: str, audit: Audit) -> bool:
        if self._rows.pop(key, None) is None:
            return False
        self._audits.append(audit)
        return True

    def values(self) -> Iterator[bytes]:
        """Everything in it that may name objects."""
        return (kept.output for kept in self._rows.values())
