"""Notices: to look at what people and programs were told, to have it sent again, and to try a rule."""

from __future__ import annotations

import hashlib

import msgspec

from alula.core.errors import InvalidInput, NotFound
from alula.core.ids import ExecutionId, Place
from alula.core.policy.notifying import Occasion
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.platform import Platform
from alula.server.store.notices import Notice
from alula.server.store.query import Filter, Query

PAGE_MAX = 1000


class Body(msgspec.Struct, frozen=True):
    """All that is needed to write the message of a notice."""

    occasion: Occasion
    at: int
    execution: ExecutionId | None = None
    """None for one that is about a schedule."""
    node_id: str = ""
    text: str = ""
    to: tuple[str, ...] = ()
    """Addresses of mail that a run asks for."""


def notice_of(rule: str, channel: str, place: Place, subject: str, body: Body, *, key: str, now: int) -> Notice:
    """The notice of an occasion. `key` tells it from others of its kind."""
    told = "\0".join((rule, channel, subject, body.occasion, key))
    return Notice(
        id=hashlib.sha256(told.encode()).hexdigest()[:32],
        rule=rule,
        channel=channel,
        project=place.project,
        domain=place.domain,
        subject=subject,
        occasion=body.occasion,
        body=msgspec.msgpack.encode(body),
        created_at=now,
        due_at=now,
    )


async def list_notices(
    platform: Platform, caller: Caller, *, state: str = "", rule: str = "", limit: int = 100, offset: int = 0
) -> list[Notice]:
    """Notices about what `caller` may view, newest first."""
    places = await platform.viewable(caller)
    if not 1 <= limit <= PAGE_MAX:
        raise InvalidInput("BadPage", f"a page has 1 to {PAGE_MAX} notices, not {limit}")
    filters = tuple(Filter(name, "eq", (text,)) for name, text in (("state", state), ("rule", rule)) if text)
    return await platform.store.notices.page(Query(limit=limit, offset=offset, filters=filters, places=places))


async def resend_notice(platform: Platform, caller: Caller, id: str) -> None:
    """Have a notice delivered once more. Raises `NotFound`."""
    await platform.require(caller, Place(), Action.MANAGE)
    audit = platform.audit(caller, "resend", f"notice {id}")
    if not await platform.store.notices.resend(id, now=platform.clock(), audit=audit):
        raise NotFound(
            "NoticeNotFound", f"there is no notice `{id[:100]}`", fix="`alula notify list` shows those there are"
        )


async def test_rule(platform: Platform, caller: Caller, rule: str) -> list[str]:
    """Have a message delivered to each channel of a rule, and return the ids. Raises `NotFound`."""
    await platform.require(caller, Place(), Action.MANAGE)
    channels = platform.notification_rules.get(rule)
    if channels is None:
        known = ", ".join(platform.notification_rules) or "none"
        raise NotFound("RuleNotFound", f"there is no rule `{rule[:100]}`", fix=f"the settings have {known}")
    now = platform.clock()
    body = Body("TEST", now, text=f"{caller.principal} tries rule {rule}")
    made = [
        notice_of(rule, channel, Place(), f"rule {rule}", body, key=platform.random_bytes(8).hex(), now=now)
        for channel in channels
    ]
    await platform.store.notices.add(made)
    return [notice.id for notice in made]
