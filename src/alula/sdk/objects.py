"""Files in object stores, by their URIs: `s3://`, `gs://` and `az://`. Loaded when a task first meets such a URI.

Where a store is and by which rights it is used is in the environment: the variables of the cloud's own tools, or the
role of the machine. Each failure is an `OSError`. Nothing here may be used before a process forks, as the library has
threads from its first request on.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import obstore
from obstore.exceptions import BaseError

from alula.sdk.folders import FOLDER_MARK, files_in

if TYPE_CHECKING:
    from obstore import Attributes, ReadableFile
    from obstore.store import AzureStore, ClientConfig, GCSStore, RetryConfig, S3Store

    Bucket: TypeAlias = S3Store | GCSStore | AzureStore

PART_BYTES = 8 << 20
READ_AHEAD_BYTES = 1 << 20
AT_ONCE = 8
"""Files of a folder that are moved at the same time, unless somebody says how many."""
READ_TIMEOUT_S = 60
RETRY_S = 60
_ENDPOINTS = (
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT",
    "GOOGLE_BASE_URL",
    "AZURE_STORAGE_ENDPOINT",
    "AZURE_ENDPOINT",
)


class Place(NamedTuple):
    """An object, or a prefix of objects."""

    bucket: Bucket
    key: str


def read(uri: str) -> bytes:
    """All of an object."""
    with _errors(uri):
        bucket, key = _place(uri)
        return bytes(obstore.get(bucket, key).bytes())


def write(uri: str, data: bytes) -> None:
    """Write an object, whole or not at all, in the place of one that is there."""
    with _errors(uri):
        bucket, key = _place(uri)
        obstore.put(bucket, key, data, attributes=_attributes(key))


def exists(uri: str) -> bool:
    """True if there is an object of this name."""
    return size(uri) is not None


def size(uri: str) -> int | None:
    """The size of an object in bytes; None if there is none."""
    with _errors(uri):
        bucket, key = _place(uri)
        try:
            return obstore.head(bucket, key)["size"]
        except FileNotFoundError:
            return None


def listed(uri: str) -> dict[str, int]:
    """The objects under a prefix by their names below it, with their sizes; marks of folders too."""
    with _errors(uri):
        bucket, key = _place(uri)
        above = len(key) + 1 if key else 0
        chunks = obstore.list(bucket, key or None, chunk_size=1000)  # pyright: ignore[reportUnknownMemberType]
        found = (each for chunk in chunks for each in chunk)
        return {each["path"][above:]: each["size"] for each in found}


def opened(uri: str) -> io.BufferedReader:
    """An object as a file. Only the parts that are read are fetched."""
    with _errors(uri):
        bucket, key = _place(uri)
        return io.BufferedReader(_Reader(obstore.open_reader(bucket, key, buffer_size=READ_AHEAD_BYTES), uri), 1 << 16)


def download(uri: str, target: str, *, at_once: int | None = None) -> None:
    """Copy an object to a file, or all objects under a prefix to a folder, so many at the same time.

    Raises `FileNotFoundError` for neither.
    """
    try:
        _download_file(uri, target)
    except FileNotFoundError:
        names = listed(uri)
        if not names:
            raise FileNotFoundError(f"there is nothing at {uri}") from None
        os.makedirs(target, exist_ok=True)
        _all(_download_into, [(f"{uri.rstrip('/')}/{name}", _inside(target, name)) for name in names], at_once)


def upload(local: str, uri: str, *, at_once: int | None = None) -> None:
    """Copy a file to an object, or a folder to objects under a prefix, so many at the same time."""
    if not os.path.isdir(local):
        _upload_file(local, uri)
        return
    files, empty = files_in(local)
    base = uri.rstrip("/")
    _all(_upload_file, [(file, f"{base}/{os.path.relpath(file, local)}") for file in files], at_once)
    for folder in empty:
        inside = os.path.normpath(os.path.join(os.path.relpath(folder, local), FOLDER_MARK))
        write(f"{base}/{inside}", b"")


def _inside(folder: str, name: str) -> str:
    """The path of an object's file in a folder. Raises `OSError` for a key that would lead out of it."""
    if ".." in name.split("/"):
        raise OSError(f"an object called {name!r} can't be a file of a folder")
    return os.path.join(folder, name.lstrip("/"))


def _download_into(uri: str, target: str) -> None:
    folder, name = os.path.split(target)
    os.makedirs(folder, exist_ok=True)
    if name != FOLDER_MARK:
        _download_file(uri, target)


def _download_file(uri: str, target: str) -> None:
    with _errors(uri):
        bucket, key = _place(uri)
        if not key:
            raise FileNotFoundError(f"there is no object {uri}")
        found = obstore.get(bucket, key)
        with open(target, "wb") as file:
            for chunk in found.stream(PART_BYTES):
                file.write(chunk)


def _upload_file(local: str, uri: str) -> None:
    with _errors(uri):
        bucket, key = _place(uri)
        with open(local, "rb") as file:
            obstore.put(bucket, key, file, attributes=_attributes(key), chunk_size=PART_BYTES)


def _all(work: Callable[[str, str], None], pairs: Sequence[tuple[str, str]], at_once: int | None) -> None:
    """Do this with each pair, several at the same time. The first error counts."""
    with ThreadPoolExecutor(at_once or AT_ONCE) as pool:
        for done in [pool.submit(work, *pair) for pair in pairs]:
            done.result()


class _Reader(io.RawIOBase):
    """A raw file over the library's reader."""

    def __init__(self, reader: ReadableFile, uri: str) -> None:
        self._reader = reader
        self._uri = uri

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        with _errors(self._uri):
            return self._reader.seek(offset, whence)

    def tell(self) -> int:
        return self._reader.tell()

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        with _errors(self._uri):
            data = self._reader.read(len(buffer))
        buffer[: len(data)] = memoryview(data)
        return len(data)


def _place(uri: str) -> Place:
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if not bucket:
        raise OSError(f"{uri} names no bucket")
    return Place(buckets(scheme.lower(), bucket), key.rstrip("/"))


@lru_cache(maxsize=64)
def buckets(scheme: str, name: str) -> Bucket:
    """The client of a bucket: one for a process, as each has connections of its own."""
    from obstore.store import AzureStore, GCSStore, S3Store  # lazy: it is a part of the library of its own

    kind = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}[scheme]
    client: ClientConfig = {
        "allow_http": any(os.environ.get(name, "").startswith("http://") for name in _ENDPOINTS),
        "connect_timeout": timedelta(seconds=10),
        "read_timeout": timedelta(seconds=READ_TIMEOUT_S),
        "timeout": timedelta(days=1),  # of a whole transfer, which may be large
    }
    retry: RetryConfig = {"max_retries": 1000, "retry_timeout": timedelta(seconds=RETRY_S)}
    return kind(name, client_options=client, retry_config=retry)


def _attributes(key: str) -> Attributes:
    return {"Content-Type": "text/html; charset=utf-8" if key.endswith(".html") else "application/octet-stream"}


@contextmanager
def _errors(uri: str) -> Generator[None]:
    """Report the errors of the library as those of files."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(f"there is no object {uri}") from error
    except BaseError as error:
        text = " ".join(str(error).partition("\n\nDebug source")[0].split())
        raise OSError(f"{uri} can't be read or written: {text[:500]}") from error
