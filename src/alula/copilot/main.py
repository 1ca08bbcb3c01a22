"""`alula-copilot`: `download` before a raw container begins, `upload` when it has ended well.

What the container did wrong is a result of the attempt (`error.pb`, exit status 0), as for tasks of Alula's own. What
keeps the copilot itself from its work it writes to the container's termination message, where the executor reads it
with the pod: the store may be what it does not reach.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from flyteidl.core import tasks_pb2
from google.protobuf.message import DecodeError

from alula.copilot.arguments import Arguments, parse
from alula.copilot.store import Files
from alula.core.error_text import short_message
from alula.core.errors import AlulaError, TaskError
from alula.sdk.runtime.failure import TaskFailed, system_failure
from alula.sdk.runtime.results import read, read_inputs, write_error, write_outputs
from alula.server.executors.raw.inputs import write_inputs
from alula.server.executors.raw.outputs import Failed, read_outputs, said
from alula.server.executors.results import RESULT_MAX_BYTES

TERMINATION_LOG = "/dev/termination-log"
MESSAGE_MAX_BYTES = 1500
"""Kubernetes keeps 4 KiB of a termination message, in which characters may be escaped."""


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says. Returns 0 when it is done, also when that is a failure of the container."""
    arguments = parse(sys.argv[1:] if argv is None else argv)
    work = _download if arguments.does == "download" else _upload
    try:
        asyncio.run(work(arguments, Files(arguments.folder)))
    except TaskFailed as failed:
        return _give_up(failed.error)
    except AlulaError as error:
        return _give_up(TaskError(error.code, str(error)))
    except OSError as error:
        what = f"the copilot can't {arguments.does} the container's files"
        return _give_up(
            system_failure("DownloadDataError", what, error)
            if arguments.does == "download"
            else system_failure("UploadDataError", what, error)
        )
    return 0


async def _download(arguments: Arguments, files: Files) -> None:
    inputs = await asyncio.to_thread(read_inputs, arguments.inputs)
    await write_inputs(_task(arguments.task), inputs, Path(arguments.folder), files.bring)
    await asyncio.to_thread(files.clear)


async def _upload(arguments: Arguments, files: Files) -> None:
    task, prefix = _task(arguments.task), arguments.raw_output_prefix.rstrip("/")
    try:
        failure = said(arguments.folder)
        if failure is None:
            values = await read_outputs(task, arguments.folder, prefix, files.take, limit_bytes=RESULT_MAX_BYTES)
            write_outputs(arguments.output_prefix, values)
            return
    except Failed as failed:
        failure = failed.error
    print(failure.message, file=sys.stderr)
    write_error(arguments.output_prefix, failure)


def _task(uri: str) -> tasks_pb2.TaskTemplate:
    try:
        return tasks_pb2.TaskTemplate.FromString(read(uri))
    except DecodeError as error:
        raise TaskFailed(system_failure("DownloadDataError", f"can't read the task {uri}", error)) from error


def _give_up(error: TaskError) -> int:
    """Say why the work was not done, to the executor and in the log."""
    print(f"alula-copilot: {error.message}", file=sys.stderr)
    told = error._replace(message=short_message(error.message, max_bytes=MESSAGE_MAX_BYTES))
    if os.path.exists(TERMINATION_LOG):
        Path(TERMINATION_LOG).write_bytes(msgspec.json.encode(told))
    return 1


if __name__ == "__main__":
    sys.exit(main())
