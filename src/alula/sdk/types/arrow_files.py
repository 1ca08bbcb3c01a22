"""Objects as a file system of Arrow, so that a data frame is read by its columns and row groups. Imports pyarrow."""

from __future__ import annotations

from typing import Any

import pyarrow as _pyarrow
import pyarrow.fs as _fs

from alula.sdk.folders import FOLDER_MARK
from alula.sdk.store import Parts

fs: Any = _fs  # Any: pyarrow has no types
pyarrow: Any = _pyarrow


def file_system(parts: Parts) -> Any:
    """A file system whose paths are URIs."""
    return fs.PyFileSystem(_Handler(parts))


class _Handler(fs.FileSystemHandler):
    """For reading alone: Arrow asks what is there and opens files."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self._parts = parts

    def get_type_name(self) -> str:
        return "alula"

    def normalize_path(self, path: str) -> str:
        return path

    def get_file_info(self, paths: list[str]) -> list[Any]:
        return [self._info(path) for path in paths]

    def get_file_info_selector(self, selector: Any) -> list[Any]:
        base = selector.base_dir.rstrip("/")
        return [
            fs.FileInfo(f"{base}/{name}", fs.FileType.File, size=size)
            for name, size in self._parts.listed(base).items()
            if name.rpartition("/")[2] != FOLDER_MARK and (selector.recursive or "/" not in name)
        ]

    def open_input_file(self, path: str) -> Any:
        return pyarrow.PythonFile(self._parts.opened(path), mode="r")

    def open_input_stream(self, path: str) -> Any:
        return self.open_input_file(path)

    def _info(self, path: str) -> Any:
        size = self._parts.size(path)
        if size is not None:
            return fs.FileInfo(path, fs.FileType.File, size=size)
        is_folder = bool(self._parts.listed(path))
        return fs.FileInfo(path, fs.FileType.Directory if is_folder else fs.FileType.NotFound)

    def _refuse(self, *_: object, **__: object) -> Any:
        raise OSError("objects are only read this way")

    create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = delete_file = _refuse
    move = copy_file = open_output_stream = open_append_stream = _refuse

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Handler) and other._parts is self._parts

    def __hash__(self) -> int:
        return id(self._parts)
