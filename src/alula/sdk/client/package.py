"""A code folder as one archive that depends on its content alone: same files, same bytes, same digest.

Owns what goes in, in which order, and the size limit. Does not upload.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import msgspec

from alula.core.errors import InvalidInput
from alula.sdk.client.ignore import ALWAYS, SECRETS, Rule, is_ignored, rules
from alula.sdk.folders import refuse_cycle, what_else
from alula.sdk.standard_modules import shadowing_names

SIZE_LIMIT_BYTES = 100 * 1024 * 1024
FILES_LIMIT = 20_000
_IGNORE_FILES = ((".dockerignore", True), (".gitignore", False), (".flyteignore", False))
_EPOCH = 0
_NAMED = 5
"""So many names stand in a warning."""
_FIX = (
    "put the workflow's file in a folder of its own, list what is not code in .flyteignore, "
    "or pack imported modules only with --copy auto"
)


class Code(NamedTuple):
    """The part of a folder that is packed, and the part that can't be."""

    files: list[Path]
    """Files, and empty folders."""
    left_out: list[str]
    """Entries that are neither files nor folders, each with its kind, and that no ignore file leaves out."""


class Bundle(msgspec.Struct, frozen=True):
    """A packed code folder."""

    root: Path
    data: bytes
    """A gzipped tar archive."""
    digest: str
    """SHA-256 of names, modes and contents, in hex: independent of the compression."""
    files: int
    left_out: tuple[str, ...] = ()
    """As in `Code`."""

    @property
    def warning(self) -> str:
        """One line on the entries left out; empty if there are none."""
        if not self.left_out:
            return ""
        named, more = self.left_out[:_NAMED], len(self.left_out) - _NAMED
        rest = f" and {more:,} more" if more > 0 else ""
        return f"not packed from {self.root}: {', '.join(named)}{rest}; remove them or list them in .flyteignore"

    @property
    def md5(self) -> bytes:
        return hashlib.md5(self.data, usedforsecurity=False).digest()


def package(root: Path, *, code: Code | None = None, limit_bytes: int = SIZE_LIMIT_BYTES) -> Bundle:
    """Pack the folder `root`, without what its ignore files and common sense leave out.

    With `code`, that and nothing else. Raises `InvalidInput` code `CodeTooLarge` naming
    the largest files, `CodeUnreadable`, or `ModuleNameTaken` for a file that would replace a module of Python.
    """
    paths, left_out = code or code_in(root)
    _check_names(root, paths)
    _check_size(root, paths, limit_bytes)
    buffer = io.BytesIO()
    digest = hashlib.sha256()
    try:
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path in paths:
                for part in _add(archive, root, path):
                    digest.update(len(part).to_bytes(8, "big"))
                    digest.update(part)
    except OSError as error:
        raise InvalidInput("CodeUnreadable", f"the code in {root} can't be read: {error}") from error
    return Bundle(
        root=root,
        data=gzip.compress(buffer.getvalue(), compresslevel=6, mtime=_EPOCH),
        digest=digest.hexdigest(),
        files=len(paths),
        left_out=tuple(left_out),
    )


def code_in(root: Path) -> Code:
    """The code to pack, sorted by the path below `root`."""
    found = Code([], [])
    _collect(root, "", rules((*ALWAYS, *SECRETS)), found)
    found.files.sort(key=lambda path: path.relative_to(root).as_posix())
    return found


def imported_files(root: Path, modules: Iterable[ModuleType]) -> list[Path]:
    """Source files of the modules that lie below `root` (and not in an environment there), sorted."""
    root = root.resolve()
    always = rules(ALWAYS)
    found: set[Path] = set()
    for module in modules:
        path = Path(os.path.abspath(getattr(module, "__file__", None) or "/"))
        if root not in path.parents:
            path = path.resolve()
        if root not in path.parents:
            continue
        folders = [parent for parent in path.parents if root in parent.parents]
        names = [folder.relative_to(root).as_posix() for folder in folders]
        if any(is_ignored(name, always, is_folder=True) for name in names):
            continue
        if not any(_is_made(str(folder)) for folder in folders):
            found.add(path)
    return sorted(found)


