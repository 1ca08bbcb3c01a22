"""How long a platform that is away is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable

from alula.core.errors import Unavailable

GRACE_S = 30.0


class Outage:
    """Of one platform; there may be several, one after the other."""

    def __init__(self, *, grace_s: float = GRACE_S) -> None:
        self._grace_s = grace_s
        self._lost_at: float | None = None

    def is_over(self) -> None:
        """The platform has answered."""
        self._lost_at = None

    def goes_on(self, error: Unavailable, tell: Callable[[Unavailable], None] | None) -> None:
        """The platform could not be reached. Raises `error` when it has been away for too long; `tell` hears of each
        outage once."""
        now = time.monotonic()
        if self._lost_at is None:
            self._lost_at = now
            if tell is not None:
                tell(error)
        if now - self._lost_at >= self._grace_s:
            raise error
