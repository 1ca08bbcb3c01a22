"""What became of an attempt, from what it left behind."""

from typing import Any

import pytest
from flyteidl.core import dynamic_job_pb2, errors_pb2, execution_pb2, interface_pb2, literals_pb2
from tests.unit.core.literals.values import INT, STR, list_type, lit

from alula.core.errors import TaskError
from alula.core.literals.offloading import OffloadRule
from alula.core.policy.outcome import Outcome, OutcomeCode, Succeeded, interpret

OUTPUTS = literals_pb2.LiteralMap(literals={"o0": lit(1)}).SerializeToString()
DECLARED = {"o0": interface_pb2.Variable(type=INT)}
FUTURES = dynamic_job_pb2.DynamicJobSpec(min_successes=1).SerializeToString()
ErrorKind = execution_pb2.ExecutionError.ErrorKind
USER, SYSTEM, UNKNOWN = (
    execution_pb2.ExecutionError.USER,
    execution_pb2.ExecutionError.SYSTEM,
    execution_pb2.ExecutionError.UNKNOWN,
)


def outcome(exit_code: int | None = 0, *, expects_outputs: bool = True, **left: Any) -> Outcome:
    return interpret(exit_code=exit_code, declared=DECLARED if expects_outputs else {}, **left)


def error(exit_code: int | None = 0, **left: Any) -> TaskError:
    ended = outcome(exit_code, **left)
    assert isinstance(ended, TaskError)
    return ended


def document(
    code: str = "USER:RuntimeError",
    *,
    recoverable: bool = False,
    origin: ErrorKind = UNKNOWN,
) -> bytes:
    kind = errors_pb2.ContainerError.RECOVERABLE if recoverable else errors_pb2.ContainerError.NON_RECOVERABLE
    container = errors_pb2.ContainerError(code=code, message="no", kind=kind, origin=origin)
    return errors_pb2.ErrorDocument(error=container).SerializeToString()


def test_outputs_are_a_success() -> None:
    assert outcome(outputs=OUTPUTS) == Succeeded(outputs=OUTPUTS)


def test_a_task_that_declares_nothing_needs_no_file() -> None:
    assert outcome(expects_outputs=False) == Succeeded()
    assert outcome(expects_outputs=False, outputs=b"") == Succeeded()


def test_futures_make_it_dynamic() -> None:
    assert outcome(futures=FUTURES) == Succeeded(futures=FUTURES)


def test_an_error_document_speaks_before_the_exit_status_and_the_outputs() -> None:
    told = error(0, error_document=document(), outputs=OUTPUTS)
    assert told == TaskError("USER:RuntimeError", "no", kind="USER", recoverable=False)
    assert error(1, error_document=document()) == told
    assert error(None, signal=9, error_document=document()) == told


@pytest.mark.parametrize(
    ("code", "origin", "kind"),
    [
        ("USER:ValueError", UNKNOWN, "USER"),
        ("SYSTEM", UNKNOWN, "SYSTEM"),
        ("SYSTEM:Unknown", UNKNOWN, "SYSTEM"),
        ("SYSTEMATIC", UNKNOWN, "USER"),
        ("USER:ValueError", SYSTEM, "SYSTEM"),
        ("SYSTEM", USER, "USER"),
    ],
)
def test_whose_fault_it_is(code: str, origin: ErrorKind, kind: str) -> None:
    assert error(error_document=document(code, origin=origin)).kind == kind


def test_whether_it_may_be_retried_is_independent_of_whose_fault_it_is() -> None:
    for origin, kind in ((USER, "USER"), (SYSTEM, "SYSTEM")):
        for recoverable in (True, False):
            told = error(error_document=document(origin=origin, recoverable=recoverable))
            assert (told.kind, told.recoverable) == (kind, recoverable)


def test_an_error_document_without_words() -> None:
    told = error(error_document=b"")
    assert told.code == OutcomeCode.UNKNOWN
    assert told.message


RETRYABLE_USER = ("USER", True)


