"""The folders in which attempts see their code: copies of it, which are real files that may be changed.

A *working folder* belongs to one attempt. Afterwards it is restored, at the cost of what the attempt changed, and used
again by another of the same code: making and removing folders is expensive (ext4 looks at each recently removed inode
when it makes a new one). One that can't be restored is used no more.

Making and restoring happen in threads; the rest is for the event loop's thread.
"""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import NamedTuple

from alula.server.executors.process.changes import Changed, Changes
from alula.server.executors.process.copies import Code, new_copy, remove, restore
from alula.server.removal import make_anew, remove_tree

UNKNOWN = Changed(unknown=True)


class Dirty(NamedTuple):
    """A working folder to restore."""

    path: str
    code: Code
    changed: Changed


class WorkFolders:
    """The working folders of an executor."""

    def __init__(self, work: Path) -> None:
        self.folder = work / "attempts"
        self._numbers = itertools.count(1)
        self._changes = Changes()
        self._free: dict[str, list[str]] = {}
        """By the folder of the code in them."""
        self._code: dict[str, Code] = {}
        """The code of the folders that are in use."""
        self._dirty: list[Dirty] = []
        self._cleaning: asyncio.Task[None] | None = None

    @property
    def is_cleaning(self) -> bool:
        """True if folders are being restored."""
        return self._cleaning is not None

    def take(self, code: Code) -> str:
        """A folder with this code that nobody has; empty if one must be made first."""
        free = self._free.get(code.folder)
        if not free:
            return ""
        path = free.pop()
        self._code[path] = code
        return path

    async def made(self, code: Code) -> str:
        """A folder with this code that nobody has. Raises `CodeChanged` and OSError."""
        path = self.take(code) or await asyncio.to_thread(self._make, code)
        self._code[path] = code
        return path

    def give_back(self, path: str, *, suspect: bool = False) -> None:
        """Take back a folder that nobody uses any more. If that is not sure, it is suspect and not used again."""
        code = self._code.pop(path)
        changed = UNKNOWN if suspect else self._changes.take(path)
        if changed is None:
            self._free.setdefault(code.folder, []).append(path)
            return
        self._dirty.append(Dirty(path, code, changed))
        if self._cleaning is None:
            self._cleaning = asyncio.ensure_future(self._clean())

    async def discard(self, folder: str) -> None:
        """Remove the folders with this code that nobody has."""
        for path in self._free.pop(folder, ()):
            self._changes.forget(path)
            await asyncio.to_thread(remove_tree, path, ignore_errors=True)

    async def close(self) -> None:
        """Stop, and remove the folders: nobody uses any of them any more."""
        self._dirty.clear()
        if self._cleaning is not None:
            await self._cleaning
        self._changes.close()
        await asyncio.to_thread(self.remove_all)

    def remove_all(self) -> None:
        """Remove the folders of this platform and of an earlier one. Blocks."""
        self._free.clear()
        make_anew(self.folder)

    def _make(self, code: Code) -> str:
        path = new_copy(code, self.folder, self._numbers)
        self._changes.watch(path)
        return path

    async def _clean(self) -> None:
        while self._dirty:
            batch, self._dirty = self._dirty, []
            restored = await asyncio.to_thread(restored_folders, batch)
            for dirty, is_clean in zip(batch, restored, strict=True):
                if is_clean:
                    self._changes.watch_files(dirty.path, dirty.changed.paths)
                    self._changes.take(dirty.path)  # what restoring changed
                    self._free.setdefault(dirty.code.folder, []).append(dirty.path)
                else:
                    self._changes.forget(dirty.path)
        self._cleaning = None


def restored_folders(batch: list[Dirty]) -> list[bool]:
    return [restored_folder(each) for each in batch]


def restored_folder(dirty: Dirty) -> bool:
    """Restore a folder, or remove it if that can't be done; True if it is restored. Blocks."""
    try:
        if not dirty.changed.unknown:
            restore(dirty.code, dirty.path, dirty.changed.paths)
            return True
        remove(dirty.path)
    except OSError:
        remove_tree(dirty.path, ignore_errors=True)
    return False
