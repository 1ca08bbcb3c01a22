"""The paths of objects below the root of a platform's store, and the moves between these and the paths in a file.

An imported run has its own objects where every run has them. All else that came with it is in a folder of its own
beside these, so that a file from a stranger puts nothing where another run looks. Code goes where a client would
upload it, as the path there is the digest of its content.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Mapping, Sequence

import msgspec

from alula.core.ids import ExecutionId
from alula.server.blob import Blobs
from alula.server.services import layout

_IMPORTED = "imported"
"""The folder in that of an imported run with the objects that came with it. No node is called so."""
_UPLOAD = re.compile(rf"{layout.UPLOADS}/[^/]+/[^/]+/([^/]+)/[^/]+")


class RunFolder(msgspec.Struct, frozen=True):
    """A run in a file."""

    id: ExecutionId
    incarnation: str

    def path(self, blobs: Blobs) -> str:
        """The path of its folder."""
        return path_of(blobs, layout.run_prefix(blobs, self.id, incarnation=self.incarnation))


def path_of(blobs: Blobs, uri: str) -> str:
    """The path of an object below the root of its store."""
    return uri.removeprefix(f"{blobs.uri()}/")


class Outward:
    """From paths of this platform to those in a file."""

    def __init__(self, blobs: Blobs, runs: Sequence[RunFolder]) -> None:
        self._imported = tuple(f"{run.path(blobs)}/{_IMPORTED}/" for run in runs)

    def path(self, path: str) -> str:
        """What an earlier import put beside a run has again the path that it came with."""
        for folder in self._imported:
            if path.startswith(folder):
                return path.removeprefix(folder)
        return path

    def is_imported(self, path: str) -> bool:
        return path.startswith(self._imported)


class Inward:
    """From paths in a file to those on this platform. `moves` are the runs as they are there and here; the first is the
    exported one. `uploads` are paths of code whose digest holds."""

    def __init__(self, blobs: Blobs, moves: Mapping[RunFolder, RunFolder], uploads: Collection[str]) -> None:
        self._folders = {before.path(blobs): after.path(blobs) for before, after in moves.items()}
        self._beside = f"{next(iter(self._folders.values()))}/{_IMPORTED}"
        self._uploads = uploads

    def path(self, path: str) -> str:
        if path in self._uploads:
            return path
        folder = "/".join(path.split("/", 4)[:4])
        if folder in self._folders and not path.startswith(f"{folder}/{_IMPORTED}/"):
            return self._folders[folder] + path.removeprefix(folder)
        return f"{self._beside}/{path}"


def is_upload(path: str, *, md5: bytes, sha256: bytes) -> bool:
    """True if this is where a client uploads code with these digests: its folder is called by one of them."""
    found = _UPLOAD.fullmatch(path)
    return found is not None and found[1] in (base64.b32encode(md5).decode(), sha256.hex())
