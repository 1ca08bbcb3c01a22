"""The audit trail: which principal has changed what, and when."""

from __future__ import annotations

import msgspec

from alula.core.ids import Place
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.console.shown import limited
from alula.server.services.platform import Platform
from alula.server.services.tokens import go_on, token_of
from alula.server.store.audits import AUDITS, Audit
from alula.server.store.query import Filter, Query


class AuditPage(msgspec.Struct, frozen=True):
    """A page of the audit trail, the newest first."""

    audits: list[Audit]
    next: str
    """The cursor of the next page; empty on the last one."""


async def list_audits(
    platform: Platform,
    caller: Caller,
    *,
    project: str = "",
    domain: str = "",
    principal: str = "",
    action: str = "",
    target: str = "",
    limit: int = 100,
    cursor: str = "",
) -> AuditPage:
    """Changes in a domain, or with an empty one in all that `caller` may view; `target` is a part of the target."""
    places = None
    if project and domain:
        await platform.require(caller, Place(project, domain), Action.VIEW)
    else:
        places = await platform.viewable(caller)
    exact = (("project", project), ("domain", domain), ("principal", principal), ("action", action))
    filters = [Filter(name, "eq", (value,)) for name, value in exact if value]
    filters += [Filter("target", "contains", (target,))] if target else []
    query = go_on(Query(limited(limit), filters=tuple(filters), places=places), cursor)
    found = await platform.store.audits.page(msgspec.structs.replace(query, limit=query.limit + 1))
    shown = found[: query.limit]
    following = token_of(query, AUDITS.position(shown[-1], query.sort_by)) if len(found) > query.limit else ""
    return AuditPage(shown, following)
