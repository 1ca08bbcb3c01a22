"""Members and keywords of flytekit's classes that Alula's do not have: using one is an error that says what to do.

Each class names its own, so that no table of all is loaded with one; docs/porting.md has all. They are set where type
checkers don't see it: to them such a name is simply wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NoReturn

from alula.sdk.mistake import caller, refuse_unknown

ABSENT: dict[str, str] = {}
"""What to do instead of `Class.member`, `Class(keyword=)` and `Class.method(keyword=)`, of the classes that are
loaded."""


def lacks_members(owner: type[object], fixes: Mapping[str, str]) -> None:
    """Let each of these members, of the class and of its objects, be an `AttributeError` with what to do instead."""
    for name, fix in fixes.items():
        ABSENT[f"{owner.__name__}.{name}"] = fix
        setattr(owner, name, _AbsentMember(name, fix))


def lacks_keywords(owner: type[object], fixes: Mapping[str, str], *, of: str = "") -> None:
    """Let each of these keywords of a method, or of making an object, be an error with what to do instead, unless it
    is None; one that nobody has, too."""
    method = of or ("__new__" if tuple in owner.__mro__ else "__init__")
    shown = f"{owner.__name__}.{of}" if of else owner.__name__
    ABSENT.update({f"{shown}({name}=)": fix for name, fix in fixes.items()})
    function: Callable[..., Any] = getattr(owner, method)  # Any: of any result
    code = getattr(function, "__wrapped__", function).__code__
    known = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]

    @wraps(function)
    def checked(*args: object, **kwargs: object) -> Any:  # Any: as above
        if all(name in known for name in kwargs):
            return function(*args, **kwargs)
        unset = {name for name, value in kwargs.items() if value is None and name in fixes}
        unknown = {name: value for name, value in kwargs.items() if name not in known and name not in unset}
        refuse_unknown(unknown, f"`{shown}`", known, replaced=fixes, at=caller())
        return function(*args, **{name: value for name, value in kwargs.items() if name not in unset})

    setattr(owner, method, checked)


class _AbsentMember:
    def __init__(self, name: str, fix: str) -> None:
        self._name = name
        self._fix = fix

    def __get__(self, instance: object, owner: type) -> NoReturn:
        raise AttributeError(f"flytekit's `{owner.__name__}.{self._name}` is not in Alula: {self._fix}")
