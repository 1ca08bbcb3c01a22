"""What the end of an attempt means: its processes' end and its result files become one update. Pure but for reading.

Which failure counts first is decided here, once, so that a report after a crash is the same as a report at once.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from alula.core.errors import TaskError
from alula.core.policy.outcome import Outcome, OutcomeCode, interpret
from alula.server.executor import AttemptSpec, AttemptUpdate
from alula.server.executors.process.admission import text_of_bytes
from alula.server.executors.process.wire import End

CANCELLED = "Cancelled"
LOG_LIMIT = "LogLimitExceeded"
OUT_OF_MEMORY = OutcomeCode.OUT_OF_MEMORY.value
"""Codes, and the causes with which the platform kills an attempt."""

LAST_LINE_BYTES = 4096

RENAMES_RESULTS = "alula-execute"
"""The command whose result files are whole when they are there, and written last, and which says with an exit status
of its own that it could not write them."""

RECORD = "exit.json"
OUTPUTS = "outputs.pb"
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


def earlier_end(spec: AttemptSpec) -> End | None:
    """How an earlier start of the attempt ended; None when it has to run.

    Being cancelled doesn't count: whoever submits it again wants it to run. A task whose result was there when its
    process was killed, before that could end by itself, is done all the same: running it again would do its work twice.
    """
    prefix = spec.output_prefix
    recorded = recorded_end(prefix)
    if recorded is not None:
        return None if recorded.cause == CANCELLED else recorded
    if not renames_results(spec):
        return None
    for name in ("outputs.pb", "error.pb", "futures.pb"):
        with contextlib.suppress(OSError):
            return End(code=0, ended_at=os.stat(f"{prefix}/{name}").st_mtime_ns // 1000)
    return None


def renames_results(spec: AttemptSpec) -> bool:
    """Whether that command is the task's."""
    container = spec.task.container
    return [*container.command, *container.args][:1] == [RENAMES_RESULTS]


def read(folder: str, name: str) -> bytes | None:
    try:
        with open(f"{folder}/{name}", "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def update_of(spec: AttemptSpec, end: End, rules: Rules) -> AttemptUpdate:
    """The update that says how the attempt ended. Reads the result files under its output prefix; raises OSError."""
    prefix = spec.output_prefix
    deck = f"{prefix}/deck.html"
    deck_uri = deck if os.path.exists(deck) else ""
    outcome = process_failure(spec, end, rules) or result_of(spec, end)
    if isinstance(outcome, TaskError):
        return AttemptUpdate(spec.id, end.ended_at, "FAILED", error=outcome, deck_uri=deck_uri)
    outputs = outcome.outputs if outcome.futures is None else None
    return AttemptUpdate(
        spec.id, end.ended_at, "SUCCEEDED", outputs=outputs, futures=outcome.futures, deck_uri=deck_uri
    )


def result_of(spec: AttemptSpec, end: End) -> Outcome:
    """What the result files say, or the exit where there are none."""
    prefix = spec.output_prefix
    document = read(prefix, "error.pb")
    if document is not None and end.oom_kills:
        return out_of_memory(spec, end)  # what the task noticed is that one of its processes was gone
    outputs, futures = read(prefix, "outputs.pb"), read(prefix, "futures.pb")
    expects_outputs = bool(spec.task.interface.outputs.variables)
    quiet = document is not None or (end.code == 0 and not (expects_outputs and outputs is None))
    outcome = interpret(
        exit_code=None if end.signal else end.code,
        signal=end.signal or None,
        error_document=document,
        outputs=outputs,
        futures=futures,
        expects_outputs=expects_outputs,
        last_log_line="" if quiet else last_line(f"{prefix}/{LOG}"),
    )
    if isinstance(outcome, TaskError) and document is None and not end.signal and could_not_write(spec, end):
        why = f" ({end.not_recorded})" if end.not_recorded else ""
        return TaskError(
            "ResultsNotWritten",
            f"the results of the attempt could not be written{why}; its disk may be full: {prefix}",
            "SYSTEM",
            recoverable=True,
        )
    return outcome


def could_not_write(spec: AttemptSpec, end: End) -> bool:
    """Whether there are no results because the machine would not take them."""
    return bool(end.not_recorded) or (end.code == os.EX_IOERR and renames_results(spec))


def process_failure(spec: AttemptSpec, end: End, rules: Rules) -> TaskError | None:
    """A failure that counts whatever the task wrote."""
    if end.cannot_start:
        return TaskError("CannotStart", f"no process could be started: {end.cannot_start}", "SYSTEM", recoverable=True)
    if end.cause == LOG_LIMIT or end.log_bytes > rules.log_limit_bytes:
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


def cut_log(spec: AttemptSpec, end: End, rules: Rules) -> None:
    """Keep of a log that is too long what the limit allows. Raises OSError."""
    if end.log_bytes > rules.log_limit_bytes:
        path = f"{spec.output_prefix}/{LOG}"
        os.truncate(path, rules.log_limit_bytes)
        with open(path, "ab") as log:
            log.write(f"\n[alula] cut here: the limit is {text_of_bytes(rules.log_limit_bytes)}\n".encode())


def last_line(path: str) -> str:
    """The last line of a log that is not empty, for a message."""
    try:
        with open(path, "rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - LAST_LINE_BYTES))
            lines = log.read().decode(errors="replace").strip().splitlines()
    except FileNotFoundError:
        return ""
    return lines[-1] if lines else ""
