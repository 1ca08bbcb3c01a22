"""The audit trail."""

from __future__ import annotations

import msgspec

from alula.server.store.audits import AUDITS, Audit
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.memory import lists


class Audits:
    def __init__(self) -> None:
        self._rows: list[Audit] = []

    async def page(self, query: Query) -> list[Audit]:
        page = check(query, AUDITS)
        return lists.page_of(self._rows, page, AUDITS)

    def append(self, *audits: Audit) -> None:
        self._rows += [
            msgspec.structs.replace(audit, number=number) for number, audit in enumerate(audits, len(self._rows) + 1)
        ]
