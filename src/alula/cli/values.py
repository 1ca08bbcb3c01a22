"""From a text of the command line, or data of a JSON or YAML file, to the Python value of a declared type.

Every error names the input, the place inside it, what was expected and what came. Libraries (pandas, pydantic) are
touched only where a type of theirs is asked for.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, cast

from alula.cli.documents import NotReadableError, read_document
from alula.core.errors import InvalidInput
from alula.sdk.store import NO_STORE
from alula.sdk.types.frame_library import library_of
from alula.sdk.types.texts import TEXT_TYPES
from alula.sdk.types.transformer import TypeMismatch, with_article
from alula.sdk.types.typed_dicts import is_typed_dict, keys_of

_UNIONS = (typing.Union, types.UnionType)
_TRUE = frozenset(("true", "yes", "on", "1"))
_FALSE = frozenset(("false", "no", "off", "0"))
_NULL = frozenset(("null", "none", "~"))
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(weeks?|w|days?|d|hours?|h|minutes?|min|ms|m|seconds?|sec|s)")
_ISO_DURATION = re.compile(
    r"(?P<sign>-)?P(?:(?P<weeks>[\d.]+)W)?(?:(?P<days>[\d.]+)D)?"
    r"(?:T(?:(?P<hours>[\d.]+)H)?(?:(?P<minutes>[\d.]+)M)?(?:(?P<seconds>[\d.]+)S)?)?"
)
_UNITS_S = {"w": 604_800.0, "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION_MAX_S = 315_576_000_000
"""Of protobuf's `Duration`."""
_FRAME_READERS = {".parquet": "read_parquet", ".csv": "read_csv", ".json": "read_json", ".feather": "read_feather"}


def from_text(text: str, hint: Any, where: str) -> Any:
    """The value that `text` means where a `hint` is expected. Raises `InvalidInput` code `BadValue`.

    >>> from_text("1h30m", timedelta, "--wait")
    datetime.timedelta(seconds=5400)
    """
    hint = bare(hint)
    if typing.get_origin(hint) in _UNIONS:
        return _union_from_text(text, hint, where)
    if _is_structured(hint):
        return from_data(_parsed(text, hint, where), hint, where)
    if hint is type(None):
        if text.lower() in _NULL:
            return None
        raise _bad(where, "null", text)
    if hint is bool:
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise _bad(where, "true or false", text)
    if hint is int or hint is float:
        return _number_from_text(text, hint, where)
    if _is_literal(hint):
        found = [choice for choice in typing.get_args(hint) if str(choice) == text]
        if found:
            return found[0]
        raise _bad(where, describe(hint), text)
    return from_data(text, hint, where)


def from_data(data: Any, hint: Any, where: str) -> Any:
    """The value of type `hint` that JSON-like data stands for. Raises `InvalidInput` code `BadValue`."""
    hint = bare(hint)
    origin = typing.get_origin(hint)
    if origin in _UNIONS:
        return _union_from_data(data, hint, where)
    if hint is Any or hint is object:
        return data
    if hint is type(None):
        if data is None:
            return None
        raise _bad(where, "null", data)
    if origin is list or hint is list:
        return _list(data, hint, where)
    if origin is dict or hint is dict:
        return _dict(data, hint, where)
    if _is_literal(hint):
        if data in typing.get_args(hint):
            return data
        raise _bad(where, describe(hint), data)
    if isinstance(origin, type):
        return _instance(data, origin, where)
    if isinstance(hint, type):
        return _instance(data, hint, where)
    raise InvalidInput("UnsupportedType", f"{where}: a value of type {hint!r} can't be given on the command line")


def bare(hint: Any) -> Any:
    """The type without `Annotated`."""
    while hasattr(hint, "__metadata__"):
        hint = hint.__origin__
    return hint


def describe(hint: Any) -> str:
    """The type in few words, for help and errors: `int`, `list[str]`, `light|dark`, `int or null`."""
    hint = bare(hint)
    origin = typing.get_origin(hint)
    if origin in _UNIONS:
        return " or ".join("null" if part is type(None) else describe(part) for part in typing.get_args(hint))
    if _is_literal(hint):
        return "|".join(str(choice) for choice in typing.get_args(hint))
    if origin is list or origin is dict:
        parts = ", ".join(describe(part) for part in typing.get_args(hint))
        return f"{origin.__name__}[{parts}]"
    if isinstance(origin, type):
        return str(origin.__name__)
    if not isinstance(hint, type):
        return str(hint)
    return "|".join(enum_choices(hint)) if issubclass(hint, Enum) else str(hint.__name__)


