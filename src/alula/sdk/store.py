"""The store for the files of values: a contract, and its adapter for what an attempt can reach by a URI.

Objects are written once under new names and never changed; what is handed out for writing is a copy. Which way leads to
a file, its scheme says: a path of this machine, an object store (`objects`, loaded on first use), or the web.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NoReturn, Protocol

from alula.sdk.folders import refuse_cycle

if TYPE_CHECKING:
    import io

OBJECT_SCHEMES = ("s3", "gs", "az")
"""Schemes of URIs in object stores."""


class Parts(Protocol):
    """Objects elsewhere. Parts of one can be read without the whole. Every method raises `OSError` when it can't."""

    def opened(self, uri: str) -> io.BufferedReader:
        """An object as a file to be read; what is read of it is fetched."""
        ...

    def listed(self, uri: str) -> dict[str, int]:
        """The objects under a URI by their names below it, with their sizes."""
        ...

    def size(self, uri: str) -> int | None:
        """The size of an object in bytes; None if there is none."""
        ...


class Store(Protocol):
    """A URI names a file or a folder of files. Every method raises `OSError` when it can't."""

    def upload(self, local: str, *, to: str | None = None, at_once: int | None = None) -> str:
        """Store a file or folder; gives its URI, a new one unless `to` says which.

        With `at_once`, no more files of a folder are moved at the same time.
        """
        ...

    def new_folder(self, *, to: str | None = None) -> AbstractContextManager[tuple[str, str]]:
        """A local folder to write into, and the URI under which its files are stored when the block ends."""
        ...

    def readable(self, uri: str) -> str:
        """A local path with the content, only for reading."""
        ...

    def download(self, uri: str, *, at_once: int | None = None) -> str:
        """A local copy of the content, which may be changed. `at_once` as in `upload`."""
        ...

    def parts(self, uri: str) -> Parts | None:
        """A way to parts of the content; None where `readable` costs no more."""
        ...


class ObjectFiles(Parts, Protocol):
    """All that can be done with objects, by their URIs, as `objects` does it."""

    def read(self, uri: str) -> bytes: ...

    def write(self, uri: str, data: bytes) -> None: ...

    def exists(self, uri: str) -> bool: ...

    def download(self, uri: str, target: str, *, at_once: int | None = None) -> None: ...

    def upload(self, local: str, uri: str, *, at_once: int | None = None) -> None: ...


open_store: ContextVar[Store | None] = ContextVar("alula_open_store", default=None)
"""The store of the conversion that is under way, for values inside pydantic models."""


def scheme_of(uri: str) -> str:
    """`s3` of `s3://bucket/key`, empty for a plain path."""
    scheme, separator, _ = uri.partition("://")
    return scheme.lower() if separator else ""


def is_local(uri: str) -> bool:
    """True if a URI is a path of this machine."""
    return scheme_of(uri) in ("", "file")


def local_path(uri: str) -> str:
    """The path of a `file://` URI, in which it is quoted, or of a plain path, in which every character is its own."""
    if scheme_of(uri) != "file":
        return uri
    from urllib.parse import unquote_to_bytes  # lazy: paths of a platform on this machine are plain

    return os.fsdecode(unquote_to_bytes(uri[len("file://") :].removeprefix("localhost")))


