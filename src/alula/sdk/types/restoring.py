"""The making of a dataclass from its fields, with all of them as they were.

That includes `field(init=False)`. `__init__` and `__post_init__` have run when the value was made, so they do not run
again, with two exceptions: a document from elsewhere that leaves out fields, and a `__post_init__` that gives the value
attributes which are no fields and do not travel.
"""

from __future__ import annotations

import dataclasses
import dis
from collections.abc import Callable, Collection
from types import CodeType
from typing import Any

from alula.sdk.types.transformer import TypeMismatch


class Restored:
    """Makes values of one dataclass."""

    def __init__(self, type_: type) -> None:
        self._type: Any = type_  # Any: its constructor takes the fields
        self._fields = {field.name: field for field in dataclasses.fields(type_)}
        self._needs_init = _makes_other_attributes(type_, self._fields.keys())

    def make(self, values: Callable[[], dict[str, object]]) -> object:
        """The value; `values` gives fields by name, new objects each time. Raises `TypeMismatch`."""
        fields = values()
        is_whole = fields.keys() == self._fields.keys()
        if is_whole and not self._needs_init:
            made = self._type.__new__(self._type)
        else:
            made = self._constructed(values() if self._needs_init else fields)
        for name, value in fields.items():
            if is_whole or not self._fields[name].init:
                object.__setattr__(made, name, value)  # the dataclass may be frozen
        return made

    def _constructed(self, fields: dict[str, object]) -> object:
        given = {name: value for name, value in fields.items() if self._fields[name].init}
        try:
            return self._type(**given)
        except (TypeError, ValueError) as error:
            raise TypeMismatch(self._type.__qualname__, f"fields that it refuses: {error}") from error


def _makes_other_attributes(type_: type, fields: Collection[str]) -> bool:
    """True if `__post_init__` may set attributes of `self` that are no fields: it does, or calls methods that might."""
    for class_ in type_.__mro__:
        code = getattr(class_.__dict__.get("__post_init__"), "__code__", None)
        if not isinstance(code, CodeType):
            continue
        used = set(code.co_names) - {"__post_init__", "__setattr__", *fields}
        stored = {each.argval for each in dis.get_instructions(code) if each.opname == "STORE_ATTR"}
        if "__setattr__" in code.co_names or "setattr" in used:
            stored |= {each for each in code.co_consts if isinstance(each, str) and each.isidentifier()}
        if not stored <= set(fields) or any(callable(getattr(type_, name, None)) for name in used):
            return True
    return False
