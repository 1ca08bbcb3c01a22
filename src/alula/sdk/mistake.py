"""The place of a mistake in the author's code, and the error that tells of it.

Owns the form of every declaration and call error: `file:line: what is wrong; what to do`. Loads the
error types only when there is an error, so that declaring tasks stays cheap.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import FrameType, TracebackType

    from alula.core.errors import InvalidInput

_SDK_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
_PYTHON_FOLDER = os.path.dirname(os.__file__) + os.sep
_INSTALLED = ("site-packages", "dist-packages")


class Location(NamedTuple):
    """A line of the author's code."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def location_of(function: Callable[..., object]) -> Location:
    """The file and line of a function."""
    code = getattr(function, "__code__", None)
    if code is None:
        return Location(getattr(function, "__module__", "?") or "?", 0)
    return Location(code.co_filename, code.co_firstlineno)


def caller() -> Location:
    """The innermost line on the stack that is not the SDK's own."""
    frame = _authors_frame()
    return Location(frame.f_code.co_filename, frame.f_lineno)


def calling_module() -> str:
    """The name of the module that has this line."""
    return str(_authors_frame().f_globals.get("__name__", "__main__"))


def _authors_frame() -> FrameType:
    frame = sys._getframe(2)  # pyright: ignore[reportPrivateUsage]  # no public API is as cheap
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_SDK_FOLDER):
        frame = frame.f_back
    return frame


def line_of_body() -> Location:
    """The innermost line of the body that is running to be declared, not of a library that it calls."""
    frame: FrameType | None = _authors_frame()
    lines: list[Location] = []
    while frame is not None and not frame.f_code.co_filename.startswith(_SDK_FOLDER):
        lines.append(Location(frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return authors_line(lines)


def authors_line(lines: Sequence[Location]) -> Location:
    """The first of some lines, the innermost first, that is not of a library; the first of all if each one is."""
    return next((line for line in lines if not _is_library(line.file)), lines[0])


def _is_library(file: str) -> bool:
    return file.startswith(("<frozen ", _SDK_FOLDER, _PYTHON_FOLDER)) or any(f"/{each}/" in file for each in _INSTALLED)


def mistake(code: str, message: str, *, at: Location | None = None, fix: str = "") -> InvalidInput:
    """The error for a mistake in the author's code at `at`. To be raised by the caller."""
    from alula.core.errors import InvalidInput  # lazy: errors load msgspec, which declaring must not pay for

    return InvalidInput(code, f"{at}: {message}" if at else message, fix=fix)


def refuse_unknown(
    given: Mapping[str, object],
    what: str,
    known: Iterable[str],
    *,
    replaced: Mapping[str, str] | None = None,
    at: Location,
) -> None:
    """Raise `InvalidInput` for settings that are not `known`. `replaced` has the fixes for those of flytekit."""
    if not given:
        return
    import difflib  # lazy: only for an error

    name, names = next(iter(given)), list(known)
    close = difflib.get_close_matches(name, names, n=1)
    fix = f"did you mean `{close[0]}`?" if close else f"there are: {', '.join(names)}"
    raise mistake("UnknownSetting", f"{what} has no setting `{name}`", at=at, fix=(replaced or {}).get(name, fix))


def blame(error: BaseException, where: str) -> None:
    """Keep `where` with an exception that the author's code, called in this frame, has raised. See `blamed`."""
    below = error.__traceback__.tb_next if error.__traceback__ is not None else None
    error.__dict__.setdefault("_alula_raised_in", (where, below))


def blamed(error: BaseException) -> tuple[str, TracebackType | None] | None:
    """The place that `blame` kept, and the traceback from the author's code on; None if it kept none."""
    return error.__dict__.get("_alula_raised_in")
