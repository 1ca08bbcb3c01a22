"""The files of this machine that a container sees, where the platform's objects are files.

A container sees an `objects` folder of its own in the place of the store, read-only: its inputs, and links to the
files that these and its command name. So it sees nothing of other attempts, and can change nothing of theirs. Over it
lie the attempt's own folders of the store, for its results and its data, which it may write to.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

from alula.core.errors import InvalidInput
from alula.server.executor import AttemptSpec
from alula.server.executors.command import template_path
from alula.server.executors.container.build import Mount
from alula.server.executors.results import DECK, ERROR, FUTURES, OUTPUTS
from alula.server.removal import make_anew, remove_tree
from alula.server.untrusted import Tree, Unreadable

OBJECTS = "objects"
DEPTH_MIN = 3
"""The folders between the store and what may be linked, at least: nobody is shown the store, or all of a domain."""


class Folders:
    """`folder` holds one folder for each container; `store` is the folder of objects, empty if they are elsewhere."""

    def __init__(self, folder: Path, store: str) -> None:
        self._folder = folder
        self._store = store if os.path.isabs(store) else ""
        self._tree = Tree(self._store or "/")

    @property
    def has_objects(self) -> bool:
        """True if the platform's objects are files of this machine."""
        return bool(self._store)

    def make(self, key: str) -> Path:
        """An empty folder for a container that is about to be made. Raises OSError."""
        path = self._folder / key
        make_anew(path)
        path.chmod(0o700)
        return path

    def of(self, key: str) -> Path:
        return self._folder / key

    def remove(self, key: str) -> None:
        remove_tree(self._folder / key, ignore_errors=True)

    def keys(self) -> list[str]:
        """The containers that have a folder here."""
        try:
            return os.listdir(self._folder)
        except FileNotFoundError:
            return []

    def show_objects(self, key: str, spec: AttemptSpec, uris: Iterable[str]) -> tuple[Mount, ...]:
        """The mounts by which a container sees its inputs and these objects, and writes its results; none if it
        reaches the store by itself. Raises OSError, `InvalidInput`."""
        if not self._store:
            return ()
        view = self._folder / key / OBJECTS
        for path, data in ((spec.input_uri, spec.inputs), (template_path(spec), _template(spec))):
            place = self._in(view, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        for uri in uris:
            self._show(view, uri)
        own = _outermost(path for path in (spec.output_prefix, spec.raw_prefix) if self._is_inside(path))
        for path in own:
            self._in(view, path).mkdir(parents=True, exist_ok=True)
            self._make_own(path)
        return (Mount(str(view), self._store, read_only=True), *(Mount(path, path) for path in own))

    def _make_own(self, path: str) -> None:
        """Make a folder of the attempt's own in the store, without results of an earlier start."""
        Path(path).mkdir(parents=True, exist_ok=True)
        try:
            with self._tree.folder(path):
                for name in (OUTPUTS, ERROR, FUTURES, DECK):
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(f"{path}/{name}")
        except (Unreadable, IsADirectoryError) as error:
            raise InvalidInput("NotAFolder", f"the attempt's folder can't be mounted: {error}") from error

    def link(self, uri: str, place: Path) -> bool:
        """Have a place show a file of the store, or all files of a folder; False if nothing of the store is that."""
        path = os.path.normpath(uri)
        if not self._is_inside(path) or len(Path(path).relative_to(self._store).parts) <= DEPTH_MIN:
            return False
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            return False
        if stat.S_ISDIR(mode):
            self._link_folder(path, place)
        elif stat.S_ISREG(mode):
            place.parent.mkdir(parents=True, exist_ok=True)
            self._link_file(path, place)
        return stat.S_ISDIR(mode) or stat.S_ISREG(mode)

    def _show(self, view: Path, uri: str) -> None:
        """Have the view show what stands there. What is not there is for the task to miss."""
        place = self._in(view, os.path.normpath(uri))
        if not place.exists():
            self.link(uri, place)

    def _link_folder(self, path: str, place: Path) -> None:
        """Links in the folder are left out: what they lead to may be another's."""
        for folder, _, names in os.walk(path):
            here = place / os.path.relpath(folder, path)
            here.mkdir(parents=True, exist_ok=True)
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    if stat.S_ISREG(os.lstat(f"{folder}/{name}").st_mode):
                        self._link_file(f"{folder}/{name}", here / name)

    def _link_file(self, path: str, place: Path) -> None:
        """Link a regular file that no link leads to; copy it if it is on another disk."""
        try:
            file = self._tree.open(path)
        except Unreadable:
            return
        try:
            os.link(f"/proc/self/fd/{file}", place, follow_symlinks=True)
        except OSError:
            with os.fdopen(os.dup(file), "rb") as source, open(place, "wb") as copy:
                shutil.copyfileobj(source, copy)
        finally:
            os.close(file)

    def _is_inside(self, path: str) -> bool:
        return bool(self._store) and path.startswith(f"{self._store}/") and os.path.normpath(path) == path

    def _in(self, view: Path, path: str) -> Path:
        """The place in a view of something in the store."""
        return view / path.removeprefix(f"{self._store}/").lstrip("/")


def _template(spec: AttemptSpec) -> bytes:
    return spec.task.SerializeToString(deterministic=True)


def _outermost(paths: Iterable[str]) -> list[str]:
    """These paths, without those inside others."""
    found: list[str] = []
    for path in sorted(set(paths)):
        if not found or not path.startswith(f"{found[-1]}/"):
            found.append(path)
    return found