def enum_choices(hint: type[Enum]) -> list[str]:
    """The texts that a user may type for an Enum: its values."""
    return [str(member.value) for member in hint]


def is_optional(hint: Any) -> bool:
    """True if None is a value of the type."""
    hint = bare(hint)
    return hint is type(None) or (
        typing.get_origin(hint) in _UNIONS and any(is_optional(part) for part in typing.get_args(hint))
    )


def _is_structured(hint: Any) -> bool:
    """True if the type's text form is JSON or YAML."""
    origin = typing.get_origin(hint)
    if origin in (list, dict) or hint in (list, dict, Any, object):
        return True
    if is_typed_dict(hint):
        return True
    return (dataclasses.is_dataclass(hint) and not _is_path_like(hint)) or hasattr(hint, "model_validate")


def _is_literal(hint: Any) -> bool:
    return typing.get_origin(hint) is typing.Literal


def _is_path_like(hint: Any) -> bool:
    return isinstance(hint, type) and hasattr(hint, "__fspath__")


def _is_frame(hint: type) -> bool:
    return library_of(hint) is not None


def _parsed(text: str, hint: Any, where: str) -> Any:
    try:
        return read_document(text)
    except NotReadableError as error:
        raise InvalidInput("BadValue", f"{where}: `{_short(text)}` {error}", fix=_expected(hint)) from error


def _number_from_text(text: str, hint: type, where: str) -> int | float:
    try:
        return hint(text)
    except ValueError as error:
        raise _bad(where, "a whole number" if hint is int else "a number", text) from error


def _union_from_text(text: str, hint: Any, where: str) -> Any:
    """The first member of the union that takes the text; `str`, which takes anything, comes last."""
    members = sorted(typing.get_args(hint), key=lambda member: (bare(member) is not type(None), bare(member) is str))
    problems: list[InvalidInput] = []
    for member in members:
        try:
            return from_text(text, member, where)
        except InvalidInput as error:
            problems.append(error)
    raise _of_optional(members, problems) or _bad(where, describe(hint), text)


def _of_optional(members: Sequence[Any], problems: Sequence[InvalidInput]) -> InvalidInput | None:
    """The problem with the X of an `Optional[X]`; None for any other union."""
    others = [index for index, member in enumerate(members) if bare(member) is not type(None)]
    return problems[others[0]] if len(others) == 1 else None


def _union_from_data(data: Any, hint: Any, where: str) -> Any:
    """The member that is the data's own type, else the first that takes it."""
    members = typing.get_args(hint)
    exact = [member for member in members if type(data) is bare(member)]
    problems: list[InvalidInput] = []
    ordered = [*exact, *(member for member in members if member not in exact)]
    for member in ordered:
        try:
            return from_data(data, member, where)
        except InvalidInput as error:
            problems.append(error)
    raise _of_optional(ordered, problems) or _bad(where, describe(hint), data)


def _list(data: Any, hint: Any, where: str) -> list[Any]:
    if not isinstance(data, list):
        raise _bad(where, f"{with_article(describe(hint))} as JSON or YAML", data)
    (item,) = typing.get_args(hint) or (Any,)
    return [from_data(each, item, f"{where}[{place}]") for place, each in enumerate(cast(list[Any], data))]


def _dict(data: Any, hint: Any, where: str) -> dict[Any, Any]:
    if not isinstance(data, dict):
        raise _bad(where, f"{with_article(describe(hint))} as JSON or YAML", data)
    key, value = typing.get_args(hint) or (str, Any)
    return {
        (from_text(_key_text(name), key, f"{where} key") if bare(key) is not Any else name): from_data(
            each, value, f"{where}.{name}"
        )
        for name, each in cast(dict[Any, Any], data).items()
    }


def _key_text(name: object) -> str:
    """A key as it was typed: YAML reads `null` and `true` as values."""
    return json.dumps(name) if name is None or isinstance(name, bool) else str(name)


def _instance(data: Any, hint: type, where: str) -> Any:
    for accepts, convert in _CONVERTERS:
        if accepts(hint):
            return convert(data, hint, where)
    if isinstance(data, hint):
        return data
    raise InvalidInput(
        "UnsupportedType", f"{where}: a value of type {hint.__name__} can't be given on the command line"
    )


def _bool(data: Any, hint: type, where: str) -> bool:
    if not isinstance(data, bool):
        raise _bad(where, "true or false", data)
    return data


def _int(data: Any, hint: type, where: str) -> int:
    if not isinstance(data, int) or isinstance(data, bool):
        raise _bad(where, "a whole number", data)
    return data


