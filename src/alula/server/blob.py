"""The contract for objects: immutable bytes under a URI. Adapters: `blobs/`.

A task's own process can read a URI: for the embedded store it is an absolute path. Every object is written once under a
new name; nothing is ever renamed over something that exists.
"""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from alula.core.policy.watching import Seen

FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Numbers of an OSError that mean that there is no room, reported as `ResourceExhausted`."""

OBJECT_MAX_BYTES = 1 << 30
"""Most that is read of an object into memory."""
LIST_MAX = 1000
"""Most objects of one page of a list."""


class SignedUrl(msgspec.Struct, frozen=True):
    """A URL that lets its holder do one thing with one object until it expires."""

    url: str
    expires_at: int
    """Microseconds since the epoch."""
    headers: dict[str, str] = {}
    """To be sent with the request."""


class Blobs(Protocol):
    """Every method raises `ResourceExhausted` on a full disk, `InvalidInput` for a URI outside the store, `Unavailable`
    if the store can't be reached now, and `PermissionDenied` if it refuses the platform."""

    async def start(self) -> None:
        """Begin. Raises `FailedPrecondition` if the store can't be used as it is set up."""
        ...

    async def stop(self) -> None: ...

    def uri(self, *parts: str) -> str:
        """The URI of the object (or prefix) with these path segments; a segment never leaves the store."""
        ...

    async def put(self, uri: str, data: bytes) -> None:
        """Write a new object, whole or not at all. The same bytes again are fine, others raise `AlreadyExists`."""
        ...

    async def put_stream(self, uri: str, pieces: AsyncIterator[bytes]) -> int:
        """Write a new object that is not in memory as a whole; returns its size. Otherwise as `put`."""
        ...

    async def get(self, uri: str, *, limit_bytes: int = OBJECT_MAX_BYTES) -> bytes:
        """All of an object. Raises `NotFound`, and `InvalidInput` code `ObjectTooLarge` for a larger one."""
        ...

    def read(self, uri: str, *, offset: int = 0) -> AsyncIterator[bytes]:
        """The bytes of an object from `offset` on, in pieces of at most 256 KiB. Raises `NotFound`."""
        ...

    async def size(self, uri: str) -> int | None:
        """The size of the object in bytes; None if there is none."""
        ...

    async def exists(self, prefix: str) -> bool:
        """True if there is an object of this name, or one under this prefix."""
        ...

    async def list(self, prefix: str, *, after: str = "", limit: int = LIST_MAX) -> list[str]:
        """The URIs of the objects under a prefix, sorted, in pages: the first `limit` after the URI `after`."""
        ...

    async def look(self, folder: str, *, after: str = "", limit: int = LIST_MAX) -> list[Seen]:
        """As `list`, with what tells each object from others of its name. Raises where something can't be read."""
        ...

    async def delete(self, prefix: str) -> None:
        """Remove an object or all under a prefix; nothing there is fine."""
        ...

    async def upload_url(self, uri: str, *, md5: bytes | None, ttl_s: int) -> SignedUrl:
        """A PUT of this object; with `md5`, only of bytes that have it.

        With a `/` at the end of the URI, of a folder that no object would make. Its body is empty, and `list` leaves it
        out; a reader of the folder's files finds it.
        """
        ...

    async def download_url(self, uri: str, *, ttl_s: int) -> SignedUrl:
        """A GET of this object."""
        ...