@pytest.mark.parametrize(
    ("exit_code", "left", "code", "kind", "said"),
    [
        (3, {}, OutcomeCode.EXIT_CODE, RETRYABLE_USER, "status 3"),
        (1, {"outputs": OUTPUTS}, OutcomeCode.EXIT_CODE, RETRYABLE_USER, "status 1"),
        (None, {"signal": 9}, OutcomeCode.INTERRUPTED, ("SYSTEM", True), "SIGKILL"),
        (None, {"signal": 15}, OutcomeCode.INTERRUPTED, ("SYSTEM", True), "SIGTERM"),
        (None, {"signal": 11}, OutcomeCode.KILLED, RETRYABLE_USER, "SIGSEGV"),
        (137, {}, OutcomeCode.INTERRUPTED, ("SYSTEM", True), "SIGKILL"),
        (134, {}, OutcomeCode.KILLED, RETRYABLE_USER, "SIGABRT"),
        (255, {}, OutcomeCode.EXIT_CODE, RETRYABLE_USER, "status 255"),
        (127, {}, OutcomeCode.COMMAND_NOT_FOUND, ("USER", False), "could not be started"),
        (None, {"signal": 9, "out_of_memory": True}, OutcomeCode.OUT_OF_MEMORY, RETRYABLE_USER, "memory"),
        (None, {"signal": 15, "timed_out_after_s": 2.5}, OutcomeCode.TIMEOUT_EXPIRED, RETRYABLE_USER, "2.5 s"),
        (None, {"signal": 15, "interrupted": True}, OutcomeCode.INTERRUPTED, ("SYSTEM", True), "taken away"),
        (None, {}, OutcomeCode.INTERRUPTED, ("SYSTEM", True), "not known"),
        (0, {}, OutcomeCode.OUTPUTS_NOT_FOUND, RETRYABLE_USER, "no outputs.pb"),
        (0, {"outputs": b""}, OutcomeCode.OUTPUTS_NOT_FOUND, RETRYABLE_USER, "empty"),
        (0, {"outputs": b"\xff"}, OutcomeCode.OUTPUTS_NOT_READABLE, RETRYABLE_USER, "outputs.pb"),
        (0, {"futures": b"\xff"}, OutcomeCode.OUTPUTS_NOT_READABLE, RETRYABLE_USER, "futures.pb"),
        (0, {"error_document": b"\xff"}, OutcomeCode.ERROR_NOT_READABLE, ("SYSTEM", True), "can't be read"),
    ],
)
def test_ends_without_results(
    exit_code: int | None, left: dict[str, Any], code: str, kind: tuple[str, bool], said: str
) -> None:
    told = error(exit_code, **left)
    assert told.code == code
    assert (told.kind, told.recoverable) == kind
    assert said in told.message


def test_the_last_log_line_is_in_the_message_but_not_all_of_a_long_one() -> None:
    assert error(1, last_log_line="Segmentation fault\n").message.endswith("it said last: Segmentation fault")
    assert len(error(1, last_log_line="x" * 10_000).message) < 1000


def test_an_item_of_an_array_gives_what_its_task_declares_or_one_value_of_the_lists_of_it() -> None:
    lists = {"o0": interface_pb2.Variable(type=list_type(INT))}
    text = literals_pb2.LiteralMap(literals={"o0": lit("a")}).SerializeToString()
    for declared in (DECLARED, lists):
        assert interpret(exit_code=0, outputs=OUTPUTS, declared=declared, of_item=True) == Succeeded(outputs=OUTPUTS)
        wrong = interpret(exit_code=0, outputs=text, declared=declared, of_item=True)
        assert isinstance(wrong, TaskError)
        assert wrong.code == OutcomeCode.WRONG_OUTPUTS
    assert isinstance(interpret(exit_code=0, outputs=OUTPUTS, declared=lists), TaskError)


def test_large_outputs_are_put_aside() -> None:
    text = literals_pb2.LiteralMap(literals={"o0": lit(1), "o1": lit("x" * 1000)}).SerializeToString()
    declared = {"o0": interface_pb2.Variable(type=INT), "o1": interface_pb2.Variable(type=STR)}
    ended = interpret(exit_code=0, declared=declared, outputs=text, offload=OffloadRule("mem://values", 100))
    assert isinstance(ended, Succeeded)
    [aside] = ended.asides
    literals = literals_pb2.LiteralMap.FromString(ended.outputs).literals
    assert literals["o0"] == lit(1)
    assert literals["o1"].offloaded_metadata.uri == aside.uri
    assert literals_pb2.Literal.FromString(aside.data) == lit("x" * 1000)
