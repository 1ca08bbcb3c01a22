"""Reading specifications: single files, folders and archives, without unpacking anything to disk.

Archives come from elsewhere. They are read as a stream with an end, and a member that names a place outside is refused.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from alula.core.compiler.package import PackageError, Source
from alula.core.compiler.specification import Specification, specification_of_bytes, specification_of_document
from alula.core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from alula.core.literals.structs import Plain

_ARCHIVES = (".tgz", ".tar.gz", ".tar")
_DOCUMENTS = (".json", ".yaml", ".yml")
SUFFIXES = (".pb", *_DOCUMENTS)
_GZIP_MAGIC = b"\x1f\x8b"
_BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error)


class Limits(msgspec.Struct, frozen=True):
    """Sizes above those of any real specification."""

    file_bytes: int = 64 * 2**20
    """A workflow of 100,000 nodes has about 20 MiB."""
    archive_bytes: int = 1024 * 2**20
    """Unpacked; an archive may also hold packed code."""


LIMITS = Limits()


class Files(msgspec.Struct):
    """The files that were found, in the order of their names."""

    sources: list[Source] = []
    errors: list[PackageError] = []
    others: list[str] = []
    """Files that are about something else."""


def read_files(path: Path, limits: Limits = LIMITS) -> Files:
    """All specifications of a file, a folder or an archive.

    Raises `InvalidInput` and `NotFound` for a path that can't hold any; what is wrong with one file of several is
    among the errors.
    """
    if not path.exists():
        raise NotFound("FileNotFound", f"there is no file or folder `{path}`")
    if not path.is_dir() and not path.is_file():
        raise InvalidInput("NotASpecification", f"`{path}` is neither a file nor a folder")
    if path.suffix == ".py":
        raise InvalidInput(
            "NotASpecification",
            f"`{path}` is Python code, and this command imports none",
            fix=f"check it with `alula register --dry-run {path}`, or make specifications of it with `pyflyte package`",
        )
    files = Files()
    if path.is_dir():
        _read_folder(path, files, limits)
    elif path.name.endswith(_ARCHIVES) or _starts_with(path, _GZIP_MAGIC):
        _read_archive(path, files, limits)
    else:
        _read_file(path, path.name, files, limits, alone=True)
    files.sources.sort(key=lambda source: source.file)
    files.errors.sort(key=lambda error: error.file)
    if not files.sources and not files.errors:
        raise _nothing(path)
    return files


def _nothing(path: Path) -> InvalidInput:
    fix = f"name a folder or archive with {', '.join(SUFFIXES)} files, as `pyflyte package` writes them"
    if path.is_dir() and any(path.glob("**/*.py")):
        fix = f"for Python code use `alula register --dry-run {path}`, or first `pyflyte package`"
    return InvalidInput("NothingToCompile", f"there is no specification in `{path}`", fix=fix)


def _read_folder(folder: Path, files: Files, limits: Limits) -> None:
    for place, inner, names in os.walk(folder):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            file = path.relative_to(folder).as_posix()
            if not name.endswith(SUFFIXES) or not path.is_file():
                files.others.append(file)
                continue
            _read_file(path, file, files, limits)


def _read_file(path: Path, file: str, files: Files, limits: Limits, *, alone: bool = False) -> None:
    try:
        _take(file, _bytes_of(path, limits), files, alone=alone)
    except InvalidInput as wrong:
        files.errors.append(PackageError(file, wrong.code, str(wrong)))


def _read_archive(path: Path, files: Files, limits: Limits) -> None:
    """All of its members, or none: those before a break would be blamed for lacking those after it."""
    try:
        for file, data in _members(path, files, limits):
            _take(file, data, files)
    except InvalidInput as wrong:
        files.errors.append(PackageError(path.name, wrong.code, str(wrong)))
        files.sources.clear()
    except _BROKEN as wrong:
        message = f"the archive can't be read to its end: {wrong or type(wrong).__name__}; make it again"
        files.errors.append(PackageError(path.name, "BadArchive", message))
        files.sources.clear()


def _members(path: Path, files: Files, limits: Limits) -> Iterator[tuple[str, bytes]]:
    packed = _starts_with(path, _GZIP_MAGIC)
    with gzip.open(path) if packed else path.open("rb") as stream:
        limited = _Limited(stream, limits.archive_bytes)
        with tarfile.open(fileobj=limited, mode="r|") as archive:
            yield from _regular_members(archive, files, limits)
        while limited.read(2**20):  # what is packed has a checksum at its end
            pass


def _regular_members(archive: tarfile.TarFile, files: Files, limits: Limits) -> Iterator[tuple[str, bytes]]:
    for member in archive:
        file = member.name.removeprefix("./")
        if not member.isfile() or not file.endswith(SUFFIXES):
            if not member.isdir():
                files.others.append(file)
        elif _leads_outside(file):
            message = "the archive has a member outside its folder; pack it again from inside that folder"
            files.errors.append(PackageError(file, "UnsafeArchive", message))
        elif member.size > limits.file_bytes:
            files.errors.append(PackageError(file, "UnsafeArchive", _too_large(member.size, limits)))
        else:
            content = archive.extractfile(member)
            assert content is not None, "a regular member"
            yield file, content.read()


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _Limited(io.RawIOBase):
    """A stream that ends with an error when more comes out of it than anybody packs."""

    def __init__(self, stream: _Readable, bytes_max: int) -> None:
        self._stream = stream
        self._bytes_max = bytes_max
        self._left = bytes_max

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            message = f"the archive unpacks to more than {self._bytes_max >> 20} MiB"
            raise InvalidInput("UnsafeArchive", message, fix="leave out what is no specification")
        return data


def _leads_outside(file: str) -> bool:
    parts = PurePosixPath(file).parts
    return not parts or file.startswith("/") or ".." in parts or "\\" in file or "\0" in file


def _take(file: str, data: bytes, files: Files, *, alone: bool = False) -> None:
    """Read one file; `alone` if it is all that was asked for."""
    try:
        specification = _specification(file, data)
    except InvalidInput as wrong:
        files.errors.append(PackageError(file, wrong.code, str(wrong)))
        return
    if specification is not None:
        files.sources.append(Source(file, specification))
    elif alone:
        message = "the document has neither a `template` with an `id` nor a `spec` with a `workflow_id`"
        files.errors.append(PackageError(file, "NotASpecification", message))
    else:
        files.others.append(file)


def _specification(file: str, data: bytes) -> Specification | None:
    if file.endswith(_DOCUMENTS):
        return specification_of_document(_document(file, data))
    if not file.endswith(".pb") and data.lstrip().startswith(b"{"):
        return specification_of_document(_document(".json", data))
    return specification_of_bytes(data, PurePosixPath(file).name)


def _document(file: str, data: bytes) -> Plain:
    try:
        text = data.decode("utf-8-sig")
        return json.loads(text) if file.endswith(".json") else _yaml(text)
    except (ValueError, RecursionError) as wrong:
        raise InvalidInput("BadSpecification", f"the file is not well-formed: {_one_line(wrong)}") from wrong


def _yaml(text: str) -> Any:
    import yaml  # lazy: most packages have none

    class Loader(yaml.SafeLoader):
        """JSON's values only: a time stays text, and nothing is written once and read a million times."""

        yaml_implicit_resolvers = {  # noqa: RUF012 the library's own table, without times
            first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise ValueError("it has anchors; write out what they stand for")
            return super().compose_node(parent, index)

    try:
        return yaml.load(text, Loader)
    except yaml.YAMLError as wrong:
        raise ValueError(str(wrong)) from wrong


def _bytes_of(path: Path, limits: Limits) -> bytes:
    try:
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise InvalidInput("BadSpecification", _too_large(size, limits))
        return path.read_bytes()
    except OSError as wrong:
        raise InvalidInput("BadSpecification", f"`{path}` can't be read: {wrong.strerror}") from wrong


def _starts_with(path: Path, magic: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(magic)) == magic
    except OSError as wrong:
        raise InvalidInput("BadSpecification", f"`{path}` can't be read: {wrong.strerror}") from wrong


def _too_large(size: int, limits: Limits) -> str:
    return (
        f"the file has {size >> 20} MiB, and a specification at most {limits.file_bytes >> 20}; "
        "make large constants inputs, or split the workflow"
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