def uri_of(path: str) -> str:
    """The URI of a path of this machine: the path itself, as Flyte's clients want it.

    A name that is no UTF-8 can't travel as a text, so its path is quoted in a `file://` URI.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        from urllib.parse import quote  # lazy: names are nearly always texts

        return "file://" + quote(os.fsencode(path))
    return path


def name_of(uri: str) -> str:
    """The last name in the path of a URI, `data` if it has none."""
    if is_local(uri):
        path = local_path(uri)
    else:
        from urllib.parse import unquote, urlsplit  # lazy: most files are local

        path = unquote(urlsplit(uri).path) if scheme_of(uri) in ("http", "https") else uri
    return os.path.basename(path.rstrip("/")) or "data"


class NoStore:
    """The store of the specification: it has none, so a constant may name stored files but not bring its own."""

    def upload(self, local: str, *, to: str | None = None, at_once: int | None = None) -> str:
        raise OSError(f"{local} is a file of this machine")

    def new_folder(self, *, to: str | None = None) -> AbstractContextManager[tuple[str, str]]:
        raise OSError("values of its type are files, such as data frames and pickles")

    def readable(self, uri: str) -> NoReturn:
        raise OSError(f"{uri} can't be read while a workflow is declared")

    def download(self, uri: str, *, at_once: int | None = None) -> NoReturn:
        raise OSError(f"{uri} can't be read while a workflow is declared")

    def parts(self, uri: str) -> None:
        return None


NO_STORE: Store = NoStore()


class FileStore:
    """Objects under a folder of this machine, or a prefix of an object store. Reads any of these, and `http://` and
    `https://` by GET."""

    def __init__(self, raw_prefix: str, scratch: str) -> None:
        self._raw_prefix = raw_prefix.rstrip("/")
        self._scratch = scratch
        self._copies: dict[str, str] = {}
        """Downloaded copies that are only read, by URI."""

    def upload(self, local: str, *, to: str | None = None, at_once: int | None = None) -> str:
        """Copy a file or folder into the store."""
        uri = to if to is not None else uri_of(f"{self._new_uri()}/{os.path.basename(os.path.abspath(local))}")
        if is_object(uri):
            object_files().upload(local, uri, at_once=at_once)
        else:
            _copy(local, _local(uri, "write to"))
        return uri

    @contextmanager
    def new_folder(self, *, to: str | None = None) -> Generator[tuple[str, str]]:
        """A folder in the store itself, or one of this machine whose files go there at the end."""
        uri = to if to is not None else self._new_uri()
        if is_object(uri):
            path = self._new_folder("outputs")
            yield path, uri
            object_files().upload(path, uri)
            return
        path = _local(uri, "write to")
        os.makedirs(path, exist_ok=True)
        yield path, uri

    def readable(self, uri: str) -> str:
        """The stored path itself, or a downloaded copy, which is the same for all that read it."""
        if is_local(uri):
            return local_path(uri)
        if uri not in self._copies:
            self._copies[uri] = self.download(uri)
        return self._copies[uri]

    def download(self, uri: str, *, at_once: int | None = None) -> str:
        """A copy in the scratch folder, under the object's own name."""
        target = os.path.join(self._new_folder("inputs"), name_of(uri))
        if is_object(uri):
            object_files().download(uri, target, at_once=at_once)
        elif scheme_of(uri) in ("http", "https"):
            _fetch(uri, target)
        else:
            _copy(_local(uri, "read from"), target)
        return target

    def parts(self, uri: str) -> Parts | None:
        return object_files() if is_object(uri) else None

    def _new_uri(self) -> str:
        return f"{self._raw_prefix}/{os.urandom(16).hex()}"

    def _new_folder(self, kind: str) -> str:
        folder = os.path.join(self._scratch, kind, os.urandom(8).hex())
        os.makedirs(folder)
        return folder


def is_object(uri: str) -> bool:
    """True for a URI in an object store."""
    return "://" in uri and scheme_of(uri) in OBJECT_SCHEMES


def object_files() -> ObjectFiles:
    """The files of all object stores."""
    from alula.sdk import objects  # lazy: it starts threads, and most attempts meet local files only

    return objects


def _local(uri: str, use: str) -> str:
    if not is_local(uri):
        known = ", ".join(f"{scheme}://" for scheme in OBJECT_SCHEMES)
        raise OSError(f"can't {use} {uri}: it is neither a path nor one of {known}")
    return local_path(uri)


def _copy(source: str, target: str) -> None:
    import shutil  # lazy: it loads what compresses files

    if os.path.isdir(source):
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=_no_cycles)
    else:
        os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
        shutil.copyfile(source, target)


def _no_cycles(folder: str, names: list[str]) -> list[str]:
    refuse_cycle(folder)
    return []


def _fetch(url: str, target: str) -> None:
    import shutil  # lazy: it loads what compresses files
    from urllib.request import urlopen  # lazy: only files from the web need it

    with urlopen(url, timeout=60) as response, open(target, "wb") as file:
        shutil.copyfileobj(response, file)
