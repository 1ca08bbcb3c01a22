"""Values as the text of files, for containers that know nothing of literals: those of Flyte's copilot, in both
directions.

A number, a text, a time or a structure is one file. Spaces and line ends round a value mean nothing, but in a text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

from flyteidl.core import literals_pb2, types_pb2
from google.protobuf import duration_pb2, timestamp_pb2

from alula.core.literals.casting import explain_type
from alula.core.literals.structs import plain_struct, struct_of

NULL = "null"
INTEGERS = range(-(2**63), 2**63)
_TRUE, _FALSE = ("1", "t", "true"), ("0", "f", "false")
_NANOS = 1_000_000_000
_UNITS: Mapping[str, int] = {
    "h": 3600 * _NANOS,
    "m": 60 * _NANOS,
    "s": _NANOS,
    "ms": 1_000_000,
    "us": 1000,
    "µs": 1000,
    "μs": 1000,
    "ns": 1,
}
_PART = r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)"
_DURATION = re.compile(rf"([+-]?)((?:{_PART})+|0)", re.ASCII)
_PARTS = re.compile(_PART, re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|infinity)|nan", re.ASCII | re.IGNORECASE)
_URI = re.compile(r"([a-z][a-z0-9+.-]*:/)?/[^\x00-\x1f]+", re.IGNORECASE)


class NotAValue(Exception):
    """A file does not hold a value of its type; the text says why."""


def file_text(scalar: literals_pb2.Scalar) -> bytes:
    """The content of the file of a value that is no file itself."""
    match scalar.WhichOneof("value"):
        case "primitive":
            return _primitive_text(scalar.primitive).encode()
        case "binary":
            return scalar.binary.value
        case "generic":
            return json.dumps(plain_struct(scalar.generic), ensure_ascii=False).encode()
        case "error":
            return scalar.error.message.encode()
        case _:
            return NULL.encode()


def _primitive_text(primitive: literals_pb2.Primitive) -> str:
    match primitive.WhichOneof("value"):
        case "boolean":
            return "true" if primitive.boolean else "false"
        case "integer":
            return str(primitive.integer)
        case "float_value":
            return float_text(primitive.float_value)
        case "datetime":
            return primitive.datetime.ToJsonString()
        case "duration":
            return duration_text(primitive.duration)
        case "string_value":
            return primitive.string_value
        case _:
            return NULL


def float_text(number: float) -> str:
    """A number without an exponent, as Go writes it.

    >>> float_text(1e21), float_text(-0.5), float_text(math.inf)
    ('1000000000000000000000', '-0.5', '+Inf')
    """
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    return format(Decimal(repr(number)), "f").removesuffix(".0")


def duration_text(duration: duration_pb2.Duration) -> str:
    """A span of time, as Go writes it.

    >>> duration_text(duration_pb2.Duration(seconds=3723, nanos=500_000_000))
    '1h2m3.5s'
    """
    nanos = duration.seconds * _NANOS + duration.nanos
    minutes, rest = divmod(abs(nanos), 60 * _NANOS)
    hours, minutes = divmod(minutes, 60)
    seconds = format(Decimal(rest) / _NANOS, "f")
    seconds = seconds.rstrip("0").rstrip(".") if "." in seconds else seconds
    larger = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{'-' if nanos < 0 else ''}{larger}{seconds}s"


def value_of_file(content: bytes, expected: types_pb2.LiteralType) -> literals_pb2.Literal:
    """The value of this type that a file holds. Raises `NotAValue`."""
    kind = expected.WhichOneof("type")
    if kind == "enum_type":
        return _chosen(_text(content).strip(), expected.enum_type)
    reader = _READERS.get(expected.simple) if kind == "simple" else None
    if reader is None:
        raise NotAValue(f"a value of type {explain_type(expected)} can't be read from a file")
    return literals_pb2.Literal(scalar=reader(content))


def uri_of_file(content: bytes) -> str:
    """The URI, or absolute path, that a file holds in the place of an object. Raises `NotAValue`."""
    text = _text(content).strip()
    if not _URI.fullmatch(text):
        raise NotAValue(f"{_shown(text)} is no URI")
    return text


def can_be_file(expected: types_pb2.LiteralType) -> bool:
    """True if `value_of_file` reads values of this type."""
    kind = expected.WhichOneof("type")
    return kind == "enum_type" or (kind == "simple" and expected.simple in _READERS)


def _chosen(text: str, enum: types_pb2.EnumType) -> literals_pb2.Literal:
    if text not in enum.values:
        raise NotAValue(f"{_shown(text)} is none of {', '.join(enum.values)}")
    return literals_pb2.Literal(scalar=_scalar(string_value=text))


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise NotAValue(f"it is no text in UTF-8 ({error.reason})") from error


def _scalar(**value: object) -> literals_pb2.Scalar:
    return literals_pb2.Scalar(primitive=literals_pb2.Primitive(**value))  # type: ignore[arg-type]


def _integer(content: bytes) -> literals_pb2.Scalar:
    text = _text(content).strip()
    if not re.fullmatch(r"[+-]?\d{1,19}", text, re.ASCII) or int(text) not in INTEGERS:
        raise NotAValue(f"{_shown(text)} is no integer of 64 bits")
    return _scalar(integer=int(text))


def _float(content: bytes) -> literals_pb2.Scalar:
    text = _text(content).strip()
    if not _NUMBER.fullmatch(text):
        raise NotAValue(f"{_shown(text)} is no number")
    return _scalar(float_value=float(text))


def _string(content: bytes) -> literals_pb2.Scalar:
    return _scalar(string_value=_text(content))


def _boolean(content: bytes) -> literals_pb2.Scalar:
    text = _text(content).strip()
    if text.lower() not in (*_TRUE, *_FALSE):
        raise NotAValue(f"{_shown(text)} is neither true nor false")
    return _scalar(boolean=text.lower() in _TRUE)


def _datetime(content: bytes) -> literals_pb2.Scalar:
    text, time = _text(content).strip(), timestamp_pb2.Timestamp()
    try:
        time.FromJsonString(text)
    except ValueError as error:
        raise NotAValue(f"{_shown(text)} is no time such as 2027-01-02T03:04:05Z") from error
    return _scalar(datetime=time)


def _duration(content: bytes) -> literals_pb2.Scalar:
    text = _text(content).strip()
    match = _DURATION.fullmatch(text)
    if match is None:
        raise NotAValue(f"{_shown(text)} is no span of time such as 1h2m3.5s")
    try:
        nanos = int(sum(Decimal(number) * _UNITS[unit] for number, unit in _PARTS.findall(match[2])))
        sign = -1 if match[1] == "-" else 1
        seconds, rest = divmod(nanos, _NANOS)
        span = duration_pb2.Duration(seconds=sign * seconds, nanos=sign * rest)
        span.ToJsonString()
    except (InvalidOperation, ValueError) as error:
        raise NotAValue(f"{_shown(text)} is too long a span of time") from error
    return _scalar(duration=span)


def _none(content: bytes) -> literals_pb2.Scalar:
    text = _text(content).strip()
    if text not in ("", NULL):
        raise NotAValue(f"{_shown(text)} is not nothing")
    return literals_pb2.Scalar(none_type=literals_pb2.Void())


def _struct(content: bytes) -> literals_pb2.Scalar:
    try:
        found = json.loads(content, parse_constant=_no_constant)
        if not isinstance(found, dict):
            raise NotAValue("it is no JSON object")
        return literals_pb2.Scalar(generic=struct_of(found))  # type: ignore[reportUnknownArgumentType]
    except (ValueError, RecursionError) as error:
        raise NotAValue(f"it is no JSON object ({error})") from error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _binary(content: bytes) -> literals_pb2.Scalar:
    return literals_pb2.Scalar(binary=literals_pb2.Binary(value=content))


def _shown(text: str) -> str:
    return repr(text[:80]) + ("…" if len(text) > 80 else "")


_READERS: Mapping[int, Callable[[bytes], literals_pb2.Scalar]] = {
    types_pb2.INTEGER: _integer,
    types_pb2.FLOAT: _float,
    types_pb2.STRING: _string,
    types_pb2.BOOLEAN: _boolean,
    types_pb2.DATETIME: _datetime,
    types_pb2.DURATION: _duration,
    types_pb2.NONE: _none,
    types_pb2.STRUCT: _struct,
    types_pb2.BINARY: _binary,
}
