"""The files that an attempt needs before it starts: its inputs and an empty place for its results."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Sequence

from alula.core.errors import FailedPrecondition
from alula.server.executor import AttemptSpec
from alula.server.executors.command import TEMPLATE, template_path
from alula.server.executors.process.ending import LOG, RESULTS
from alula.server.executors.process.places import Places, make_folder, place_of
from alula.server.untrusted import TooLarge, Tree, Unreadable, read_all

STARTED_AGAIN = b"[alula] the attempt was interrupted and starts again\n"


def check(spec: AttemptSpec) -> None:
    """Raises `FailedPrecondition` for an attempt whose files are in no store of this platform."""
    for uri in (spec.input_uri, spec.output_prefix):
        if not os.path.isabs(uri):
            raise FailedPrecondition(
                "ObjectsNotLocal",
                f"processes read and write files, and {uri} is neither one nor in the platform's object store",
                fix="use the object store that the run was started with, or another executor",
            )


class Files:
    """Prepares the places of attempts below one tree, in which tasks may have left anything."""

    def __init__(self, tree: Tree, places: Places) -> None:
        self._tree = tree
        self._places = places
        self._last_inputs = "", b""
        """Path and content of the inputs that were needed last."""

    def prepare(self, spec: AttemptSpec) -> bool:
        """Write `inputs.pb` where it is not yet, and make the output prefix; False when that is there already, from an
        earlier start of the same attempt. Raises OSError."""
        is_new = True
        try:
            if self._places.make(place_of(spec)):
                overwrite(spec.input_uri, spec.inputs)
                return True
        except FileExistsError:
            is_new = False
        self.write_inputs(spec)
        return is_new

    def write_template(self, spec: AttemptSpec, argv: Sequence[str]) -> None:
        """Write the template for a command that names its place, as those of other SDKs do. Raises OSError."""
        path = template_path(spec)
        if path in "\0".join(argv):
            write_whole(path, spec.task.SerializeToString(deterministic=True), self._tree)

    def clear(self, prefix: str) -> None:
        """Remove the results that an interrupted start of the same attempt left, for a new start; its log goes on.
        Raises OSError."""
        try:
            with self._tree.folder(prefix):
                pass
        except Unreadable:
            set_aside(prefix)
            os.mkdir(prefix)
            return
        for name in RESULTS:
            set_aside(f"{prefix}/{name}")
        try:
            log = self._tree.open(f"{prefix}/{LOG}", flags=os.O_WRONLY | os.O_APPEND)
        except FileNotFoundError:
            return
        except Unreadable:
            set_aside(f"{prefix}/{LOG}")
            return
        try:
            os.write(log, STARTED_AGAIN)
        finally:
            os.close(log)

    def remove_inputs(self, path: str, root: str) -> None:
        """Remove the inputs of a node that nobody needs here any more, its template, and folders below the root that
        are empty then."""
        folder = os.path.dirname(path)
        for name in (path, f"{folder}/{TEMPLATE}"):
            with contextlib.suppress(OSError):
                os.unlink(name)
        if self._last_inputs[0] == path:
            self._last_inputs = "", b""
        with contextlib.suppress(OSError):
            while folder.startswith(f"{root}/"):
                with contextlib.suppress(FileNotFoundError):
                    os.rmdir(folder)
                folder = os.path.dirname(folder)

    def write_inputs(self, spec: AttemptSpec) -> None:
        """All items of an array share one file, which is looked at closely for the first of them. Raises OSError."""
        path, data = spec.input_uri, spec.inputs
        last_path, last_data = self._last_inputs
        if path != last_path or data is not last_data or size_of(path) != len(data):
            write_whole(path, data, self._tree)
            self._last_inputs = path, data


def write_whole(path: str, data: bytes, tree: Tree) -> None:
    """Write a file that may be there already, from another attempt. If a task has changed it, or a crash cut it short,
    it is written anew. Raises OSError."""
    try:
        write_new(path, data)
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            make_folder(os.path.dirname(path))
        with contextlib.suppress(FileExistsError):
            write_new(path, data)
    except FileExistsError:
        if not holds(path, data, tree):
            temporary = f"{path}.{os.getpid()}"
            set_aside(temporary)
            write_new(temporary, data)
            set_aside(path)
            os.rename(temporary, path)


def overwrite(path: str, data: bytes) -> None:
    """Write a file anew in place of that of an attempt that is over, which nobody reads any more. Raises OSError.

    It is cut last and not first: ext4 writes a file that was cut to nothing to the disk when it is closed.
    """
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        set_aside(path)
        write_new(path, data)
        return
    os.chmod(path, 0o600)
    file = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    os.fchmod(file, 0o400)
    _write(file, data, cut=True)


def write_new(path: str, data: bytes) -> None:
    _write(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), data)


def _write(file: int, data: bytes, *, cut: bool = False) -> None:
    """Write all of it, `cut` what the file has after it, and close the file."""
    try:
        view = memoryview(data)
        while view:  # a disk that is nearly full takes a part
            view = view[os.write(file, view) :]
        if cut:
            os.ftruncate(file, len(data))
    finally:
        os.close(file)


def holds(path: str, data: bytes, tree: Tree) -> bool:
    """True if the file is there with exactly these bytes. Raises OSError."""
    if size_of(path) != len(data):
        return False
    try:
        file = tree.open(path)
    except (FileNotFoundError, Unreadable):
        return False
    try:
        return read_all(file, len(data), shown=path) == data
    except TooLarge:
        return False
    finally:
        os.close(file)


def size_of(path: str) -> int:
    """The size of a regular file in bytes; -1 if it is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return -1
    return found.st_size if stat.S_ISREG(found.st_mode) else -1


def set_aside(path: str) -> None:
    """Make this name free. A folder, whose removal may take long, gets another name. Raises OSError."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except (IsADirectoryError, PermissionError):  # some systems refuse to unlink a folder with EPERM
        os.rename(path, f"{path}.{time.time_ns()}")
