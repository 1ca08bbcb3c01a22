"""`FlyteDirectory`: a folder of files that goes from task to task. Loads no protobuf; the wire form is `blobs`."""

from __future__ import annotations

import os
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Generic, Literal

from alula.sdk.types.file import FlyteFile, default_store, format_alias

if TYPE_CHECKING:
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
    def from_source(cls, source: str | os.PathLike[str]) -> FlyteDirectory[Any]:
        """A folder that exists already, local or remote, and is not to be copied."""
        return FlyteDirectory(source, remote_directory=False)

    @classmethod
    def of_stored(cls, uri: str, store: Store | None) -> FlyteDirectory[Any]:
        """The folder at a URI of the platform's store."""
        folder: FlyteDirectory[Any] = FlyteDirectory(uri)
        folder.remote_source = uri
        folder._store = store
        return folder

    def download(self) -> str:
        """The path of a local copy, which may be changed without harm to others."""
        if self.remote_source is None:
            return self.path
        if self._local is None:
            self._local = (self._store or default_store()).download(self.remote_source)
            self.path = self._local
        return self._local

    def __fspath__(self) -> str:
        return self.download()

    def new_file(self, name: str) -> FlyteFile[Any]:
        """A file in this folder, to be written."""
        return FlyteFile(os.path.join(self.download(), name))

    def listdir(self) -> list[str]:
        """The names in the folder, sorted."""
        return sorted(os.listdir(self.download()))

    def __truediv__(self, name: str) -> str:
        """The local path of a file in the folder."""
        return os.path.join(self.download(), name)

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
