"""The audit trail."""

from __future__ import annotations

from alula.server.store.audits import Audit
from alula.server.store.query import Query
from alula.server.stores import fields
from alula.server.stores.memory import lists


class Audits:
    def __init__(self) -> None:
        self._rows: list[Audit] = []

    async def page(self, query: Query) -> list[Audit]:
        page = fields.check(query, fields.AUDITS, created_at="at")
        order = {id(audit): number for number, audit in enumerate(self._rows)}
        return lists.page_of(self._rows, page, lists.AUDIT, lambda audit: order[id(audit)])

    def append(self, *audits: Audit) -> None:
        self._rows += audits
