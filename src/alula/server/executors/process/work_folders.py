"""The working folders of attempts: one for each that runs, used again by the next that needs the same links in it.

Making and removing a folder for every attempt is what a file system likes least (ext4 looks at each recently removed
inode when it makes a new one), so a folder that was left clean stays.
"""

from __future__ import annotations

import shutil
from pathlib import Path


class WorkFolders:
    """Names folders; the fork servers make them and clean them."""

    def __init__(self, work: Path) -> None:
        self.folder = work / "attempts"
        self._count = 0
        self._free: dict[str, list[str]] = {}
        self._kind: dict[str, str] = {}

    def take(self, kind: str) -> str:
        """A folder that nobody has; those of one kind have the same links in them."""
        free = self._free.setdefault(kind, [])
        if free:
            path = free.pop()
        else:
            self._count += 1
            path = f"{self.folder}/{self._count}"
        self._kind[path] = kind
        return path

    def give_back(self, path: str) -> None:
        self._free[self._kind.pop(path)].append(path)

    def remove_all(self) -> None:
        """Of this platform and of an earlier one. Blocks."""
        self._free.clear()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
