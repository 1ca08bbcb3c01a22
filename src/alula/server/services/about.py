"""The platform in a few words, for a console. Told to any caller: it says nothing of what is on it."""

from __future__ import annotations

from importlib.metadata import version

import msgspec

from alula.server.identity import Caller
from alula.server.services.console.shown import LIST_MAX
from alula.server.services.console.skeleton import CHANGED_MAX, NODES_MAX
from alula.server.services.platform import Platform

FEATURES = (
    "changes",
    "stream",
    "log-range",
    "log-search",
    "search",
    "stats",
    "grid",
    "compare",
    "audit",
    "launch-check",
    "bulk",
    "usage",
)
"""Parts of the API for consoles that this version has."""


class Limits(msgspec.Struct, frozen=True):
    """The most rows of an answer."""

    list: int
    nodes: int
    changes: int


class About(msgspec.Struct, frozen=True):
    """What a console must know before all else."""

    version: str
    features: list[str]
    domains: list[str]
    limits: Limits
    login: str | None
    """Where a caller logs in; None if there is no login."""
    principal: str
    """The caller."""
    now: int
    """Microseconds since the epoch."""


def about(platform: Platform, caller: Caller) -> About:
    return About(
        version=version("alula"),
        features=list(FEATURES),
        domains=list(platform.domains),
        limits=Limits(list=LIST_MAX, nodes=NODES_MAX, changes=CHANGED_MAX),
        login=None,
        principal=caller.principal,
        now=platform.clock(),
    )
