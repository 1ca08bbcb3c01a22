"""`FlyteDirectory`: a folder of files that goes from task to task. Loads no protobuf; the wire form is `blobs`."""

from __future__ import annotations

import os
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Generic, Literal

from alula.sdk.absent_members import lacks_keywords, lacks_members
from alula.sdk.folders import top_names
from alula.sdk.types.file import FlyteFile, default_store, format_alias, new_place, new_uri

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from typing_extensions import TypeVar

    from alula.sdk.store import Store

    Format = TypeVar("Format", default=Any)
else:
    from typing import TypeVar

    Format = TypeVar("Format")


class FlyteDirectory(Generic[Format], os.PathLike[str]):
    """A folder that a task takes or returns, with all that is in it.

    Returned with a local path it is uploaded; one that came as input is passed on without a copy. Content is
    fetched when it is first used as a path. `FlyteDirectory["png"]` names the format of the files.
    """

    def __init__(self, path: str | os.PathLike[str], *, remote_directory: str | Literal[False] | None = None) -> None:
        """`remote_directory` says where a local folder is stored; False leaves it where it is."""
        self.path: str = os.fspath(path)
        self.remote_directory: str | Literal[False] | None = remote_directory
        remote = "://" in self.path and not self.path.startswith("file://")
        self.remote_source: str | None = self.path if remote else None
        self._store: Store | None = None
        self._local: str | None = None
        self._at_once: int | None = None
        self._is_new = False
        """True if it is to be written where it is stored."""

    def __class_getitem__(cls, format: object) -> GenericAlias:
        return format_alias(cls, format)

    @classmethod
    def new(cls, dirname: str) -> FlyteDirectory[Any]:
        """A new folder of this name in the task's working directory."""
        from alula.sdk.task_context.context import working_directory  # lazy: only when used

        path = os.path.join(working_directory(), dirname)
        os.makedirs(path, exist_ok=True)
        return FlyteDirectory(path)

    @classmethod
    def new_remote(cls, stem: str | None = None, alt: str | None = None) -> FlyteDirectory[Any]:
        """A new folder where the files of outputs are stored, in the bucket `alt` if it is another one. Files for it
        are made by `new_file`, or by a library that writes at its `path`."""
        return cls._new_at(new_uri(stem, alt))

    @classmethod
    def _new_at(cls, uri: str) -> FlyteDirectory[Any]:
        folder: FlyteDirectory[Any] = FlyteDirectory(new_place(uri, is_folder=True), remote_directory=False)
        folder._is_new = True
        return folder

    @classmethod
    def from_source(cls, source: str | os.PathLike[str]) -> FlyteDirectory[Any]:
        """A folder that exists already, local or remote, and is not to be copied."""
        return FlyteDirectory(source, remote_directory=False)

    @classmethod
    def of_stored(cls, uri: str, store: Store | None, *, at_once: int | None = None) -> FlyteDirectory[Any]:
        """The folder at a URI of the platform's store; no more of its files are fetched at the same time."""
        folder: FlyteDirectory[Any] = FlyteDirectory(uri)
        folder.remote_source = uri
        folder._store = store
        folder._at_once = at_once
        return folder

    def download(self) -> str:
        """The path of a local copy, which may be changed without harm to others."""
        if self.remote_source is None:
            return self.path
        if self._local is None:
            self._local = (self._store or default_store()).download(self.remote_source, at_once=self._at_once)
            self.path = self._local
        return self._local

    def __fspath__(self) -> str:
        return self.download()

    def new_file(self, name: str) -> FlyteFile[Any]:
        """A file in this folder, to be written."""
        if self._is_new:
            return FlyteFile.new_at(f"{self.path}/{name}")
        return FlyteFile(os.path.join(self.download(), name))

    def new_dir(self, name: str) -> FlyteDirectory[Any]:
        """A new folder in this folder."""
        if self._is_new:
            return self._new_at(f"{self.path}/{name}")
        path = os.path.join(self.download(), name)
        os.makedirs(path, exist_ok=True)
        return FlyteDirectory(path)

    def listdir(self) -> list[FlyteFile[Any] | FlyteDirectory[Any]]:
        """What is in the folder, by names. (`os.listdir(folder)` gives the names alone.) Of a folder in an object store
        nothing is fetched: each file is when it is used."""
        source, store = self.remote_source, self._store or default_store()
        parts = store.parts(source) if source and self._local is None else None
        if parts is not None and source is not None:
            return [self._entry(source, name, store) for name in top_names(parts.listed(source))]
        paths = [os.path.join(self.download(), name) for name in sorted(os.listdir(self.download()))]
        return [FlyteDirectory[Any](path) if os.path.isdir(path) else FlyteFile[Any](path) for path in paths]

    def _entry(self, source: str, name: str, store: Store) -> FlyteFile[Any] | FlyteDirectory[Any]:
        uri = f"{source.rstrip('/')}/{name}"
        if name.endswith("/"):
            return FlyteDirectory.of_stored(uri.rstrip("/"), store)
        return FlyteFile.of_stored(uri, store)

    def crawl(self, maxdepth: int | None = None) -> Generator[tuple[str, str]]:
        """All files in the folder and in those inside it: the path of the folder, and the path below it.

        With a `maxdepth` of 1 those in the folder alone, of 2 also those one deeper.
        """
        top = self.download()
        for folder, folders, files in os.walk(top):
            depth = 1 if folder == top else 1 + len(os.path.relpath(folder, top).split(os.sep))
            folders[:] = sorted(folders) if maxdepth is None or depth < maxdepth else []
            for name in sorted(files):
                yield top, os.path.relpath(os.path.join(folder, name), top)

    @property
    def sep(self) -> str:
        """The separator in its paths."""
        return os.sep

    def to_dict(self) -> dict[str, str]:
        """Its path, as in the fields of a dataclass."""
        return {"path": self.remote_source or self.path}

    @property
    def downloaded(self) -> bool:
        """True if the content is on this machine."""
        return self.remote_source is None or self._local is not None

    def __truediv__(self, name: str | os.PathLike[str]) -> Path:
        """The local path of a file in the folder."""
        from pathlib import Path  # lazy: only when used

        return Path(self.download()) / name

    def __str__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"FlyteDirectory({self.remote_source or self.path!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FlyteDirectory):
            return NotImplemented
        return (self.remote_source or self.path) == (other.remote_source or other.path)

    def __hash__(self) -> int:
        return hash(self.remote_source or self.path)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> object:
        from alula.sdk.types.pydantic_fields import path_schema  # lazy: pydantic calls this, so it is loaded

        return path_schema(FlyteDirectory)


lacks_members(FlyteDirectory, {"extension": 'the format is in the type: `FlyteDirectory["png"]`'})
lacks_keywords(FlyteDirectory, {"downloader": "leave it out: the content is fetched when it is first used"})
lacks_keywords(FlyteDirectory, {"topdown": "leave it out: files come from the top down"}, of="crawl")
