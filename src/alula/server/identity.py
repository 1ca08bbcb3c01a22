"""The caller of a use case: the principal on whose behalf something is done. Every use case takes one."""

from __future__ import annotations

import msgspec


class Caller(msgspec.Struct, frozen=True):
    """An authenticated principal, or the configured anonymous one.

    Only the principal of a caller is kept with the runs that it starts, so rights may depend on nothing else: those of
    a run's principal are asked for again long after the request, when the run launches a child.
    """

    principal: str


SYSTEM = Caller("alula")
"""The platform itself, for changes without a request."""
NOBODY = Caller("")
"""The caller of requests that need no login."""
