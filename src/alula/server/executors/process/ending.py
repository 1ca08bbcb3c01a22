"""The update that an attempt's end becomes, made of its processes' end and its result files. Pure but for reading.

Which failure counts first is decided here, once, so that a report after a crash is the same as a report at once.
What the task left is read without trust (`untrusted`).
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import msgspec

from alula.core.engine.usage import Usage
from alula.core.errors import TaskError
from alula.core.policy.outcome import Outcome, OutcomeCode
from alula.core.size_text import text_of_bytes
from alula.server.executor import AttemptSpec, AttemptUpdate
from alula.server.executors.command import renames_results
from alula.server.executors.followed import now_us
from alula.server.executors.process.wire import End
from alula.server.executors.results import (
    DECK,
    ERROR,
    ERROR_MAX_BYTES,
    FUTURES,
    FUTURES_MAX_BYTES,
    OUTPUTS,
    RESULT_MAX_BYTES,
    Results,
    interpreted,
)
from alula.server.staging import IN_PLACE, Staging
from alula.server.untrusted import Folder, TooLarge, Tree, Unreadable

CANCELLED = "Cancelled"
LOG_LIMIT = "LogLimitExceeded"
OUT_OF_MEMORY = OutcomeCode.OUT_OF_MEMORY.value
"""Codes, and the causes with which the platform kills an attempt."""

LAST_LINE_BYTES = 4096

RECORD = "exit.json"
LOG = "log.txt"
RESULTS = (OUTPUTS, ERROR, FUTURES, DECK, RECORD)
RECORD_MAX_BYTES = 1 << 20
IN_PROCESS_BYTES = 2 << 20
"""The most that is read in the platform's own process."""


class Rules(msgspec.Struct, frozen=True):
    """The limits of an attempt, and the objects that its files stand for."""

    log_limit_bytes: int
    tolerate_leftovers: bool
    result_limit_bytes: int = RESULT_MAX_BYTES
    staging: Staging = IN_PLACE


ANYWHERE = Tree("/")
_records = msgspec.json.Decoder(End)


def recorded_end(output_prefix: str, tree: Tree = ANYWHERE) -> End | None:
    """The record that the fork server wrote when the attempt ended; None if there is none that is whole."""
    try:
        with tree.folder(output_prefix) as folder:
            return _recorded(folder)
    except (OSError, Unreadable):
        return None