def _float(data: Any, hint: type, where: str) -> float:
    if not isinstance(data, int | float) or isinstance(data, bool):
        raise _bad(where, "a number", data)
    return float(data)


def _str(data: Any, hint: type, where: str) -> str:
    if not isinstance(data, str):
        raise _bad(where, "a text (in quotes where it looks like something else)", data)
    return data


def _of_text(data: Any, hint: type, where: str) -> Any:
    """A value of a class that is written as a text; JSON may have a number where that is a decimal one."""
    if hint is Decimal and isinstance(data, int | float) and not isinstance(data, bool):
        data = str(data)
    try:
        return TEXT_TYPES[hint.__module__, hint.__qualname__](hint).from_plain(data, NO_STORE)
    except TypeMismatch as error:
        raise _bad(where, with_article(hint.__name__), data) from error


def _enum(data: Any, hint: type[Enum], where: str) -> Enum:
    members = list(hint)
    for meant in ([each.value for each in members], [str(each.value) for each in members], [*hint.__members__]):
        if data in meant:
            return members[meant.index(data)]
    raise _bad(where, f"one of {', '.join(enum_choices(hint))}", data)


def _datetime(data: Any, hint: type, where: str) -> datetime:
    """ISO 8601 or `now`; UTC where no offset is given."""
    if isinstance(data, str) and data.lower() == "now":
        return datetime.now(UTC)
    if isinstance(data, date) and not isinstance(data, datetime):
        return datetime(data.year, data.month, data.day, tzinfo=UTC)
    try:
        value = data if isinstance(data, datetime) else datetime.fromisoformat(data)
    except (ValueError, TypeError) as error:
        raise _bad(where, "a time like 2026-01-31T12:00:00Z, or `now`", data) from error
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        value.astimezone(UTC)
    except OverflowError as error:
        raise _bad(where, "a time from the year 1 to 9999 in UTC", data) from error
    return value


def _date(data: Any, hint: type, where: str) -> date:
    if isinstance(data, str) and data.lower() in ("today", "now"):
        return datetime.now(UTC).date()
    try:
        return data if isinstance(data, date) else date.fromisoformat(data)
    except (ValueError, TypeError) as error:
        raise _bad(where, "a date like 2026-01-31, or `today`", data) from error


def _timedelta(data: Any, hint: type, where: str) -> timedelta:
    """`1h30m`, `90s`, ISO 8601 `PT1H30M`, or a number of seconds."""
    seconds: float | None = None
    if isinstance(data, int | float) and not isinstance(data, bool):
        seconds = data
    elif isinstance(data, str):
        seconds = _seconds(data.strip())
    if seconds is None:
        raise _bad(where, "a duration like 1h30m or PT1H30M", data)
    if not -_DURATION_MAX_S <= seconds <= _DURATION_MAX_S:
        raise _bad(where, "a duration of at most 10,000 years", data)
    return timedelta(seconds=seconds)


def _seconds(text: str) -> float | None:
    iso = _ISO_DURATION.fullmatch(text)
    if iso and any(iso[unit] for unit in ("weeks", "days", "hours", "minutes", "seconds")):
        total = math.fsum(
            float(iso[unit] or 0) * _UNITS_S[unit[0]] for unit in ("weeks", "days", "hours", "minutes", "seconds")
        )
        return -total if iso["sign"] else total
    try:
        return float(text)
    except ValueError:
        pass
    unsigned = text.lower().removeprefix("-").strip()
    if not unsigned or _DURATION_PART.sub("", unsigned).strip():
        return None
    total = math.fsum(
        float(amount) * _UNITS_S["ms" if unit == "ms" else unit[0]] for amount, unit in _DURATION_PART.findall(unsigned)
    )
    return -total if text.startswith("-") else total


def _dataclass(data: Any, hint: type, where: str) -> Any:
    if not isinstance(data, dict):
        raise _bad(where, f"{with_article(hint.__name__)} as a JSON or YAML object", data)
    given = cast(dict[str, Any], data)
    hints = typing.get_type_hints(hint, include_extras=True)
    fields = {field.name: field for field in dataclasses.fields(hint) if field.init}
    for name in given:
        if name not in fields:
            raise InvalidInput(
                "BadValue", f"{where}: {hint.__name__} has no field `{name}`", fix=suggest(str(name), list(fields))
            )
    missing = [name for name, field in fields.items() if name not in given and _is_required(field)]
    if missing:
        raise InvalidInput("BadValue", f"{where}: {hint.__name__} needs {', '.join(f'`{name}`' for name in missing)}")
    values = {name: from_data(value, hints[name], f"{where}.{name}") for name, value in given.items()}
    try:
        return hint(**values)
    except (ValueError, TypeError) as error:
        raise InvalidInput("BadValue", f"{where}: {hint.__name__} refuses these values: {error}") from error


