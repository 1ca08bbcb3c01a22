"""The contract for objects: immutable bytes under a URI. Adapters: `blobs/`.

A task's own process can read a URI: for the embedded store it is an absolute path. Every object is written once under a
new name; nothing is ever renamed over something that exists.
"""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Numbers of an OSError that mean that there is no room, reported as `ResourceExhausted`."""


class SignedUrl(msgspec.Struct, frozen=True):
    """A URL that lets its holder do one thing with one object until it expires."""

    url: str
    expires_at: int
    """Microseconds since the epoch."""
    headers: dict[str, str] = {}
    """To be sent with the request."""


class Blobs(Protocol):
    """Every method raises `ResourceExhausted` on a full disk and `InvalidInput` for a URI outside the store."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def uri(self, *parts: str) -> str:
        """The URI of the object (or prefix) with these path segments; a segment never leaves the store."""
        ...

    async def put(self, uri: str, data: bytes) -> None:
        """Write a new object, whole or not at all. The same bytes again are fine, others raise `AlreadyExists`."""
        ...

    async def get(self, uri: str) -> bytes:
        """Raises `NotFound`."""
        ...

    def read(self, uri: str, *, offset: int = 0) -> AsyncIterator[bytes]:
        """The bytes from `offset` as they are now, in pieces of at most 256 KiB. Raises `NotFound`."""
        ...

    async def size(self, uri: str) -> int | None:
        """The size of the object in bytes; None if there is none."""
        ...

    async def list(self, prefix: str) -> list[str]:
        """URIs of all objects under a prefix, sorted."""
        ...

    async def delete(self, prefix: str) -> None:
        """Remove an object or all under a prefix; nothing there is fine."""
        ...

    def upload_url(self, uri: str, *, md5: bytes | None, ttl_s: int) -> SignedUrl:
        """A PUT of this object; with `md5`, only of bytes that have it.

        With a `/` at the end of the URI, of a folder that no object would make. Its body is empty, and `list` leaves it
        out; a reader of the folder's files finds it.
        """
        ...

    def download_url(self, uri: str, *, ttl_s: int) -> SignedUrl:
        """A GET of this object."""
        ...
