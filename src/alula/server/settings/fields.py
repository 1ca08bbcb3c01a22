"""The fields of the settings by their paths, as the structs of the sections say, and the way back to these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple, Protocol, TypeVar, cast, get_args, get_origin, runtime_checkable

import msgspec

from alula.server.secret import is_secret

Section = TypeVar("Section", bound=msgspec.Struct)
VARIABLE_PREFIX = "ALULA__"


# `Any`: fields and their values are of all types.
class Field(NamedTuple):
    """One setting."""

    path: str
    type: Any
    default: Any
    is_secret: bool

    @property
    def variable(self) -> str:
        """Its systematic variable: `ALULA__HTTP__PORT`."""
        return VARIABLE_PREFIX + self.path.replace(".", "__").upper()

    def convert(self, value: Any, *, strict: bool = True) -> Any:
        """A value of a file. Raises `msgspec.ValidationError`."""
        choices = get_args(self.type) if get_origin(self.type) is Literal else ()
        if choices and value not in choices:
            raise msgspec.ValidationError(f"must be one of {', '.join(choices)}, not `{value}`")
        return msgspec.convert(_whole(value), self.type, strict=strict)

    def parse(self, text: str) -> Any:
        """A value as a text: lists of texts with commas, structures as JSON. Raises `msgspec.DecodeError`."""
        kind = get_origin(self.type) or self.type
        if kind is tuple and get_args(self.type)[0] is str:
            return tuple(entry.strip() for entry in text.split(",") if entry.strip())
        if kind in (tuple, dict):
            return msgspec.json.decode(text, type=self.type)
        return self.convert(text, strict=False)


@runtime_checkable
class Checked(Protocol):
    """A section that checks its values."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Fields with the faults of their values."""
        ...


def fields_of(section: type[msgspec.Struct], prefix: str = "") -> Iterator[Field]:
    """All fields of a section and of those in it."""
    for field in _fields(section):
        if _is_section(field.type):
            yield from fields_of(field.type, f"{prefix}{field.name}.")
        else:
            default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()  # type: ignore[operator]
            yield Field(prefix + field.name, field.type, default, is_secret(field.type))


def build(section: type[Section], values: Mapping[str, Any], prefix: str = "") -> Section:
    """A section with these values, by their paths."""
    given: dict[str, Any] = {}
    for field in _fields(section):
        path = prefix + field.name
        if _is_section(field.type):
            given[field.name] = build(field.type, values, f"{path}.")
        elif path in values:
            given[field.name] = values[path]
    return section(**given)


def problems_of(section: msgspec.Struct, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Paths with the faults of their values, in a section and those in it."""
    for field in _fields(type(section)):
        if _is_section(field.type):
            yield from problems_of(getattr(section, field.name), f"{prefix}{field.name}.")
    if isinstance(section, Checked):
        for name, problem in section.problems():
            yield prefix + name, problem


@cache
def _fields(section: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """The fields of one section alone. Each look evaluates their annotations anew."""
    return msgspec.structs.fields(section)


def _is_section(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(cast("type[object]", kind), msgspec.Struct)


def _whole(value: Any) -> Any:
    """A value with its whole numbers as such: `25.0` stands for 25, as tools that know one kind of number write it."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [_whole(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
        case dict():
            return {key: _whole(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
        case _:
            return value
