"""The outcome of an attempt, read from what it left behind. Every executor uses this one reading.

The order is Flyte's: an error document speaks first, whatever the exit status (SDKs exit with 0 after a user's
error). Then how the process ended. Then its results: futures make it dynamic, outputs make it a success, and
outputs that were declared but not written are an error that another attempt may cure; outputs that are not those of
the interface are one that it does not.
"""

from __future__ import annotations

import signal as signals
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

import msgspec
from flyteidl.core import dynamic_job_pb2, errors_pb2, execution_pb2, interface_pb2, literals_pb2
from google.protobuf.message import DecodeError

from alula.core.error_text import short_code, short_message
from alula.core.errors import ErrorKind, TaskError
from alula.core.literals.checking import check_literals
from alula.core.literals.offloading import Aside, OffloadRule, put_aside


class OutcomeCode(StrEnum):
    """Codes of errors that the platform, not the task, gives to an attempt."""

    EXIT_CODE = "ExitCode"
    """The command ended with a status other than 0 and no error document."""
    KILLED = "Killed"
    """The command crashed: a signal ended it that is a fault of its own."""
    OUT_OF_MEMORY = "OOMKilled"
    """More memory than the limit."""
    TIMEOUT_EXPIRED = "TimeoutExpired"
    INTERRUPTED = "Interrupted"
    """The attempt was taken away, by the machine, the platform or a person."""
    EVICTED = "Evicted"
    """Its node had too little of something, or was emptied."""
    PREEMPTED = "Preempted"
    """Its node was wanted for something that counts more."""
    NODE_LOST = "NodeLost"
    """Its node is gone, or nobody hears of it."""
    DELETED = "UnexpectedObjectDeletion"
    """Somebody has deleted its object in the cluster. Flyte's name."""
    OUTPUTS_NOT_FOUND = "OutputsNotFound"
    OUTPUTS_NOT_READABLE = "OutputsNotReadable"
    """`outputs.pb` or `futures.pb` is not what its name says."""
    WRONG_OUTPUTS = "OutputsMismatch"
    """`outputs.pb` does not hold the declared outputs: others, values of other types, or values that are none."""
    ERROR_NOT_READABLE = "ErrorNotReadable"
    """`error.pb` is not an error document."""
    COMMAND_NOT_FOUND = "CommandNotFound"
    """The command could not be started at all."""
    UNKNOWN = "UnknownError"
    """An error document without a code."""


class Succeeded(msgspec.Struct, frozen=True):
    """The attempt gave its results: outputs, or the futures of a dynamic task."""

    outputs: bytes = b""
    """Serialized `core.LiteralMap`, empty for a task that gives nothing."""
    futures: bytes | None = None
    """Serialized `core.DynamicJobSpec`."""
    asides: Sequence[Aside] = ()
    """The objects that the outputs refer to."""


Outcome: TypeAlias = Succeeded | TaskError
_LOG_LINE_CHARS = 500
_NOT_STARTED = (126, 127)
_FROM_OUTSIDE = (signals.SIGKILL, signals.SIGTERM)
"""Not a fault of the command: the machine went down, or the kernel or an operator took the process away."""


def interpret(
    *,
    exit_code: int | None,
    signal: int | None = None,
    error_document: bytes | None = None,
    outputs: bytes | None = None,
    futures: bytes | None = None,
    unreadable: str = "",
    declared: Mapping[str, interface_pb2.Variable],
    of_item: bool = False,
    offload: OffloadRule | None = None,
    out_of_memory: bool = False,
    timed_out_after_s: float | None = None,
    interrupted: bool = False,
    last_log_line: str = "",
    document_uri: str = "",
) -> Outcome:
    """Decide between success and one typed error.

    Args:
        exit_code: status of the command; `None` if a signal ended it or it never ran.
        signal: number of the signal that ended it.
        error_document: contents of `error.pb`, `None` if there is none; so for the next two.
        outputs: contents of `outputs.pb`.
        futures: contents of `futures.pb`.
        unreadable: why there are results that can't be read, empty if there are none.
        declared: the outputs of the task's interface.
        of_item: whether it is an item of an array. Its task may declare lists; each item gives one value of them.
        offload: which of the outputs are put aside.
        out_of_memory: the executor knows that the memory limit ended it.
        timed_out_after_s: the executor ended it because it ran longer than this.
        interrupted: the machine or the platform took it away; costs no user retry.
        last_log_line: the last line of its log, for the message.
        document_uri: where the error document is, for a message that is cut.
    """
    if error_document is not None:
        return read_error(error_document, document_uri)
    ended = _end(
        exit_code=exit_code,
        signal=signal,
        out_of_memory=out_of_memory,
        timed_out_after_s=timed_out_after_s,
        interrupted=interrupted,
        said=_said(last_log_line),
    )
    if ended is not None:
        return ended
    if unreadable:
        return _retryable(OutcomeCode.OUTPUTS_NOT_READABLE, f"the task's results can't be read: {unreadable}")
    return _results(outputs, futures, declared, of_item=of_item, offload=offload, said=_said(last_log_line))


