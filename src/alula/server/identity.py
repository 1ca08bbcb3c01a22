"""Who asks: every use case takes a `Caller`. Nobody is anonymous by omission; anonymous is a configured identity."""

from __future__ import annotations

import msgspec


class Caller(msgspec.Struct, frozen=True):
    """An authenticated principal, or the configured anonymous one, with its roles."""

    principal: str
    roles: frozenset[str] = frozenset()


SYSTEM = Caller(principal="alula", roles=frozenset({"system"}))
"""The platform itself, where no request stands behind a change."""
