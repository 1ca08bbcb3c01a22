"""The audit trail."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import msgspec

from alula.core.ids import Place
from alula.server.store.audits import AUDITS, Audit
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.aging import AgedRow


class Audits:
    def __init__(self) -> None:
        self._rows: list[Audit] = []
        self._appended = 0

    async def page(self, query: Query) -> list[Audit]:
        page = check(query, AUDITS)
        return lists.page_of(self._rows, page, AUDITS)

    def append(self, *audits: Audit) -> None:
        self._rows += [
            msgspec.structs.replace(audit, number=number) for number, audit in enumerate(audits, self._appended + 1)
        ]
        self._appended += len(audits)

    def aging(self) -> Iterator[AgedRow]:
        """The rows that may go by their age."""
        for row in list(self._rows):
            size = sum(map(len, (row.principal, row.target, row.detail)))
            yield AgedRow(Place(row.project, row.domain), row.at, size, partial(self._rows.remove, row))
