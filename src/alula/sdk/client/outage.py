"""The wait for a platform that is away."""

from __future__ import annotations

import time
from collections.abc import Callable

from alula.core.errors import Unavailable

GRACE_S = 30.0


class Outage:
    """The outages of one platform, one after the other."""

    def __init__(self, *, grace_s: float = GRACE_S) -> None:
        self._grace_s = grace_s
        self._lost_at: float | None = None

    def is_over(self) -> None:
        """Note that the platform has answered."""
        self._lost_at = None

    def goes_on(self, error: Unavailable, tell: Callable[[Unavailable], None] | None) -> None:
        """Note that the platform is away. Raises `error` if it has been so for too long; `tell` gets the first one."""
        now = time.monotonic()
        if self._lost_at is None:
            self._lost_at = now
            if tell is not None:
                tell(error)
        if now - self._lost_at >= self._grace_s:
            raise error
