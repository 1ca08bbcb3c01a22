"""The store for the files of values: a contract, and its adapter for this machine's file system.

Objects are written once under new names and never changed; what is handed out for writing is a copy.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import NoReturn, Protocol

from alula.sdk.folders import refuse_cycle


class Store(Protocol):
    """A URI names a file or a folder of files. Every method raises `OSError` when it can't."""

    def upload(self, local: str, *, to: str | None = None) -> str:
        """Store a file or folder; gives its URI, a new one unless `to` says which."""
        ...

    def new_folder(self, *, to: str | None = None) -> AbstractContextManager[tuple[str, str]]:
        """A local folder to write into, and the URI under which its files are stored when the block ends."""
        ...

    def readable(self, uri: str) -> str:
        """A local path with the content, only for reading."""
        ...

    def download(self, uri: str) -> str:
        """A local copy of the content, which may be changed."""
        ...


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

    def upload(self, local: str, *, to: str | None = None) -> str:
        raise OSError(f"{local} is a file of this machine")

    def new_folder(self, *, to: str | None = None) -> AbstractContextManager[tuple[str, str]]:
        raise OSError("a data frame is no constant")

    def readable(self, uri: str) -> NoReturn:
        raise OSError(f"{uri} can't be read while a workflow is declared")

    def download(self, uri: str) -> NoReturn:
        raise OSError(f"{uri} can't be read while a workflow is declared")


NO_STORE: Store = NoStore()


class FileStore:
    """Objects under a folder of this machine; reads any local path and, by GET, `http://` and `https://`."""

    def __init__(self, raw_prefix: str, scratch: str) -> None:
        self._raw_prefix = raw_prefix.rstrip("/")
        self._scratch = scratch

    def upload(self, local: str, *, to: str | None = None) -> str:
        """Copy a file or folder into the store."""
        uri = to if to is not None else uri_of(f"{self._new_uri()}/{os.path.basename(os.path.abspath(local))}")
        _copy(local, self._local(uri, "write to"))
        return uri

    @contextmanager
    def new_folder(self, *, to: str | None = None) -> Generator[tuple[str, str]]:
        """A folder in the store itself."""
        uri = to if to is not None else self._new_uri()
        path = self._local(uri, "write to")
        os.makedirs(path, exist_ok=True)
        yield path, uri

    def readable(self, uri: str) -> str:
        """The stored path itself, or a downloaded copy."""
        return local_path(uri) if is_local(uri) else self.download(uri)

    def download(self, uri: str) -> str:
        """A copy in the scratch folder, under the object's own name."""
        folder = os.path.join(self._scratch, "inputs", os.urandom(8).hex())
        os.makedirs(folder)
        target = os.path.join(folder, name_of(uri))
        if scheme_of(uri) in ("http", "https"):
            _fetch(uri, target)
        else:
            _copy(self._local(uri, "read from"), target)
        return target

    def _new_uri(self) -> str:
        return f"{self._raw_prefix}/{os.urandom(16).hex()}"

    def _local(self, uri: str, use: str) -> str:
        if not is_local(uri):
            raise OSError(f"can't {use} {uri}: this platform stores files in a folder, not by `{scheme_of(uri)}://`")
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
