"""What the end of an attempt means: its processes' end and its result files become one update. Pure but for reading.

Which failure counts first is decided here, once, so that a report after a crash is the same as a report at once.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import msgspec
from flyteidl.core import errors_pb2, execution_pb2
from google.protobuf.message import DecodeError

from alula.core.errors import TaskError
from alula.server.executor import AttemptSpec, AttemptUpdate
from alula.server.executors.process.admission import text_of_bytes
from alula.server.executors.process.wire import End

LOG_LIMIT = "LogLimitExceeded"
OUT_OF_MEMORY = "OOMKilled"
"""Codes, and the causes with which the platform kills an attempt."""

RECORD = "exit.json"
LOG = "log.txt"
RESULTS = ("outputs.pb", "error.pb", "futures.pb", "deck.html", RECORD)


class Rules(msgspec.Struct, frozen=True):
    """What an attempt may do."""

    log_limit_bytes: int
    tolerate_leftovers: bool


_records = msgspec.json.Decoder(End)


def recorded_end(output_prefix: str) -> End | None:
    """The record that the fork server wrote when the attempt ended; None while there is none that is whole."""
    try:
        return _records.decode((Path(output_prefix) / RECORD).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None


def read(folder: str, name: str) -> bytes | None:
    try:
        with open(f"{folder}/{name}", "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def update_of(spec: AttemptSpec, end: End, rules: Rules) -> AttemptUpdate:
    """The update that says how the attempt ended. Reads the result files under its output prefix."""
    prefix = spec.output_prefix
    deck = f"{prefix}/deck.html"
    deck_uri = deck if Path(deck).exists() else ""
    error = process_failure(spec, end, rules)
    outputs = futures = None
    if error is None:
        document = read(prefix, "error.pb")
        if document is not None:
            error = error_of_document(document)
            if end.oom_kills:
                error = out_of_memory(spec, end)
    if error is None:
        futures = read(prefix, "futures.pb")
        outputs = None if futures is not None else read(prefix, "outputs.pb")
        error = exit_failure(spec, end, has_result=futures is not None or outputs is not None)
    if error is not None:
        return AttemptUpdate(spec.id, end.ended_at, "FAILED", error=error, deck_uri=deck_uri)
    if outputs is None and futures is None:
        outputs = b""
    return AttemptUpdate(spec.id, end.ended_at, "SUCCEEDED", outputs=outputs, futures=futures, deck_uri=deck_uri)


def process_failure(spec: AttemptSpec, end: End, rules: Rules) -> TaskError | None:
    """A failure that counts whatever the task wrote."""
    if end.cannot_start:
        return TaskError("CannotStart", f"no process could be started: {end.cannot_start}", "SYSTEM", recoverable=True)
    if end.cause == LOG_LIMIT or size_of(f"{spec.output_prefix}/{LOG}") > rules.log_limit_bytes:
        return TaskError(
            LOG_LIMIT,
            f"the task wrote more than {text_of_bytes(rules.log_limit_bytes)} to its output, which is the limit for "
            "the log of one attempt; write less, or raise `log_limit_bytes` of the platform",
        )
    if end.cause == OUT_OF_MEMORY or (end.oom_kills and (end.signal or end.code)):
        return out_of_memory(spec, end)
    if end.left_behind and not rules.tolerate_leftovers:
        return TaskError(
            "ProcessesLeftBehind",
            f"the task ended and left {len(end.left_behind)} processes running, which were killed: "
            f"{'; '.join(end.left_behind)}; wait for what the task starts, or end it",
        )
    return None


def out_of_memory(spec: AttemptSpec, end: End) -> TaskError:
    return TaskError(
        OUT_OF_MEMORY,
        f"the task's processes had {text_of_bytes(end.peak_bytes)} of memory resident, and their limit is "
        f"{text_of_bytes(spec.memory_limit_bytes)}; ask for more memory",
        recoverable=True,
    )


def exit_failure(spec: AttemptSpec, end: End, *, has_result: bool) -> TaskError | None:
    """A failure by how the process ended, for a task that wrote no error itself."""
    written = " after it had written its result" if has_result else " without a result"
    if end.signal:
        return TaskError(
            "KilledBySignal", f"the task's process was ended by {name_of(end.signal)}{written}", recoverable=True
        )
    if end.code:
        return TaskError(
            "ExitedWithError", f"the task's process exited with status {end.code}{written}", recoverable=True
        )
    if not has_result and spec.task.interface.outputs.variables:
        return TaskError(
            "OutputsNotFound", "the task's process exited with status 0 and wrote no outputs.pb", recoverable=True
        )
    return None


def name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def size_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def error_of_document(document: bytes) -> TaskError:
    parsed = errors_pb2.ErrorDocument()
    try:
        parsed.ParseFromString(document)
    except DecodeError:
        return TaskError(
            "BadErrorDocument", "the task wrote an error.pb that can't be read", "SYSTEM", recoverable=True
        )
    error = parsed.error
    system = error.origin == execution_pb2.ExecutionError.ErrorKind.SYSTEM
    return TaskError(
        code=error.code,
        message=error.message,
        kind="SYSTEM" if system else "USER",
        recoverable=error.kind == errors_pb2.ContainerError.RECOVERABLE,
    )