def _typed_dict(data: Any, hint: type, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise _bad(where, f"{with_article(hint.__name__)} as a JSON or YAML object", data)
    given = cast(dict[str, Any], data)
    keys = keys_of(hint)
    for name in given:
        if name not in keys:
            raise InvalidInput(
                "BadValue", f"{where}: {hint.__name__} has no key `{name}`", fix=suggest(str(name), list(keys))
            )
    missing = [name for name, key in keys.items() if key.is_required and name not in given]
    if missing:
        raise InvalidInput("BadValue", f"{where}: {hint.__name__} needs {', '.join(f'`{name}`' for name in missing)}")
    return {name: from_data(value, keys[name].type, f"{where}.{name}") for name, value in given.items()}


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _pydantic(data: Any, hint: Any, where: str) -> Any:
    try:
        return hint.model_validate(data)
    except ValueError as error:
        problems: list[Mapping[str, Any]] = getattr(error, "errors", list)()
        said = "; ".join(f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in problems)
        raise InvalidInput("BadValue", f"{where}: no {hint.__name__}: {said or error}") from error


def _path(data: Any, hint: Callable[[Any], Any], where: str) -> Any:
    """A file or directory: a path that exists, or a URL."""
    if isinstance(data, dict) and isinstance(cast(dict[str, Any], data).get("path"), str):
        data = cast(dict[str, Any], data)["path"]
    if not isinstance(data, str):
        raise _bad(where, "a path or URL", data)
    if "://" in data:
        return hint(data)
    path = Path(data).expanduser()
    if not path.exists():
        raise InvalidInput("FileNotFound", f"{where}: there is no file or folder `{data}`")
    return hint(str(path.absolute()))


def _frame(data: Any, hint: type, where: str) -> Any:
    """A data frame, read from a parquet, csv, json or feather file."""
    if not isinstance(data, str):
        raise _bad(where, "the path of a parquet or csv file", data)
    reader_name = _FRAME_READERS.get(Path(data).suffix.lower())
    if reader_name is None:
        raise _bad(where, f"a file that ends in {', '.join(_FRAME_READERS)}", data)
    if "://" not in data and not Path(data).expanduser().exists():
        raise InvalidInput("FileNotFound", f"{where}: there is no file `{data}`")
    import pandas  # lazy: only for a data frame, whose type has loaded it

    reader: Any = getattr(pandas, reader_name)
    try:
        return reader(data)
    except (ValueError, OSError) as error:
        raise InvalidInput("BadValue", f"{where}: `{data}` can't be read: {error}") from error


def _dataset(data: Any, hint: type, where: str) -> Any:
    return hint(dataframe=_frame(data, hint, where))


_CONVERTERS: tuple[tuple[Callable[[type], bool], Callable[[Any, Any, str], Any]], ...] = (
    (lambda hint: hint is bool, _bool),
    (lambda hint: hint is int, _int),
    (lambda hint: hint is float, _float),
    (lambda hint: hint is str, _str),
    (lambda hint: issubclass(hint, Enum), _enum),
    (lambda hint: hint is datetime, _datetime),
    (lambda hint: hint is date, _date),
    (lambda hint: hint is timedelta, _timedelta),
    (lambda hint: (hint.__module__, hint.__qualname__) in TEXT_TYPES, _of_text),
    (is_typed_dict, _typed_dict),
    (_is_path_like, _path),
    (_is_frame, _frame),
    (lambda hint: hint.__name__ == "StructuredDataset", _dataset),
    (dataclasses.is_dataclass, _dataclass),
    (lambda hint: hasattr(hint, "model_validate"), _pydantic),
)


def suggest(name: str, known: list[str]) -> str:
    """The fix for an unknown name: the nearest known one, or all of them."""
    import difflib  # lazy: only for an error

    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"there are: {', '.join(known)}" if known else ""


def _expected(hint: Any) -> str:
    return f"{with_article(describe(hint))} is expected"


def _bad(where: str, expected: str, data: Any) -> InvalidInput:
    shown = data if isinstance(data, str) else json.dumps(data, default=str)
    return InvalidInput("BadValue", f"{where}: expected {expected}, got `{_short(shown)}`")


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
