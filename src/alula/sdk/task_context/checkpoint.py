"""`Checkpoint`: progress that the next attempt of a task can go on from. Local and `file://` prefixes."""

from __future__ import annotations

import os

_FILE = "checkpoint"


class Checkpoint:
    """Bytes that survive the attempt: `read()` gives what the previous attempt last wrote."""

    def __init__(self, path: str, previous: str) -> None:
        self._path = _plain(path)
        self._previous = _plain(previous)

    @property
    def has_previous(self) -> bool:
        """True if an earlier attempt left something."""
        return bool(self._previous) and os.path.exists(os.path.join(self._previous, _FILE))

    def read(self) -> bytes | None:
        """The bytes that the previous attempt wrote last; None if there are none."""
        if not self.has_previous:
            return None
        with open(os.path.join(self._previous, _FILE), "rb") as file:
            return file.read()

    def write(self, data: bytes) -> None:
        """Keep this for the next attempt, whole or not at all."""
        if not self._path:
            raise OSError("this attempt has no place for checkpoints")
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
    prefix = prefix.strip().strip('"')
    return prefix.removeprefix("file://")
