"""The copies of code from which fork servers import, one for each bundle, and what happens when a task writes there.

Forks know their modules by the paths from which these were imported, so a task that writes beside its module
(`Path(__file__).parent / "out.txt"`) writes where its siblings read. That is noticed before any of them has a result:
such code runs from then on in fresh processes, and each imports a copy of its own.
"""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

from alula.server.executors.process.changes import Changes
from alula.server.executors.process.copies import Code, new_copy
from alula.server.removal import make_anew, remove_tree

COMPILED = "__pycache__"
"""Python's own folders beside modules; changes in them do not matter."""
DIGEST_CHARS = 16
"""The length of the bundle's digest in the name of a copy."""


class SharedCode:
    """The shared copies of an executor."""

    def __init__(self, work: Path) -> None:
        self.folder = work / "code"
        self._changes = Changes(ignored=COMPILED)
        self._copies: dict[str, str] = {}
        """By the folder of the code."""
        self._making: dict[str, asyncio.Task[str]] = {}
        self._written: set[str] = set()
        """Copies in which something was changed."""

    def known(self, code: Code) -> str | None:
        """The shared copy, empty for no code; None if it has to be made first."""
        return self._copies.get(code.folder) if code.folder else ""

    async def made(self, code: Code) -> str:
        """The shared copy. Raises `CodeChanged` and OSError."""
        while (found := self.known(code)) is None:
            task = self._making.get(code.folder)
            if task is None:
                task = self._making[code.folder] = asyncio.ensure_future(asyncio.to_thread(self._make, code))
                task.add_done_callback(lambda _: self._making.pop(code.folder, None))
            self._copies[code.folder] = await asyncio.shield(task)
        return found

    def is_written(self, copy: str) -> bool:
        """True if something in the copy was changed since it was made."""
        return copy in self._written

    def note(self, copy: str) -> bool:
        """Look for changes in a copy; True if there are any since the last look."""
        is_changed = bool(copy) and self._changes.take(copy) is not None
        if is_changed:
            self._written.add(copy)
        return is_changed

    async def discard(self, folder: str) -> None:
        """Remove the copy of this code: no attempt has it."""
        copy = self._copies.pop(folder, None)
        if copy is not None:
            self._changes.forget(copy)
            self._written.discard(copy)
            await asyncio.to_thread(remove_tree, copy, ignore_errors=True)

    async def close(self) -> None:
        """Stop watching, and remove the copies: nobody uses them any more."""
        self._changes.close()
        await asyncio.to_thread(self.remove_all)

    def remove_all(self) -> None:
        """Remove the copies of this platform and of an earlier one. Blocks."""
        make_anew(self.folder)

    def _make(self, code: Code) -> str:
        # The same path for the same code: it is in the tracebacks of tasks.
        digest = Path(code.folder).parent.name[:DIGEST_CHARS]
        names = itertools.chain((digest,), (f"{digest}-{number}" for number in itertools.count(2)))
        path = new_copy(code, self.folder, names)
        self._changes.watch(path)
        return path
