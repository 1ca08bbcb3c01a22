"""The objects of the cluster as they change: a list, then what changes after it, for ever.

A watch that ends is begun again where it was: bookmarks move that place on while nothing happens. Where the server has
forgotten that place, all is listed again, which tells of deletions too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing

import msgspec

from alula.server import incidents
from alula.server.executors.back_off import back_off_s
from alula.server.executors.calls import Calls
from alula.server.executors.kubernetes.connection import Away, Connection, Gone, Refused
from alula.server.executors.kubernetes.objects import Key, Object, Resource

RETRY_MAX_S, REFUSED_RETRY_S = 5.0, 30.0
_log = logging.getLogger(__name__)


class Listener(msgspec.Struct, frozen=True):
    """What is told of the objects, on the event loop's thread."""

    known: Callable[[], dict[Key, str]]
    """Asked before a list is made: the objects that it should have, with their uids."""
    changed: Callable[[Object], None]
    deleted: Callable[[Key, str, Object | None], None]
    """With the uid, and the object as it was last if that is known."""


class Watcher:
    """Follows the objects that a selector fits, in one namespace or in all (empty)."""

    def __init__(
        self, connection: Connection, calls: Calls, resource: Resource, namespace: str, selector: str, to: Listener
    ) -> None:
        self._connection = connection
        self._calls = calls
        self._resource = resource
        self._namespace = namespace
        self._selector = selector
        self._to = to
        self._version = ""
        """The version up to which all is known; empty for never."""
        self._failures = 0
        self.lists = 0

    async def run(self) -> None:
        """Follow until cancelled, whatever happens."""
        while True:
            try:
                await self._follow()
            except Gone:
                self._version = ""
            except Away as away:
                _log.info("the watch of %s was cut off: %s", self._resource.plural, away)
                await self._rest(RETRY_MAX_S)
            except Refused as refused:
                _log.warning("%s can't be watched: %s", self._resource.plural, refused)
                await self._rest(RETRY_MAX_S if refused.passes else REFUSED_RETRY_S)
            except Exception as error:  # noqa: BLE001 - nothing would be heard of any attempt without it
                incidents.report(error, f"while {self._resource.plural} were watched; they are listed again")
                self._version = ""
                await self._rest(RETRY_MAX_S)

    async def _follow(self) -> None:
        if not self._version:
            await self._list()
        changes = self._connection.watch(self._resource, self._namespace, self._selector, self._version)
        async with aclosing(changes):
            async for type, found in changes:
                self._failures = 0
                if type == "DELETED":
                    self._to.deleted(found.key, found.metadata.uid, found)
                elif type in ("ADDED", "MODIFIED"):
                    self._to.changed(found)
                self._version = found.metadata.resource_version

    async def _rest(self, longest_s: float) -> None:
        self._failures += 1
        await asyncio.sleep(back_off_s(self._failures, longest_s))

    async def _list(self) -> None:
        known = self._to.known()
        query = {"labelSelector": self._selector}
        found, version = await self._calls.patiently(
            lambda: self._connection.list(self._resource, self._namespace, query)
        )
        self.lists += 1
        for each in found:
            known.pop(each.key, None)
            self._to.changed(each)
        for key, uid in known.items():
            self._to.deleted(key, uid, None)
        self._version = version
