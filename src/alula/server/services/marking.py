"""Which data of removed runs, and which uploads, something still names: a value of another run, of the cache ...

An attempt's files are in a folder of its own, whose name no other has, and so are uploads. So everything that may name
an object is searched for the names of those folders, and values that were put aside are read for that.

What begins to name a folder while this goes on had the name from something that names it already: from a run that is
there, from its own inputs, or from the cache. The cache is read before the runs, so that what it gave meanwhile is seen
with the run that has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Collection, Iterable

from alula.core.errors import NotFound
from alula.core.ids import ExecutionId
from alula.server.blob import Blobs
from alula.server.store import Store
from alula.server.store.removals import Mention

ROWS = 500
DATA = re.compile(rb"/[0-9a-f]{2}/([a-z][a-z0-9-]{0,49})")
"""Finds the name of the folder of an attempt's data, the last part of its prefix."""
UPLOADED = re.compile(rb"/uploads/([^/]{1,255}/[^/]{1,255}/[^/]{1,255})/")
"""Finds project, domain and folder of an upload."""
_NAME_MAX_BYTES = 1024
"""At least as much as these take: so much of a piece is looked at again with the next."""


async def still_named(
    store: Store,
    blobs: Blobs,
    names: Collection[str],
    form: re.Pattern[bytes],
    *,
    ignoring: Collection[ExecutionId] = (),
) -> set[str]:
    """Those of these names of folders that something has in it, other than the runs `ignoring`."""
    marking = _Marking(blobs, names, form)
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
    def __init__(self, blobs: Blobs, names: Collection[str], form: re.Pattern[bytes]) -> None:
        self.wanted = {name.encode() for name in names}
        """Those that were not found so far."""
        self.found: set[str] = set()
        self._form = form
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
        found = self.wanted.intersection(self._form.findall(data))
        self.wanted -= found
        self.found.update(name.decode() for name in found)