def read_error(document: bytes, uri: str = "") -> TaskError:
    """The error that an `error.pb` holds, in the task's own words as far as they are not too many."""
    try:
        error = errors_pb2.ErrorDocument.FromString(document).error
    except DecodeError as broken:
        return TaskError(
            OutcomeCode.ERROR_NOT_READABLE,
            f"the task wrote an error document that can't be read ({broken})",
            kind="SYSTEM",
            recoverable=True,
        )
    return TaskError(
        short_code(error.code) or OutcomeCode.UNKNOWN,
        short_message(error.message, uri) or "the task reported an error without a message",
        kind=_origin(error),
        recoverable=error.kind == errors_pb2.ContainerError.RECOVERABLE,
    )


def _origin(error: errors_pb2.ContainerError) -> ErrorKind:
    """The side at fault: as the document says, else by its code, else the user."""
    if error.origin == execution_pb2.ExecutionError.SYSTEM:
        return "SYSTEM"
    unknown = error.origin == execution_pb2.ExecutionError.UNKNOWN
    return "SYSTEM" if unknown and error.code.split(":", 1)[0] == "SYSTEM" else "USER"


def _end(
    *,
    exit_code: int | None,
    signal: int | None,
    out_of_memory: bool,
    timed_out_after_s: float | None,
    interrupted: bool,
    said: str,
) -> TaskError | None:
    """The error that the end of the process stands for; `None` if it ended with status 0."""
    if out_of_memory:
        return _retryable(OutcomeCode.OUT_OF_MEMORY, f"the task used more memory than its limit{said}")
    if timed_out_after_s is not None:
        return _retryable(
            OutcomeCode.TIMEOUT_EXPIRED, f"the task ran longer than its timeout of {timed_out_after_s:g} s{said}"
        )
    if interrupted:
        return TaskError(OutcomeCode.INTERRUPTED, f"the attempt was taken away{said}", kind="SYSTEM", recoverable=True)
    if signal is None and exit_code is not None and exit_code > 128 and exit_code - 128 in _SIGNALS:
        signal = exit_code - 128  # a shell's way to say that a signal ended its command
    if signal is not None and signal in _FROM_OUTSIDE:
        return TaskError(
            OutcomeCode.INTERRUPTED,
            f"the command was ended by {_signal_name(signal)} from outside: by somebody, because the machine went "
            f"down, or because its memory ran out{said}",
            kind="SYSTEM",
            recoverable=True,
        )
    if signal is not None:
        return _retryable(OutcomeCode.KILLED, f"the command was ended by {_signal_name(signal)}{said}")
    if exit_code is None:
        return TaskError(
            OutcomeCode.INTERRUPTED, f"how the command ended is not known{said}", kind="SYSTEM", recoverable=True
        )
    if exit_code in _NOT_STARTED:
        return TaskError(OutcomeCode.COMMAND_NOT_FOUND, f"the command could not be started (status {exit_code}){said}")
    if exit_code != 0:
        return _retryable(OutcomeCode.EXIT_CODE, f"the command ended with status {exit_code}{said}")
    return None


def _results(
    outputs: bytes | None,
    futures: bytes | None,
    declared: Mapping[str, interface_pb2.Variable],
    *,
    of_item: bool,
    offload: OffloadRule | None,
    said: str,
) -> Outcome:
    if not outputs and futures is None and declared:
        wrote = "wrote no outputs.pb" if outputs is None else "left outputs.pb empty"
        return _retryable(OutcomeCode.OUTPUTS_NOT_FOUND, f"the command ended well, but {wrote}{said}")
    try:
        if futures is not None:
            dynamic_job_pb2.DynamicJobSpec.FromString(futures)
            return Succeeded(futures=futures)
        literals = literals_pb2.LiteralMap.FromString(outputs or b"")
    except DecodeError as broken:
        name = "outputs.pb" if futures is None else "futures.pb"
        return _retryable(OutcomeCode.OUTPUTS_NOT_READABLE, f"{name} can't be read ({broken})")
    wrong = check_literals(literals, _of_one_item(declared) if of_item else declared)
    if wrong is not None and of_item:
        wrong = check_literals(literals, declared)
    if wrong is not None:
        return TaskError(OutcomeCode.WRONG_OUTPUTS, short_message(f"outputs.pb is not what the task declares: {wrong}"))
    data = outputs or b""
    asides = put_aside(literals, offload) if offload is not None and len(data) >= offload.limit else []
    return Succeeded(literals.SerializeToString(), asides=asides) if asides else Succeeded(data)


def _of_one_item(declared: Mapping[str, interface_pb2.Variable]) -> dict[str, interface_pb2.Variable]:
    return {name: interface_pb2.Variable(type=each.type.collection_type) for name, each in declared.items()}


def _retryable(code: OutcomeCode, message: str) -> TaskError:
    return TaskError(code, message, kind="USER", recoverable=True)


def _said(last_log_line: str) -> str:
    line = last_log_line.strip()
    return f"; it said last: {line[:_LOG_LINE_CHARS]}" if line else ""


_SIGNALS = frozenset(int(number) for number in signals.Signals)


def _signal_name(number: int) -> str:
    return signals.Signals(number).name if number in _SIGNALS else f"signal {number}"
