"""The folders of local runs: found from the environment, and tried before anything runs."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from alula.core.errors import InvalidInput
from alula.sdk.store import FileStore


def data_folder() -> Path:
    """The folder for files and cache of local runs: `ALULA_DATA`, else `~/.alula`."""
    return Path(os.environ.get("ALULA_DATA") or Path.home() / ".alula")


def make_data_folder() -> Path:
    """The data folder, made for its owner alone if it is not there: a platform may use it later.

    Raises `InvalidInput` where there can be none.
    """
    folder = data_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(folder, error, variable="ALULA_DATA") from error
    return folder


def new_folder() -> Path:
    """A new folder for the files of a run. Raises `InvalidInput` where there can be none."""
    runs = _runs()
    try:
        return Path(tempfile.mkdtemp(prefix="run-", dir=runs))
    except OSError as error:
        raise unusable(data_folder(), error, variable="ALULA_DATA") from error


def inputs_store() -> FileStore:
    """A store for files among the inputs of a run, in a folder that is made when there are any.

    Raises `InvalidInput` where there can be none.
    """
    runs = _runs()
    if not os.access(runs, os.W_OK | os.X_OK):
        raise unusable(data_folder(), OSError(errno.EACCES, os.strerror(errno.EACCES)), variable="ALULA_DATA")
    folder = str(runs / f"inputs-{os.urandom(6).hex()}")
    return FileStore(folder, folder)


def _runs() -> Path:
    runs = make_data_folder() / "local"
    try:
        runs.mkdir(exist_ok=True)
    except OSError as error:
        raise unusable(data_folder(), error, variable="ALULA_DATA") from error
    return runs


def unusable(folder: Path, error: OSError, *, variable: str) -> InvalidInput:
    """The error for a folder that can't be written; `variable` names another."""
    return InvalidInput(
        "DataFolderUnusable",
        f"local runs can't keep their files in {folder}: {error.strerror}",
        fix=f"make it writable, or name another folder with {variable}",
    )
