"""`Checkpoint`: progress that the next attempt of a task can go on from, in a folder or an object store."""

from __future__ import annotations

import os

from alula.sdk.store import is_object, local_path, object_files

_FILE = "checkpoint"


class Checkpoint:
    """Bytes that survive the attempt: `read()` gives what the previous attempt last wrote."""

    def __init__(self, path: str, previous: str) -> None:
        self._path = _plain(path)
        self._previous = _plain(previous)

    @property
    def has_previous(self) -> bool:
        """True if an earlier attempt left something."""
        if not self._previous:
            return False
        file = f"{self._previous}/{_FILE}"
        return object_files().exists(file) if is_object(file) else os.path.exists(file)

    def prev_exists(self) -> bool:
        """True if an earlier attempt left something."""
        return self.has_previous

    def read(self) -> bytes | None:
        """The bytes that the previous attempt wrote last; None if there are none."""
        if not self._previous:
            return None
        file = f"{self._previous}/{_FILE}"
        try:
            if is_object(file):
                return object_files().read(file)
            with open(file, "rb") as kept:
                return kept.read()
        except FileNotFoundError:
            return None

    def write(self, data: bytes) -> None:
        """Keep this for the next attempt, whole or not at all."""
        if not self._path:
            raise OSError("this attempt has no place for checkpoints")
        if is_object(self._path):
            object_files().write(f"{self._path}/{_FILE}", data)
            return
        os.makedirs(self._path, exist_ok=True)
        temporary = os.path.join(self._path, f".{_FILE}.{os.getpid()}")
        with open(temporary, "wb") as file:
            file.write(data)
        os.replace(temporary, os.path.join(self._path, _FILE))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Keep the contents of a file for the next attempt."""
        with open(path, "rb") as file:
            self.write(file.read())

    def restore(self, path: str | os.PathLike[str]) -> str | None:
        """Write the bytes of the previous attempt to a file; gives its path, or None if there are none."""
        data = self.read()
        if data is None:
            return None
        with open(path, "wb") as file:
            file.write(data)
        return os.fspath(path)


def _plain(prefix: str) -> str:
    """Without the quotes of a command line."""
    return local_path(prefix.strip().strip('"').rstrip("/"))