def _collect(folder: Path, below: str, inherited: list[Rule], found: Code) -> None:
    ordered = [*inherited, *_own_rules(folder, below)]
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InvalidInput("CodeUnreadable", f"the folder {folder} can't be read: {error}") from error
    if below and not entries:
        found.files.append(folder)
    for entry in entries:
        path = f"{below}/{entry.name}" if below else entry.name
        is_folder = os.path.isdir(entry.path)
        if is_ignored(path, ordered, is_folder=is_folder) or (is_folder and _is_made(entry.path)):
            continue
        if is_folder:
            _refuse_cycle(entry.path)
            _collect(Path(entry.path), path, ordered, found)
        elif not os.path.isfile(entry.path):
            found.left_out.append(f"{path!r} ({what_else(entry.path)})")
        else:
            found.files.append(Path(entry.path))
            if len(found.files) > FILES_LIMIT:
                raise InvalidInput(
                    "CodeTooLarge",
                    f"the code folder has more than {FILES_LIMIT:,} files, many of them in {folder}",
                    fix=_FIX,
                )


def _refuse_cycle(folder: str) -> None:
    try:
        refuse_cycle(folder)
    except OSError as error:
        raise InvalidInput("CodeUnreadable", f"the code can't be packed: {error}") from error


def _own_rules(folder: Path, below: str) -> list[Rule]:
    own: list[Rule] = []
    for name, anchored in _IGNORE_FILES:
        path = folder / name
        if path.is_file() and (not anchored or not below):
            own += rules(path.read_text(errors="replace").splitlines(), base=below, anchored=anchored)
    return own


def _is_made(folder: str) -> bool:
    """True if a folder is a virtual environment or the data folder of a platform, whatever its name."""
    return any(os.path.exists(os.path.join(folder, mark)) for mark in ("pyvenv.cfg", "server.lock"))


def _add(archive: tarfile.TarFile, root: Path, path: Path) -> tuple[bytes, ...]:
    """Add one file or empty folder; gives the parts of it that count for the digest."""
    name = path.relative_to(root).as_posix()
    info = tarfile.TarInfo(name)
    info.mtime = _EPOCH
    if path.is_dir():
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(info)
        return _encoded(name), b"d"
    content = path.read_bytes()
    info.size = len(content)
    info.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
    archive.addfile(info, io.BytesIO(content))
    return _encoded(name), b"x" if info.mode & 0o100 else b"-", content


def _encoded(name: str) -> bytes:
    return name.encode(errors="surrogateescape")


def _check_names(root: Path, paths: Sequence[Path]) -> None:
    """In a task's process the code comes before Python's library, whose users would get the author's module."""
    for name in shadowing_names(str(root)):
        for file in (root / f"{name}.py", root / name / "__init__.py"):
            if file in paths:
                raise InvalidInput(
                    "ModuleNameTaken",
                    f"`{file.relative_to(root)}` in {root} has the name of a module of Python's library, which it would"
                    " replace for every library that a task uses",
                    fix="rename it, or leave it out by a line in .flyteignore",
                )


def _check_size(root: Path, paths: list[Path], limit_bytes: int) -> None:
    sizes = {path: path.stat().st_size for path in paths}
    total = sum(sizes.values())
    if total <= limit_bytes:
        return
    largest = sorted(paths, key=lambda path: -sizes[path])[:3]
    named = ", ".join(f"{path.relative_to(root)} ({_mib(sizes[path])})" for path in largest)
    raise InvalidInput(
        "CodeTooLarge",
        f"the code in {root} is {_mib(total)}, more than the {_mib(limit_bytes)} allowed; largest: {named}",
        fix=_FIX,
    )


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / 1024 / 1024:.1f} MiB"
