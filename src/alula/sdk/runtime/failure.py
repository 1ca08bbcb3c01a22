"""From an exception to the `TaskError` that the engine reads: code, whose fault it is, and the author's frames only."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from alula.core.error_text import short_code, short_message
from alula.core.errors import AlulaError, TaskError
from alula.sdk.failures import RecoverableError

if TYPE_CHECKING:
    import traceback

_OUR_FOLDER = os.path.abspath(os.path.join(os.path.dirname(__file__), os.pardir, os.pardir)) + os.sep
_MACHINERY = (
    "<frozen importlib",
    os.sep + os.path.join("importlib", "__init__.py"),
    os.sep + "asyncio" + os.sep,
    os.sep + os.path.join("concurrent", "futures") + os.sep,
)


class StoppedFromOutside(BaseException):
    """An exception raised into the author's code to end it. It is no failure of that code."""


PASSING = (KeyboardInterrupt, StoppedFromOutside)
"""Exceptions that pass through an attempt. All others of the author's code are failures, whatever their base class."""


class TaskFailed(Exception):
    """An attempt failed; `error` says how."""

    def __init__(self, error: TaskError) -> None:
        self.error = error
        super().__init__(f"{error.code}: {error.message}")


def user_failure(exception: BaseException) -> TaskError:
    """The error for what the author's code raised."""
    if isinstance(exception, RecoverableError):
        return TaskError("USER:Recoverable", _message(exception), kind="USER", recoverable=True)
    code = short_code(printable(_code(exception)))
    return TaskError(code if code.startswith("USER:") else f"USER:{code}", _message(exception))


def system_failure(code: str, what: str, exception: BaseException) -> TaskError:
    """The error for what the platform could not do; another attempt may."""
    message = printable(f"{what}: {headline(exception)}")
    return TaskError(f"SYSTEM:{code}", short_message(message), kind="SYSTEM", recoverable=True)


def headline(exception: BaseException) -> str:
    """Class and text, in one line where the text has one. Never fails, as the text is made by the author's code."""
    try:
        text = str(exception)
    except PASSING:
        raise
    except BaseException as error:  # noqa: BLE001  a method of the author's class
        text = f"<its text can't be had: {type(error).__name__}>"
    name = type(exception).__name__
    return printable(f"{name}: {text}" if text else name)


def author_traceback(exception: BaseException, code_folder: str = "") -> str:
    """The traceback as Python prints it, with the author's frames only.

    Paths of files below `code_folder` begin there.
    """
    import traceback  # lazy: most attempts end well

    prefix = os.path.join(code_folder, "") if code_folder else ""
    try:
        report = traceback.TracebackException.from_exception(exception)
        _trim(report, prefix, set())
        return printable("".join(report.format()))
    except PASSING:
        raise
    except BaseException:  # noqa: BLE001  attributes of the author's class that can't be read
        lines = "".join(traceback.format_list(_kept(traceback.extract_tb(exception.__traceback__), prefix)))
        return printable(f"Traceback (most recent call last):\n{lines}{headline(exception)}\n")


def is_of_author(exception: BaseException) -> bool:
    """True if the author's code raised it, or code that it called; False if Alula itself could not read a value."""
    import traceback  # lazy: most attempts end well

    return bool(_kept(traceback.extract_tb(exception.__traceback__), ""))


def printable(text: str) -> str:
    """The text with escapes for characters that UTF-8 has no form for."""
    return text.encode("utf-8", "backslashreplace").decode()


def _code(exception: BaseException) -> str:
    try:
        code: object = getattr(exception, "error_code", None)
    except PASSING:
        raise
    except BaseException:  # noqa: BLE001  a property of the author's class
        code = None
    if isinstance(code, str) and code:
        return code
    return exception.code if isinstance(exception, AlulaError) else type(exception).__name__


def _message(exception: BaseException) -> str:
    return short_message(f"{headline(exception)}\n\n{author_traceback(exception, _code_folder())}".rstrip())


def _code_folder() -> str:
    """The folder that the platform made for an attempt's code, the first to be imported from; empty elsewhere.

    It is gone when the error is read, and another one for each attempt: equal failures should read the same.
    """
    is_attempt = "FLYTE_INTERNAL_EXECUTION_ID" in os.environ
    return os.environ.get("PYTHONPATH", "").partition(os.pathsep)[0] if is_attempt else ""


def _trim(report: traceback.TracebackException, prefix: str, seen: set[int]) -> None:
    """Leave out the frames of Alula and of import machinery, and `prefix` of paths, also in causes and groups."""
    if id(report) in seen:
        return
    seen.add(id(report))
    report.stack = type(report.stack).from_list(_kept(report.stack, prefix))
    if isinstance(where := getattr(report, "filename", None), str):  # of an error of syntax
        report.filename = where.removeprefix(prefix)
    related = [report.__cause__, report.__context__, *(report.exceptions or ())]
    for each in related:
        if each is not None:
            _trim(each, prefix, seen)


def _kept(frames: Sequence[traceback.FrameSummary], prefix: str) -> list[traceback.FrameSummary]:
    kept = [frame for frame in frames if not _is_ours(frame.filename)]
    for frame in kept:
        _ = frame.line  # read while the name is whole
        frame.filename = frame.filename.removeprefix(prefix)
    return kept


def _is_ours(filename: str) -> bool:
    return filename.startswith(_OUR_FOLDER) or any(part in filename for part in _MACHINERY)
