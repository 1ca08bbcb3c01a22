"""`FlyteFile`: a file that goes from task to task. Loads no protobuf; the wire form is `blobs`."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from io import TextIOWrapper
from types import GenericAlias
from typing import IO, TYPE_CHECKING, Any, Generic, Literal, cast
from typing import TypeVar as AnyTypeVar

from alula.sdk.absent_members import lacks_keywords, lacks_members
from alula.sdk.mistake import caller, mistake

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from alula.sdk.store import Store

    Format = TypeVar("Format", default=Any)
else:
    from typing import TypeVar

    Format = TypeVar("Format")


class FlyteFile(Generic[Format], os.PathLike[str]):
    """A file that a task takes or returns.

    Returned with a local path it is uploaded; one that came as input is passed on without a copy. Content is
    fetched when it is first used: by `open()`, `download()` or as a path. `FlyteFile["csv"]` names a format.

    ```python
    @task
    def count(text: FlyteFile) -> int:
        with open(text) as file:
            return len(file.read())
    ```
    """

    def __init__(self, path: str | os.PathLike[str], *, remote_path: str | Literal[False] | None = None) -> None:
        """`remote_path` says where a local file is stored; False leaves it where it is."""
        self.path: str = os.fspath(path)
        self.remote_path: str | Literal[False] | None = remote_path
        self.remote_source: str | None = self.path if "://" in self.path and _is_remote(self.path) else None
        self._store: Store | None = None
        self._local: str | None = None
        self._is_new = False
        """True if it is to be written where it is stored."""

    def __class_getitem__(cls, format: object) -> GenericAlias:
        return format_alias(cls, format)

    @classmethod
    def new(cls, filename: str) -> FlyteFile[Any]:
        """A file of this name to be written in the task's working directory."""
        from alula.sdk.task_context.context import working_directory  # lazy: only when used

        return FlyteFile(os.path.join(working_directory(), filename))

    @classmethod
    def new_remote_file(cls, name: str | None = None, alt: str | None = None) -> FlyteFile[Any]:
        """A file to be written by `open("w")` where the files of outputs are stored, in the bucket `alt` if it is
        another one."""
        return cls.new_at(new_uri(name, alt))

    @classmethod
    def new_at(cls, uri: str) -> FlyteFile[Any]:
        """A file to be written at a URI, at which there is none."""
        file: FlyteFile[Any] = FlyteFile(new_place(uri, is_folder=False), remote_path=False)
        file._is_new = True
        return file

    @classmethod
    def from_source(cls, source: str | os.PathLike[str]) -> FlyteFile[Any]:
        """A file that exists already, local or remote, and is not to be copied."""
        return FlyteFile(source, remote_path=False)

    @classmethod
    def of_stored(cls, uri: str, store: Store | None) -> FlyteFile[Any]:
        """The file at a URI of the platform's store."""
        file: FlyteFile[Any] = FlyteFile(uri)
        file.remote_source = uri
        file._store = store
        return file

    @property
    def downloaded(self) -> bool:
        """True if the content is on this machine."""
        return self.remote_source is None or self._local is not None

    def to_dict(self) -> dict[str, str]:
        """Its path, as in the fields of a dataclass."""
        return {"path": self.remote_source or self.path}

    def extension(self) -> str:
        """`csv` of `a/b.csv`; empty without one."""
        return os.path.splitext(self.path)[1].lstrip(".")

    def download(self) -> str:
        """The path of a local copy, which may be changed without harm to others."""
        if self.remote_source is None:
            return self.path
        if self._local is None:
            self._local = _store_of(self).download(self.remote_source)
            self.path = self._local
        return self._local

    def __fspath__(self) -> str:
        return self.download()

    @contextmanager
    def open(self, mode: str = "r", encoding: str | None = None) -> Generator[IO[Any]]:
        """The open file. For reading there is no copy: of a file elsewhere, what is read is fetched."""
        text = None if "b" in mode else encoding or "utf-8"
        reads = mode.startswith("r") and "+" not in mode
        source, store = self.remote_source, _store_of(self)
        if self._is_new and source and not reads:
            path = self._local = self._local or _scratch_path(source)
            with open(path, mode, encoding=text) as file:
                yield file
            store.upload(path, to=source)
            return
        parts = store.parts(source) if reads and source and self._local is None else None
        if parts is not None and source is not None:
            with parts.opened(source) as stream:
                yield stream if text is None else TextIOWrapper(stream, encoding=text)
            return
        path = store.readable(source) if reads and source else self.download()
        with open(path, mode, encoding=text) as file:
            yield file

    def __str__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"FlyteFile({self.remote_source or self.path!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FlyteFile):
            return NotImplemented
        return (self.remote_source or self.path) == (other.remote_source or other.path)

    def __hash__(self) -> int:
        return hash(self.remote_source or self.path)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> object:
        from alula.sdk.types.pydantic_fields import path_schema  # lazy: pydantic calls this, so it is loaded

        return path_schema(FlyteFile)