def earlier_end(spec: AttemptSpec, tree: Tree = ANYWHERE) -> End | None:
    """The end of an earlier start of the attempt; None if it has to run.

    A cancelled start doesn't count: a new submission asks for a run. A task whose result was there when its process was
    killed, before that could end by itself, is done all the same: running it again would do its work twice.
    """
    try:
        with tree.folder(spec.output_prefix) as folder:
            recorded = _recorded(folder)
            if recorded is not None:
                return None if recorded.cause == CANCELLED else recorded
            if not renames_results(spec):
                return None
            for name in (OUTPUTS, ERROR, FUTURES):
                written_ns = folder.modified_ns(name)
                if written_ns is not None:
                    return End(code=0, ended_at=_past(written_ns // 1000))
    except (OSError, Unreadable):
        pass
    return None


def _recorded(folder: Folder) -> End | None:
    try:
        data = folder.read(RECORD, limit_bytes=RECORD_MAX_BYTES)
        end = _records.decode(data) if data is not None else None
    except (OSError, Unreadable, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return msgspec.structs.replace(end, ended_at=_past(end.ended_at)) if end is not None else None


def _past(at: int) -> int:
    """A time that the task may have made up: not before 1970, and not after now."""
    return max(0, min(at, now_us()))


class TakesLong(Exception):
    """Results are too large to be read here."""


class Left:
    """The results that an attempt left in its folder; none without a folder."""

    def __init__(self, folder: Folder | None, here_bytes: int) -> None:
        self._folder = folder
        self._here_bytes = here_bytes

    def read(self, name: str, limit_bytes: int) -> bytes | None:
        """Raises `Unreadable`, `TakesLong`, OSError."""
        if self._folder is None:
            return None
        try:
            return self._folder.read(name, limit_bytes=min(limit_bytes, self._here_bytes))
        except TooLarge as large:
            if self._here_bytes < limit_bytes:
                raise TakesLong from large
            raise

    def has(self, name: str) -> bool:
        return self._folder is not None and self._folder.modified_ns(name) is not None

    def last_line(self) -> str:
        return last_line(self._folder) if self._folder is not None else ""


def update_of(
    spec: AttemptSpec, end: End, rules: Rules, tree: Tree = ANYWHERE, *, here_bytes: int = sys.maxsize
) -> AttemptUpdate:
    """The update that says how the attempt ended. Reads the result files under its output prefix.

    Raises OSError, and `TakesLong` where one has more than `here_bytes`.
    """
    try:
        with tree.folder(spec.output_prefix) as folder:
            return _update_of(spec, end, rules, Left(folder, here_bytes))
    except FileNotFoundError:
        return _update_of(spec, end, rules, Left(None, here_bytes))
    except Unreadable as unreadable:
        error = process_failure(spec, end, rules) or not_readable(OutcomeCode.OUTPUTS_NOT_READABLE, unreadable)
        return AttemptUpdate(spec.id, end.ended_at, "FAILED", error=error, usage=end.usage)


def _update_of(spec: AttemptSpec, end: End, rules: Rules, left: Left) -> AttemptUpdate:
    deck_uri = rules.staging.uri(f"{spec.output_prefix}/{DECK}") if left.has(DECK) else ""
    outcome = process_failure(spec, end, rules) or result_of(spec, end, rules, left)
    if isinstance(outcome, TaskError):
        return AttemptUpdate(spec.id, end.ended_at, "FAILED", error=outcome, deck_uri=deck_uri, usage=end.usage)
    return AttemptUpdate(
        spec.id,
        end.ended_at,
        "SUCCEEDED",
        outputs=outcome.outputs if outcome.futures is None else None,
        asides=outcome.asides,
        futures=outcome.futures,
        deck_uri=deck_uri,
        usage=end.usage,
    )


def result_of(spec: AttemptSpec, end: End, rules: Rules, left: Left) -> Outcome:
    """The outcome by the result files, or by the exit if there are none. Raises `TakesLong`, OSError."""
    try:
        document = left.read(ERROR, min(ERROR_MAX_BYTES, rules.result_limit_bytes))
    except Unreadable as unreadable:
        return not_readable(OutcomeCode.ERROR_NOT_READABLE, unreadable)
    if document is not None and end.oom_kills:
        return out_of_memory(spec, end)  # what the task noticed is that one of its processes was gone
    outputs, futures, why_unreadable = None, None, ""
    try:
        if document is None:
            outputs = left.read(OUTPUTS, rules.result_limit_bytes)
            futures = left.read(FUTURES, min(FUTURES_MAX_BYTES, rules.result_limit_bytes))
    except Unreadable as unreadable:
        why_unreadable = str(unreadable)
    declared = spec.task.interface.outputs.variables
    quiet = document is not None or (end.code == 0 and not (declared and outputs is None))
    outcome = interpreted(
        spec,
        Results(document, outputs, futures, why_unreadable),
        exit_code=None if end.signal else end.code,
        signal=end.signal or None,
        last_log_line="" if quiet else left.last_line(),
        error_uri=rules.staging.uri(f"{spec.output_prefix}/{ERROR}"),
    )
    if isinstance(outcome, TaskError) and document is None and not end.signal and could_not_write(spec, end):
        why = f" ({end.not_recorded})" if end.not_recorded else ""
        return TaskError(
            "ResultsNotWritten",
            f"the results of the attempt could not be written{why}; its disk may be full: {spec.output_prefix}",
            "SYSTEM",
            recoverable=True,
        )
    return outcome


def not_readable(code: OutcomeCode, unreadable: Unreadable) -> TaskError:
    """The failure of an attempt whose result is no file, or too large a one."""
    return TaskError(code, f"the task's results can't be read: {unreadable}", recoverable=True)


def could_not_write(spec: AttemptSpec, end: End) -> bool:
    """True if there are no results because the machine would not take them."""
    return bool(end.not_recorded) or (end.code == os.EX_IOERR and renames_results(spec))


def process_failure(spec: AttemptSpec, end: End, rules: Rules) -> TaskError | None:
    """A failure that counts whatever the task wrote."""
    if end.cannot_start:
        return TaskError("CannotStart", f"no process could be started: {end.cannot_start}", "SYSTEM", recoverable=True)
    if end.cause == LOG_LIMIT or end.log_bytes > rules.log_limit_bytes:
        return TaskError(
            LOG_LIMIT,
            f"the task wrote more than {text_of_bytes(rules.log_limit_bytes)} to its output, which is the limit for "
            "the log of one attempt; write less, or raise the setting `executors.process.log_limit_bytes`",
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
    limit = text_of_bytes(spec.resources.limits.memory_bytes)
    peak = end.usage.peak_memory_bytes if end.usage is not None else None
    had = f"had {text_of_bytes(peak.value)} of memory, and their limit is {limit}" if peak else f"had more than {limit}"
    return TaskError(
        OUT_OF_MEMORY,
        f"the task's processes {had}; ask for more memory",
        recoverable=True,
    )


def failure(spec: AttemptSpec, error: TaskError, usage: Usage | None = None) -> AttemptUpdate:
    """The end of an attempt by a failure of now."""
    return AttemptUpdate(spec.id, now_us(), "FAILED", error=error, usage=usage)


def cut_log(spec: AttemptSpec, end: End, rules: Rules, tree: Tree = ANYWHERE) -> None:
    """Cut a log that is too long to its limit. Raises OSError."""
    if end.log_bytes <= rules.log_limit_bytes:
        return
    with suppress(FileNotFoundError, Unreadable):
        log = tree.open(f"{spec.output_prefix}/{LOG}", flags=os.O_WRONLY)
        try:
            os.ftruncate(log, rules.log_limit_bytes)
            os.lseek(log, 0, os.SEEK_END)
            os.write(log, f"\n[alula] cut here: the limit is {text_of_bytes(rules.log_limit_bytes)}\n".encode())
        finally:
            os.close(log)


def last_line(folder: Folder) -> str:
    """The last line of a log that is not empty, for a message."""
    try:
        log = folder.open(LOG)
    except (FileNotFoundError, Unreadable):
        return ""
    try:
        os.lseek(log, max(0, os.fstat(log).st_size - LAST_LINE_BYTES), os.SEEK_SET)
        lines = os.read(log, LAST_LINE_BYTES).decode(errors="replace").strip().splitlines()
    finally:
        os.close(log)
    return lines[-1] if lines else ""
