"""Asking the cluster why objects take so long to begin.

The API server looks through all events of a namespace for each question, be it about one object. So there is one
question at a time in a namespace, for all objects that have come to wait meanwhile, and a rest after it that is many
times as long as it took.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Callable, Coroutine

from alula.server.executors.calls import CallFailed, Calls
from alula.server.executors.kubernetes.attempt import Attempt
from alula.server.executors.kubernetes.connection import Connection
from alula.server.executors.kubernetes.events import Event, latest_warnings

RESTS, REST_MAX_S = 20, 60.0
"""The rest after a question, by the time that it took."""
_log = logging.getLogger(__name__)


class Asker:
    """Asks for the objects of one executor. `told` is called for each attempt whose `trouble` was asked for; `spawn`
    runs what goes on as long as the executor does."""

    def __init__(
        self,
        connection: Connection,
        calls: Calls,
        told: Callable[[Attempt], None],
        spawn: Callable[[Coroutine[object, object, None]], object],
    ) -> None:
        self._connection = connection
        self._calls = calls
        self._told = told
        self._spawn = spawn
        self._asked: dict[str, list[Attempt]] = {}
        """By namespace, for the next question; there is a list where a question is under way."""

    def ask(self, attempt: Attempt) -> None:
        """Find out what is wrong with an object."""
        namespace = attempt.key[0]
        if namespace in self._asked:
            self._asked[namespace].append(attempt)
        else:
            self._asked[namespace] = [attempt]
            self._spawn(self._answer(namespace))

    async def _answer(self, namespace: str) -> None:
        try:
            while asked := self._asked[namespace]:
                self._asked[namespace], began = [], time.monotonic()
                await self._find_out(namespace, [attempt for attempt in asked if attempt.is_followed])
                await asyncio.sleep(min((time.monotonic() - began) * RESTS, REST_MAX_S))
        finally:
            del self._asked[namespace]

    async def _find_out(self, namespace: str, asked: list[Attempt]) -> None:
        uids = {attempt.uid for attempt in asked}
        try:
            warnings = await self._warnings(namespace, uids) if uids else {}
        except CallFailed as error:
            _log.info("the events of namespace %s can't be read: %s", namespace, error)
            return
        for attempt in asked:
            attempt.trouble = warnings.get(attempt.uid, "")
            self._told(attempt)

    async def _warnings(self, namespace: str, uids: set[str]) -> dict[str, str]:
        selector = f"type=Warning,involvedObject.uid={next(iter(uids))}" if len(uids) == 1 else "type=Warning"
        found: list[Event] = []
        position = ""
        while True:
            page = await self._calls.once(functools.partial(self._connection.events, namespace, selector, position))
            found += [event for event in page.items if event.involved_object.uid in uids]
            position = page.metadata.continue_
            if not position:
                return latest_warnings(found)
