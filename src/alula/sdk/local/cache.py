"""The cache of local runs: a file an entry, in a folder of the user's. Entries whose files are gone are misses."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from flyteidl.core import literals_pb2

from alula.core.engine.records import CacheEntry
from alula.core.literals.uris import uris
from alula.core.policy.cache_key import CacheKey
from alula.sdk.local.folders import unusable


class FolderCache:
    """Entries by the digest of their key. Safe to share between processes: an entry appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: CacheKey) -> CacheEntry | None:
        try:
            entry = msgspec.msgpack.decode((self._folder / key.digest).read_bytes(), type=CacheEntry)
        except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError):
            return None
        outputs = literals_pb2.LiteralMap.FromString(entry.outputs)
        missing = any(uri.startswith("/") and not os.path.exists(uri) for uri in uris(outputs))
        return None if missing else entry

    def put(self, entry: CacheEntry) -> None:
        """Raises `InvalidInput` for a folder that can't be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary = self._folder / f".{entry.key.digest}.{os.getpid()}"
            temporary.write_bytes(msgspec.msgpack.encode(entry))
            temporary.rename(self._folder / entry.key.digest)
        except OSError as error:
            raise unusable(self._folder, error, variable="ALULA_LOCAL_CACHE") from error


class NoCache:
    """Remembers nothing."""

    def get(self, key: CacheKey) -> CacheEntry | None:
        return None

    def put(self, entry: CacheEntry) -> None:
        return
