"""Every source of logs, for every test of the suite, with a hand that writes as attempts do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest
from tests.objects.memory import MemoryBlobs

from alula.server.blobs.file import FileBlobs
from alula.server.log import Logs, LogSource
from alula.server.logs.files import FileLogs
from alula.server.logs.objects import ObjectLogs
from alula.server.services import layout
from alula.server.staging import Staging


class Writing(Protocol):
    """A source of logs, and attempts that write them."""

    logs: Logs

    async def write(self, source: LogSource, data: bytes) -> None:
        """Append to what the attempt has written."""
        ...

    def spoil(self, source: LogSource) -> None:
        """Put something in the place of the log that is none."""
        ...


class BesideResults:
    """Files beside the results, in a folder of objects."""

    def __init__(self, folder: Path) -> None:
        self.blobs = FileBlobs(folder / "objects", folder / "objects.key", base_url="http://localhost:1")
        self.logs = FileLogs(self.blobs, Staging.of(self.blobs.uri(), ""), ObjectLogs(self.blobs))

    async def write(self, source: LogSource, data: bytes) -> None:
        file = self._file(source)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as log:
            log.write(data)

    def spoil(self, source: LogSource) -> None:
        self._file(source).mkdir(parents=True)

    def _file(self, source: LogSource) -> Path:
        return Path(layout.log_uri(self.blobs, source.attempt, incarnation=source.incarnation))


class Staged:
    """Files in a folder, which stand for objects that are elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.blobs = MemoryBlobs()
        self.staging = Staging(self.blobs.uri(), str(folder / "attempts"))
        self.logs = FileLogs(self.blobs, self.staging, ObjectLogs(self.blobs))

    async def write(self, source: LogSource, data: bytes) -> None:
        file = self._file(source)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as log:
            log.write(data)

    def spoil(self, source: LogSource) -> None:
        self._file(source).mkdir(parents=True)

    def _file(self, source: LogSource) -> Path:
        return Path(self.staging.path(self.uri(source)))

    def uri(self, source: LogSource) -> str:
        return layout.log_uri(self.blobs, source.attempt, incarnation=source.incarnation)


class Published(Staged):
    """Objects; each was a file until its attempt ended."""

    async def write(self, source: LogSource, data: bytes) -> None:
        self.blobs.objects[self.uri(source)] = self.blobs.objects.get(self.uri(source), b"") + data


ADAPTERS = {"beside results": BesideResults, "staged": Staged, "published": Published}


@pytest.fixture(params=ADAPTERS)
async def writing(request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Writing]:
    writing = ADAPTERS[request.param](tmp_path)
    await writing.blobs.start()
    yield writing
    await writing.blobs.stop()
