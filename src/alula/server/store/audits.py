"""The audit trail: each change that was made, by whom and when."""

from __future__ import annotations

from typing import Protocol

import msgspec

from alula.server.store.listing import Listing, number, text, time
from alula.server.store.query import Query


class Audit(msgspec.Struct, frozen=True):
    """One change: its principal, action, target and time."""

    at: int
    principal: str
    action: str
    """`register`, `launch`, `abort`, `activate` ..."""
    target: str
    """`execution flytesnacks/development/a1b2`."""
    detail: str = ""
    project: str = ""
    domain: str = ""
    number: int = 0
    """Set by the store; rising."""


AUDITS: Listing[Audit] = Listing(
    fields={
        "number": number("number"),
        "project": text("project"),
        "domain": text("domain"),
        "principal": text("principal"),
        "action": text("action"),
        "target": text("target"),
        "at": time("at"),
    },
    identity=("number",),
    created_at="at",
)


class Audits(Protocol):
    """Rows are written with the changes that they tell of, by the other concerns."""

    async def page(self, query: Query) -> list[Audit]: ...
