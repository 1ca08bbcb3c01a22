"""The data folder: its holder, and the means by which others find the platform that runs on it.

`server.lock`, `runner.lock` and `scheduler.lock` are held (flock) by the process with that role, mostly one for all, so
that the kernel lets go of them however it ends.
`server.json` says where the server is; it is there only while one is ready. `server.log` is that of a detached one.
`server.runner` names its runner, so that the next server here knows whose claims are of the dead.
`server.id` is the name of the platform that lives here, the same in each of its lives, by which it knows its attempts.
The folder is its owner's alone, and so is all that is made while it is held: the umask says so, which tasks inherit.
Knows nothing of what else lies in the folder. Imports nothing heavy: `alula status` reads it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from alula.core.errors import FailedPrecondition, InvalidInput, ResourceExhausted

ID = "server.id"
INFO = "server.json"
LOCK = "server.lock"
LOCKS = {"api": LOCK, "runner": "runner.lock", "scheduler": "scheduler.lock"}
"""Held by the process with each role."""
LOG = "server.log"
RUNNER = "server.runner"
# A question for the holder takes the lock for a moment too; a server that starts just then looks again.
_LOCK_TRIES = 10
_OTHERS = 0o077
"""The bits of a mode that give others rights."""
_LOCK_INTERVAL_S = 0.01


class ServerInfo(msgspec.Struct, frozen=True):
    """A running platform. `http` is a URL, `grpc` is `host:port`."""

    pid: int
    grpc: str
    http: str
    version: str
    data: str
    started_at: int
    """Microseconds since the epoch."""
    low_bytes: int = 0
    """The room on the disk below which there is little."""


def read_info(folder: Path) -> ServerInfo | None:
    """The platform that runs on a data folder and is ready; None if there is none."""
    try:
        info = msgspec.json.decode((folder / INFO).read_bytes(), type=ServerInfo)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return info if holder(folder) is not None else None


def write_info(folder: Path, info: ServerInfo) -> None:
    """Say that the platform is ready. Raises as `held` does."""
    temporary = folder / f"{INFO}.{os.getpid()}"
    try:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(info)) + b"\n")
        temporary.replace(folder / INFO)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _unusable(folder, error) from error


def remove_info(folder: Path) -> None:
    """Say that it is not any more."""
    (folder / INFO).unlink(missing_ok=True)


def last_runner(folder: Path) -> str:
    """The runner of the server that ran here last; empty if there was none. For the holder of the folder."""
    try:
        return (folder / RUNNER).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def platform_id(folder: Path) -> str:
    """The name of the platform that lives here, made on first use. For the holder of the folder. Raises as `held`.

    It stands with the number of its file. A copy has another number, and gets a name of its own: its original may live.
    """
    path = folder / ID
    try:
        path.touch()
        file = str(path.stat().st_ino)
        known, _, of = path.read_text(errors="replace").strip().partition(" ")
        if not known or of not in ("", file):  # empty after a crash on the way
            known = secrets.token_hex(8)
        if of != file:
            path.write_text(f"{known} {file}\n")
    except OSError as error:
        raise _unusable(folder, error) from error
    return known


def write_runner(folder: Path, runner_id: str) -> None:
    """Say which runner runs here now. Raises as `held` does."""
    try:
        (folder / RUNNER).write_text(f"{runner_id}\n")
    except OSError as error:
        raise _unusable(folder, error) from error


def holder(folder: Path, lock: str = LOCK) -> int | None:
    """The process that holds a lock of a data folder: 0 if it can't be named, None if nobody does.

    Raises `FailedPrecondition` code `DataFolderNotYours` for a folder that this user may not look into.
    """
    try:
        descriptor = os.open(folder / lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError as error:
        raise _not_yours(folder) from error
    except OSError:
        return None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            written = os.pread(descriptor, 32, 0).strip()
            return int(written) if written.isdigit() else 0
        return None
    finally:
        os.close(descriptor)


class Holding(NamedTuple):
    """A data folder that this process holds."""

    folder: Path
    lock: str
    descriptor: int
    """The descriptor of the lock."""

    def check(self) -> None:
        """Raises `FailedPrecondition` code `DataFolderGone` once the folder was removed, or another stands there."""
        try:
            if os.path.samestat(os.stat(self.folder / self.lock), os.fstat(self.descriptor)):
                return
        except FileNotFoundError:
            pass
        except OSError:
            return  # a disk that is away may come back
        raise FailedPrecondition(
            "DataFolderGone",
            f"{self.folder} was removed or replaced while a platform ran on it",
            fix="restore it, and start the platform again",
        )


@contextmanager
def held(folder: Path, lock: str = LOCK) -> Generator[Holding]:
    """Hold a lock of a data folder, made if it is not there.

    Raises `FailedPrecondition` code `DataFolderInUse` at once when another server holds it, and as `make` does.
    """
    make(folder)
    descriptor = _open_lock(folder, lock)
    umask = os.umask(_OTHERS)
    try:
        _take(descriptor, folder)
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            if lock == LOCK:
                remove_info(folder)  # of a server that was killed
        except OSError as error:
            raise _unusable(folder, error) from error
        yield Holding(folder, lock, descriptor)
    finally:
        os.umask(umask)
        os.close(descriptor)


def make(folder: Path) -> None:
    """Make a data folder, or see to it that one that is there is this user's and nobody else's.

    Raises `FailedPrecondition` code `DataFolderNotYours` or `DataFolderOpen` where that can't be known, `InvalidInput`
    when it can't be a folder that this user may write, `ResourceExhausted` on a full disk.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        if found.st_uid != os.geteuid():
            raise _not_yours(folder)
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise FailedPrecondition(
                "DataFolderOpen",
                f"others may write into the data folder {folder} (mode {stat.S_IMODE(found.st_mode):03o}), so what "
                "lies there may be theirs",
                fix=f"if all in it is yours, `chmod 700 {folder}`; else choose another folder with --data",
            )
        _close(folder)
        for entry in os.scandir(folder):
            if not entry.is_symlink():
                _close(Path(entry.path))
    except OSError as error:
        raise _unusable(folder, error) from error


