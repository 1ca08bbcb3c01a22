"""The audit trail: each change that was made, by whom and when."""

from __future__ import annotations

from typing import Protocol

import msgspec

from alula.server.store.query import Query


class Audit(msgspec.Struct, frozen=True):
    """Who did what to which thing, when."""

    at: int
    principal: str
    action: str
    """`register`, `launch`, `abort`, `activate` ..."""
    target: str
    """`execution flytesnacks/development/a1b2`."""
    detail: str = ""
    project: str = ""
    domain: str = ""


class Audits(Protocol):
    """Rows are written with the changes that they tell of, by the other concerns."""

    async def page(self, query: Query) -> list[Audit]:
        """Filter fields: project, domain, principal, action, target, at. Sort field: at."""
        ...
