"""Refusals of Python's operations on values, for promises: they have no value while a workflow is declared.

Operators and protocols are refused where Python asks the object. A function that only looks at its type, as
`json.dumps` does, raises an error of its own, which `refused_by_python` explains.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from alula.sdk.mistake import Location, authors_line, line_of_body, mistake

if TYPE_CHECKING:
    from types import FrameType

    from alula.core.errors import InvalidInput

_USES = {
    "tested as a condition (`if`, `and`, `or`, `not`, `a < b < c`)": "bool",
    "looped over (`map_task` runs a task for each item of a list)": "iter aiter reversed",
    "measured with len()": "len length_hint",
    "searched with `in`": "contains",
    "called": "call",
    "made an int": "int trunc",
    "made a float": "float",
    "made a complex number": "complex",
    "made bytes": "bytes",
    "made a text (`repr` shows what it is)": "str",
    "formatted into a text": "format",
    "used as a count or an index": "index",
    "opened as a file": "fspath",
    "changed": "setattr delattr setitem delitem",
    "used in a `with`": "enter exit aenter aexit",
    "pickled": "reduce_ex",
    "calculated with": "add radd sub rsub mul rmul matmul rmatmul truediv rtruediv floordiv rfloordiv mod rmod divmod"
    " rdivmod pow rpow lshift rlshift rshift rrshift and rand or ror xor rxor neg pos abs invert round floor ceil",
    "compared": "lt le gt ge",
}
"""Refused uses, and the names of the methods that Python calls for it, without their underscores."""


FIX = (
    "do this in a task, or make this a `@dynamic` workflow whose inputs it is: they see values, and a `@dynamic` body"
    " may use `if`, loops and `len`; `conditional` chooses between steps by comparisons, which `&` and `|` join"
)
_NAMES = re.compile(r"\b(Promise|Comparison|Conjunction|Outputs)\b|<promise of ")


class Unresolved:
    """A thing without a value. Python's operators are refused, but for those that a subclass defines."""

    __slots__ = ()

    def _refuse(self, use: str) -> NoReturn:
        raise mistake(
            "PromiseUsedAsValue",
            f"{self!r} has no value while the workflow is declared, so it can't be {use}",
            at=line_of_body(),
            fix=FIX,
        )

    def __copy__(self) -> Unresolved:
        return self

    def __deepcopy__(self, memo: object) -> Unresolved:
        return self


def _refusal(use: str) -> Callable[..., NoReturn]:
    def refused(self: Unresolved, *_: object, **__: object) -> NoReturn:
        self._refuse(use)  # pyright: ignore[reportPrivateUsage]  # names without an underscore are fields of a promise

    return refused


for _use, _names in _USES.items():
    for _name in _names.split():
        setattr(Unresolved, f"__{_name}__", _refusal(_use))


def refused_by_python(error: Exception) -> InvalidInput | None:
    """The error to raise in place of one that says that a promise is of a wrong type; None for any other error."""
    text = str(error)
    if type(error).__module__.startswith("alula.") or not _NAMES.search(text):
        return None
    import traceback  # lazy: it loads a tokenizer, which each fork would pay for

    frames = list(traceback.walk_tb(error.__traceback__))
    used = (_used_in(frame, line) for frame, line in reversed(frames))
    named = next((each for each in used if each is not None), None)
    if named is None:
        return None
    return mistake(
        "PromiseUsedAsValue",
        f"{named!r} has no value while the workflow is declared, so it can't be used as one"
        f" ({type(error).__name__}: {text})",
        at=authors_line([Location(frame.f_code.co_filename, line) for frame, line in reversed(frames)]),
        fix=FIX,
    )


def _used_in(frame: FrameType, line: int) -> Unresolved | None:
    """The promise that a line uses by a variable."""
    import linecache  # lazy: as above

    source = linecache.getline(frame.f_code.co_filename, line, frame.f_globals)
    held = {
        name: each
        for name, value in frame.f_locals.items()
        for each in (value if type(value) in (list, tuple) else [value])
        if isinstance(each, Unresolved)
    }
    by_name = (each for name, each in held.items() if re.search(rf"\b{re.escape(name)}\b", source))
    return next(by_name, None)
