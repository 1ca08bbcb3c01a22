"""From an exception to the `TaskError` that the engine reads: code, whose fault it is, and the author's frames only."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from alula.core.errors import AlulaError, TaskError
from alula.sdk.failures import RecoverableError

if TYPE_CHECKING:
    import traceback

_SDK_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_MACHINERY = (
    "<frozen importlib",
    os.sep + os.path.join("importlib", "__init__.py"),
    os.sep + "asyncio" + os.sep,
    os.sep + os.path.join("concurrent", "futures") + os.sep,
)
_MESSAGE_MAX_CHARS = 64 * 1024


class TaskFailed(Exception):
    """An attempt failed; `error` says how."""

    def __init__(self, error: TaskError) -> None:
        self.error = error
        super().__init__(f"{error.code}: {error.message}")


def user_failure(exception: BaseException) -> TaskError:
    """The error for what the author's code raised."""
    if isinstance(exception, RecoverableError):
        return TaskError("USER:Recoverable", _message(exception), kind="USER", recoverable=True)
    code = getattr(exception, "error_code", None)
    if not isinstance(code, str) or not code:
        code = exception.code if isinstance(exception, AlulaError) else type(exception).__name__
    return TaskError(code if code.startswith("USER:") else f"USER:{code}", _message(exception))


def system_failure(code: str, what: str, exception: BaseException) -> TaskError:
    """The error for what the platform could not do; another attempt may."""
    message = f"{what}: {type(exception).__name__}: {exception}"
    return TaskError(f"SYSTEM:{code}", _shortened(message), kind="SYSTEM", recoverable=True)


def _message(exception: BaseException) -> str:
    import traceback  # lazy: most attempts end well

    report = traceback.TracebackException.from_exception(exception)
    _trim(report, set())
    return _shortened(f"{_headline(exception)}\n\n{''.join(report.format())}".rstrip())


def _headline(exception: BaseException) -> str:
    text = str(exception)
    return f"{type(exception).__name__}: {text}" if text else type(exception).__name__


def _trim(report: traceback.TracebackException, seen: set[int]) -> None:
    """Leave out the frames of the SDK and of import machinery, also in causes and groups."""
    if id(report) in seen:
        return
    seen.add(id(report))
    kept = [frame for frame in report.stack if not _is_ours(frame.filename)]
    report.stack = type(report.stack).from_list(kept)
    related = [report.__cause__, report.__context__, *(report.exceptions or ())]
    for each in related:
        if each is not None:
            _trim(each, seen)


def _is_ours(filename: str) -> bool:
    return filename.startswith(_SDK_FOLDER) or any(part in filename for part in _MACHINERY)


def _shortened(text: str) -> str:
    if len(text) <= _MESSAGE_MAX_CHARS:
        return text
    half = _MESSAGE_MAX_CHARS // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"
