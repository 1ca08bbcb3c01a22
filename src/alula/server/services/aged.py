"""What goes by its age by the rules of retention: rows of the store, and code that nothing names."""

from __future__ import annotations

import msgspec

from alula.core.policy.retention import ROWS, Kind, Limit, Rows, limits, youngest
from alula.server.services.code_uploads import unnamed_code
from alula.server.services.platform import Platform
from alula.server.store.aged import Amount


class Going(msgspec.Struct, frozen=True):
    """Things of one kind that go by one rule."""

    of: Kind
    rule: str
    count: int
    bytes: int
    """Of rows about so many, as far as values take room."""


async def limits_of(platform: Platform, of: Rows) -> list[Limit]:
    """The limits of rows of a kind, for the places that may have some beyond. For the platform, which asks for no
    right."""
    now = platform.clock()
    before = youngest(platform.retention_rules, of, now=now)
    if before is None:
        return []
    places = await platform.store.aged.places(of, before)
    return list(limits(platform.retention_rules, of, places, now=now))


async def going_by_age(platform: Platform) -> list[Going]:
    """All that would go now, by kind and rule."""
    found: dict[tuple[Kind, str], Amount] = {}

    def add(of: Kind, rule: str, rows: int, size: int) -> None:
        before = found.get((of, rule), Amount(0, 0))
        found[of, rule] = Amount(before.rows + rows, before.bytes + size)

    for code in await unnamed_code(platform):
        add("code", code.limit.rule, 1, code.size)
    for of in ROWS:
        for limit in await limits_of(platform, of):
            add(of, limit.rule, *await platform.store.aged.amount(of, limit.place, limit.before))
    return [Going(of, rule, *amount) for (of, rule), amount in found.items() if amount.rows]
