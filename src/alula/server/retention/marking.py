"""Which data of removed runs something still names: a value of another run, of the cache, of an artifact ...

An attempt's files are in a folder of its own, whose name no other has. So everything that may name an object is
searched for the names of those folders, and values that were put aside are read for that.

What begins to name a folder while this goes on had the name from something that names it already: from a run that is
there, from its own inputs, or from the cache. The cache is read before the runs, so that what it gave meanwhile is seen
with the run that has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Collection, Iterable, Mapping

from alula.core.errors import NotFound
from alula.core.ids import ExecutionId
from alula.server.blob import Blobs
from alula.server.store import Store
from alula.server.store.removals import Mention

ROWS = 500
_FOLDER = re.compile(rb"/[0-9a-f]{2}/([a-z][a-z0-9-]{0,49})")
_NAME_MAX_BYTES = 64
"""At least as much as `_FOLDER` takes: so much of a piece is looked at again with the next."""


def name_of(prefix: str) -> bytes:
    """The name of the folder of an attempt's data."""
    return prefix.rpartition("/")[2].encode()


async def still_named(
    store: Store, blobs: Blobs, prefixes: Collection[str], *, ignoring: Collection[ExecutionId]
) -> set[str]:
    """The prefixes among these that something names, other than the runs `ignoring`."""
    marking = _Marking(blobs, {name_of(prefix): prefix for prefix in prefixes})
    after = ""
    while marking.wanted:
        portion = await store.removals.mentions(after, limit=ROWS)
        of_others = [mention for mention in portion.found if mention.run not in ignoring]
        await asyncio.to_thread(marking.look_at, of_others)
        await marking.read_values()
        if not (after := portion.following):
            break
    return marking.found


class _Marking:
    def __init__(self, blobs: Blobs, wanted: Mapping[bytes, str]) -> None:
        self.wanted = dict(wanted)
        """By the name of the folder, those that nothing names so far."""
        self.found: set[str] = set()
        self._blobs = blobs
        self._value = re.compile(
            re.escape(blobs.uri().encode()) + rb"/data/[^/]{1,255}/[^/]{1,255}/values/[0-9a-f]{64}"
        )
        self._values: set[bytes] = set()
        self._to_read: list[str] = []

    def look_at(self, mentions: Iterable[Mention]) -> None:
        """Note what these name."""
        for mention in mentions:
            self._note(mention.data)
            for uri in self._value.findall(mention.data):
                if uri not in self._values:
                    self._values.add(uri)
                    self._to_read.append(uri.decode())

    async def read_values(self) -> None:
        """Look at the values that were put aside and that have been named since."""
        to_read, self._to_read = self._to_read, []
        for uri in to_read:
            before = b""
            with contextlib.suppress(NotFound):
                async for piece in self._blobs.read(uri):
                    self._note(before + piece)
                    before = piece[-_NAME_MAX_BYTES:]

    def _note(self, data: bytes) -> None:
        for name in _FOLDER.findall(data):
            prefix = self.wanted.pop(name, None)
            if prefix is not None:
                self.found.add(prefix)
