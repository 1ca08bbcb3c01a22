"""The objects of an attempt as the copilot moves them, by the same ways as tasks."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

from alula.core.errors import NotFound
from alula.core.literals.raw_files import Copy
from alula.sdk.store import FileStore

_SCRATCH = ".alula-copilot"


class Files:
    """Objects on their way from and to a folder that the container sees."""

    def __init__(self, folder: str) -> None:
        self._scratch = os.path.join(folder, _SCRATCH)  # where renaming is enough to bring a file to its place
        self._store = FileStore("", self._scratch)

    async def bring(self, copy: Copy, place: Path) -> None:
        """Bring an object, or all under a prefix, to its place. Raises `NotFound`, OSError."""
        try:
            found = await asyncio.to_thread(self._store.download, copy.uri)
        except FileNotFoundError as error:
            raise NotFound("ObjectNotFound", str(error)) from error
        os.rename(found, place)

    async def take(self, file: int, uri: str) -> None:
        """Make an open file an object. Raises OSError."""
        await asyncio.to_thread(self._store.upload, f"/proc/self/fd/{file}", to=uri)

    def clear(self) -> None:
        """Leave nothing in the folder that is not the container's."""
        shutil.rmtree(self._scratch, ignore_errors=True)
