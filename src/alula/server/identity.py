"""The caller of a use case: the principal on whose behalf something is done. Every use case takes one."""

from __future__ import annotations

import msgspec


class Caller(msgspec.Struct, frozen=True):
    """An authenticated principal, or the configured anonymous one.

    The principal is all that is kept of a caller with what he starts, so it is all that rights may depend on: those of
    a run's principal are asked for again long after the request, when the run launches a child.
    """

    principal: str


SYSTEM = Caller("alula")
"""The platform itself, where no request stands behind a change."""
NOBODY = Caller("")
"""The caller of what needs no login."""
