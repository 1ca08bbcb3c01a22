"""The files that an attempt needs before it starts: its inputs and an empty place for its results."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from alula.core.errors import FailedPrecondition
from alula.server.executor import AttemptSpec
from alula.server.executors.process.ending import LOG, RESULTS

STARTED_AGAIN = b"[alula] the attempt was interrupted and starts again\n"


def check(spec: AttemptSpec) -> None:
    """Raises `FailedPrecondition` where the platform keeps its objects elsewhere than in files of this machine."""
    for uri in (spec.input_uri, spec.output_prefix):
        if not os.path.isabs(uri):
            raise FailedPrecondition(
                "ObjectsNotLocal",
                f"processes read and write files, and {uri} is not one",
                fix="keep objects in a folder, or use another executor",
            )


def prepare(spec: AttemptSpec) -> bool:
    """Write `inputs.pb` where it is not yet, and make the output prefix; False when that is there already, from an
    earlier start of the same attempt. Raises OSError."""
    write_inputs(spec.input_uri, spec.inputs)
    try:
        make_folder(spec.output_prefix)
    except FileExistsError:
        return False
    return True


def make_folder(path: str) -> None:
    """With what is missing above it, which is mostly one folder. Raises FileExistsError, and other OSErrors."""
    try:
        os.mkdir(path)
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            make_folder(os.path.dirname(path))
        os.mkdir(path)


def write_inputs(path: str, data: bytes) -> None:
    """All items of an array share one file, so it may be there already: whole, unless a crash cut it short."""
    try:
        write_new(path, data)
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            make_folder(os.path.dirname(path))
        with contextlib.suppress(FileExistsError):
            write_new(path, data)
    except FileExistsError:
        if os.stat(path).st_size != len(data):
            temporary = f"{path}.{os.getpid()}"
            Path(temporary).unlink(missing_ok=True)
            write_new(temporary, data)
            os.rename(temporary, path)


def write_new(path: str, data: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    try:
        view = memoryview(data)
        while view:  # a disk that is nearly full takes a part
            view = view[os.write(file, view) :]
    finally:
        os.close(file)


def clear(prefix: str) -> None:
    """For a new start: remove what an interrupted start of the same attempt left; its log goes on."""
    for name in RESULTS:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{prefix}/{name}")
    with contextlib.suppress(FileNotFoundError), open(f"{prefix}/{LOG}", "r+b") as log:
        log.seek(0, os.SEEK_END)
        log.write(STARTED_AGAIN)