def format_alias(class_: type, format: object) -> GenericAlias:
    """`FlyteFile["csv"]`. Kept as `Literal["csv"]`, because `typing` takes a bare text for the name of a type."""
    if isinstance(format, tuple):  # `typing` evaluates an alias by making it again from its arguments
        (format,) = cast("tuple[object]", format)
    name = format.__name__ if isinstance(format, AnyTypeVar) else format  # flytekit also takes TypeVar("csv")
    return GenericAlias(class_, (Literal[name],) if isinstance(name, str) else (format,))  # pyright: ignore[reportInvalidTypeForm]  # a value


def _is_remote(path: str) -> bool:
    return not path.startswith("file://")


def _store_of(file: FlyteFile[Any]) -> Store:
    store = file._store  # pyright: ignore[reportPrivateUsage]
    return store if store is not None else default_store()


def new_uri(name: str | None, bucket: str | None) -> str:
    """A URI that nothing has, below that of the running task's outputs. Raises `InvalidInput` for a bucket where files
    are in folders."""
    from alula.sdk.task_context.context import current_context  # lazy: only when used

    prefix = current_context().raw_output_prefix.rstrip("/")
    if bucket:
        scheme, is_object, rest = prefix.partition("://")
        if not is_object or scheme == "file":
            why = f"`alt` is {bucket!r}, and the files of outputs are in folders, without buckets"
            raise mistake("InvalidSetting", why, at=caller(), fix="leave it out")
        prefix = f"{scheme}://{bucket}/{rest.partition('/')[2]}".rstrip("/")
    return "/".join(filter(None, (prefix, os.urandom(16).hex(), name)))


def new_place(uri: str, *, is_folder: bool) -> str:
    """A URI; the path of one of this machine, where the folders for it are made."""
    from alula.sdk.store import is_local, local_path  # lazy: declaring needs no store

    if not is_local(uri):
        return uri
    path = local_path(uri)
    os.makedirs(path if is_folder else os.path.dirname(path), exist_ok=True)
    return path


def _scratch_path(uri: str) -> str:
    from alula.sdk.store import name_of  # lazy: as above
    from alula.sdk.task_context.context import working_directory  # lazy: as above

    folder = os.path.join(working_directory(), "written", os.urandom(8).hex())
    os.makedirs(folder)
    return os.path.join(folder, name_of(uri))


def default_store() -> Store:
    """Reads files where no task runs: in plain Python."""
    from alula.sdk.store import FileStore  # lazy: as above
    from alula.sdk.task_context.context import working_directory  # lazy: only when used

    folder = working_directory()
    return FileStore(os.path.join(folder, "raw"), folder)


_METADATA = "return it beside the file, or have both in a dataclass"
_READ_AHEAD = "leave it out: of a file elsewhere what is read is fetched, and the megabyte after it"
lacks_members(FlyteFile, {"metadata": _METADATA})
lacks_keywords(
    FlyteFile, {"metadata": _METADATA, "downloader": "leave it out: the content is fetched when it is first used"}
)
lacks_keywords(FlyteFile, {"cache_type": _READ_AHEAD, "cache_options": _READ_AHEAD}, of="open")