def open_log(folder: Path) -> int:
    """The log of a detached server, to append to. Raises as `make` does."""
    make(folder)
    try:
        return os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(folder, error) from error


def _close(path: Path) -> None:
    """Let nobody but its owner use it. Everything below a closed folder is out of reach too."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        path.chmod(mode & ~_OTHERS)


def _not_yours(folder: Path) -> FailedPrecondition:
    return FailedPrecondition(
        "DataFolderNotYours",
        f"the data folder {folder} belongs to another user",
        fix="choose another with --data; to use the platform there, name it with --endpoint HOST:PORT",
    )


def _open_lock(folder: Path, lock: str) -> int:
    try:
        return os.open(folder / lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(folder, error) from error


def _take(descriptor: int, folder: Path) -> None:
    for _ in range(_LOCK_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_LOCK_INTERVAL_S)
    pid = 0
    with suppress(OSError, ValueError):
        pid = int(os.pread(descriptor, 32, 0))
    info = read_info(folder)
    where = f" at {info.grpc}" if info else ""
    raise FailedPrecondition(
        "DataFolderInUse",
        f"a platform already runs on {folder} (process {pid or 'unknown'}){where}",
        fix="use it, stop it with `alula down`, or choose another folder with --data",
    )


def _unusable(folder: Path, error: OSError) -> InvalidInput | ResourceExhausted:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ResourceExhausted("DiskFull", f"there is no room on the disk of {folder}", fix="make some")
    return InvalidInput(
        "DataFolderUnusable",
        f"{folder} can't be the data folder: {error.strerror}",
        fix="choose another with --data",
    )
