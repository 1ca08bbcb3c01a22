"""A platform that goes away while it is followed: waited for, and found again where its data folder says it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType

from alula.cli.options import Target
from alula.core.errors import Unavailable
from alula.sdk.client.connection import Connection
from alula.sdk.client.outage import GRACE_S, Outage

RETRY_INTERVAL_S = 0.5


class FollowedPlatform:
    """The connection to a platform that may be started again meanwhile, perhaps on other ports.

    Use as a context manager: it closes what it opens, not the connection that it is given.
    """

    def __init__(
        self,
        target: Target,
        connection: Connection,
        *,
        grace_s: float = GRACE_S,
        retry_interval_s: float = RETRY_INTERVAL_S,
    ) -> None:
        self.connection = connection
        self._target = target
        self._retry_interval_s = retry_interval_s
        self._outage = Outage(grace_s=grace_s)
        self._opened = ExitStack()

    def __enter__(self) -> FollowedPlatform:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._opened.close()

    def is_up(self) -> None:
        """The platform has answered."""
        self._outage.is_over()

    def wait(self, error: Unavailable, tell: Callable[[str], None]) -> None:
        """Before the next try after `error`. Raises it when the platform has been away for too long; `tell` hears of
        each outage once."""
        self._outage.goes_on(error, lambda gone: tell(f"{gone.message}; waiting for it"))
        time.sleep(self._retry_interval_s)
        endpoint = self._target.endpoint_after(self.connection.endpoint)
        if endpoint != self.connection.endpoint:
            self.connection = self._opened.enter_context(Connection(endpoint))
