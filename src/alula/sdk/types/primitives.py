"""int, float, bool, str, datetime, date, timedelta and None: Flyte's primitives."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import cast

from flyteidl.core.literals_pb2 import Literal, Primitive, Scalar, Void
from flyteidl.core.types_pb2 import LiteralType, SimpleType

from alula.sdk.store import Store
from alula.sdk.types.transformer import (
    CONVERTS,
    EXACT,
    NO,
    Schema,
    Transformer,
    TypeMismatch,
    describe,
    describe_literal,
    fit_class,
    is_same_plain,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Primitives:
    """One of the primitive types, put together from functions."""

    def __init__(
        self,
        type_: type,
        simple: SimpleType,
        schema: Schema,
        *,
        fit: Callable[[object], int],
        coerce: Callable[[object], object],
        write: Callable[[object, Primitive], None],
        read: Callable[[Primitive], object],
        to_plain: Callable[[object], object],
        from_plain: Callable[[object], object],
    ) -> None:
        self.tag = self.shown = type_.__name__
        self._type = type_
        self._simple = simple
        self._schema = schema
        self.fit = fit
        self._coerce = coerce
        self._write = write
        self._read = read
        self._to_plain = to_plain
        self._from_plain = from_plain

    def literal_type(self) -> LiteralType:
        return LiteralType(simple=self._simple)

    def schema(self) -> Schema:
        return dict(self._schema)

    def coerce(self, value: object) -> object:
        if self.fit(value) == NO:
            is_too_large = self._type is int and isinstance(value, int) and not isinstance(value, bool)
            expected = "an int of 64 bits (from -2**63 to 2**63 - 1)" if is_too_large else self.shown
            raise TypeMismatch(expected, describe(value))
        return self._coerce(value)

    def to_literal(self, value: object, store: Store) -> Literal:
        literal = Literal()
        try:
            self._write(value if type(value) is self._type else self.coerce(value), literal.scalar.primitive)
        except (ValueError, OverflowError) as error:
            self.coerce(value)  # says it better, where the value is out of range
            raise TypeMismatch(self.shown, f"{describe(value)}: {error}") from error
        return literal

    def to_python(self, literal: Literal, store: Store) -> object:
        if literal.scalar.HasField("primitive"):
            try:
                return self._read(literal.scalar.primitive)
            except (LookupError, ValueError, OverflowError):
                pass
            kind = literal.scalar.primitive.WhichOneof("value")
            if kind in ("string_value", "float_value", "integer"):  # so the engine picks fields of documents
                try:
                    return self._from_plain(getattr(literal.scalar.primitive, kind))
                except (TypeError, ValueError, OverflowError):
                    pass
        raise TypeMismatch(self.shown, describe_literal(literal))

    def fit_plain(self, plain: object) -> int:
        try:
            written = self._to_plain(self._from_plain(plain))
        except (TypeError, ValueError, OverflowError):
            return NO
        return EXACT if is_same_plain(written, plain) else CONVERTS

    def to_plain(self, value: object, store: Store) -> object:
        return self._to_plain(self.coerce(value))

    def from_plain(self, plain: object, store: Store) -> object:
        try:
            return self._from_plain(plain)
        except (TypeError, ValueError, OverflowError) as error:
            raise TypeMismatch(self.shown, describe(plain)) from error


class NoneTransformer:
    """`None`, Flyte's Void."""

    tag = "none"
    shown = "None"

    def literal_type(self) -> LiteralType:
        return LiteralType(simple=SimpleType.NONE)

    def schema(self) -> Schema:
        return {"type": "null"}

    def fit(self, value: object) -> int:
        return EXACT if value is None else NO

    def coerce(self, value: object) -> object:
        if value is not None:
            raise TypeMismatch(self.shown, describe(value))
        return None

    def to_literal(self, value: object, store: Store) -> Literal:
        self.coerce(value)
        return Literal(scalar=Scalar(none_type=Void()))

    def to_python(self, literal: Literal, store: Store) -> object:
        if not literal.scalar.HasField("none_type"):
            raise TypeMismatch(self.shown, describe_literal(literal))
        return None

    def fit_plain(self, plain: object) -> int:
        return self.fit(plain)

    def to_plain(self, value: object, store: Store) -> object:
        return self.coerce(value)

    def from_plain(self, plain: object, store: Store) -> object:
        return self.coerce(plain)


def _is_numpy(value: object) -> bool:
    return type(value).__module__ == "numpy"


def _fit_bool(value: object) -> int:
    if isinstance(value, bool):
        return EXACT
    return CONVERTS if _is_numpy(value) and type(value).__name__ in ("bool", "bool_") else NO


def _fit_int(value: object) -> int:
    if isinstance(value, bool):
        return NO
    if isinstance(value, int):
        return fit_class(value, int) if -(2**63) <= value < 2**63 else NO
    return CONVERTS if _is_numpy(value) and hasattr(value, "__index__") and not hasattr(value, "__len__") else NO


def _fit_float(value: object) -> int:
    if isinstance(value, float):
        return fit_class(value, float)
    if isinstance(value, int) and not isinstance(value, bool):
        return CONVERTS
    is_number = _is_numpy(value) and getattr(getattr(value, "dtype", None), "kind", "") in "fiu"
    return CONVERTS if is_number and getattr(value, "ndim", 1) == 0 else NO


def _fit_str(value: object) -> int:
    return fit_class(value, str)


def _fit_datetime(value: object) -> int:
    return fit_class(value, datetime)


def _fit_date(value: object) -> int:
    if isinstance(value, datetime):
        return NO
    return fit_class(value, date)


def _fit_timedelta(value: object) -> int:
    return fit_class(value, timedelta)


def _write_int(value: object, primitive: Primitive) -> None:
    primitive.integer = cast("int", value)


def _write_float(value: object, primitive: Primitive) -> None:
    primitive.float_value = cast("float", value)


def _write_bool(value: object, primitive: Primitive) -> None:
    primitive.boolean = cast("bool", value)


def _write_str(value: object, primitive: Primitive) -> None:
    primitive.string_value = cast("str", value)


def _write_datetime(value: object, primitive: Primitive) -> None:
    moment = cast("datetime", value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    primitive.datetime.seconds = since.days * 86_400 + since.seconds
    primitive.datetime.nanos = since.microseconds * 1000


def _write_date(value: object, primitive: Primitive) -> None:
    day = cast("date", value)
    _write_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC), primitive)


def _write_timedelta(value: object, primitive: Primitive) -> None:
    primitive.duration.FromTimedelta(cast("timedelta", value))


def _read_int(primitive: Primitive) -> int:
    kind = primitive.WhichOneof("value")
    if kind == "integer":
        return primitive.integer
    if kind == "float_value" and primitive.float_value.is_integer():
        return int(primitive.float_value)
    raise LookupError


def _read_float(primitive: Primitive) -> float:
    kind = primitive.WhichOneof("value")
    if kind == "float_value":
        return primitive.float_value
    if kind == "integer":
        return float(primitive.integer)
    raise LookupError


def _read_bool(primitive: Primitive) -> bool:
    if primitive.WhichOneof("value") != "boolean":
        raise LookupError
    return primitive.boolean


def _read_str(primitive: Primitive) -> str:
    if primitive.WhichOneof("value") != "string_value":
        raise LookupError
    return primitive.string_value


def _read_datetime(primitive: Primitive) -> datetime:
    if primitive.WhichOneof("value") != "datetime":
        raise LookupError
    moment = primitive.datetime
    return _EPOCH + timedelta(seconds=moment.seconds, microseconds=moment.nanos // 1000)


def _read_date(primitive: Primitive) -> date:
    return _read_datetime(primitive).date()


def _read_timedelta(primitive: Primitive) -> timedelta:
    if primitive.WhichOneof("value") != "duration":
        raise LookupError
    return timedelta(seconds=primitive.duration.seconds, microseconds=primitive.duration.nanos / 1000)


def _int_from_plain(plain: object) -> int:
    if isinstance(plain, bool) or not isinstance(plain, (int, float)):
        raise TypeError
    if isinstance(plain, float) and not plain.is_integer():
        raise ValueError
    return int(plain)


def _float_from_plain(plain: object) -> float:
    if isinstance(plain, bool) or not isinstance(plain, (int, float)):
        raise TypeError
    return float(plain)


def _bool_from_plain(plain: object) -> bool:
    if not isinstance(plain, bool):
        raise TypeError
    return plain


def _str_from_plain(plain: object) -> str:
    if not isinstance(plain, str):
        raise TypeError
    return plain


def _datetime_from_plain(plain: object) -> datetime:
    return datetime.fromisoformat(_str_from_plain(plain))


def _date_from_plain(plain: object) -> date:
    return date.fromisoformat(_str_from_plain(plain)[:10])


def _timedelta_from_plain(plain: object) -> timedelta:
    return timedelta(seconds=_float_from_plain(plain))


def _same(value: object) -> object:
    return value


PRIMITIVES: dict[object, Transformer] = {
    int: Primitives(
        int,
        SimpleType.INTEGER,
        {"type": "integer"},
        fit=_fit_int,
        coerce=lambda value: operator.index(cast("int", value)),
        write=_write_int,
        read=_read_int,
        to_plain=_same,
        from_plain=_int_from_plain,
    ),
    float: Primitives(
        float,
        SimpleType.FLOAT,
        {"type": "number"},
        fit=_fit_float,
        coerce=lambda value: float(cast("float", value)),
        write=_write_float,
        read=_read_float,
        to_plain=_same,
        from_plain=_float_from_plain,
    ),
    bool: Primitives(
        bool,
        SimpleType.BOOLEAN,
        {"type": "boolean"},
        fit=_fit_bool,
        coerce=bool,
        write=_write_bool,
        read=_read_bool,
        to_plain=_same,
        from_plain=_bool_from_plain,
    ),
    str: Primitives(
        str,
        SimpleType.STRING,
        {"type": "string"},
        fit=_fit_str,
        coerce=lambda value: str.__str__(cast("str", value)),  # `str(value)` is what a subclass makes of it
        write=_write_str,
        read=_read_str,
        to_plain=_same,
        from_plain=_str_from_plain,
    ),
    datetime: Primitives(
        datetime,
        SimpleType.DATETIME,
        {"type": "string", "format": "date-time"},
        fit=_fit_datetime,
        coerce=_same,
        write=_write_datetime,
        read=_read_datetime,
        to_plain=lambda value: cast("datetime", value).isoformat(),
        from_plain=_datetime_from_plain,
    ),
    date: Primitives(
        date,
        SimpleType.DATETIME,
        {"type": "string", "format": "date"},
        fit=_fit_date,
        coerce=_same,
        write=_write_date,
        read=_read_date,
        to_plain=lambda value: cast("date", value).isoformat(),
        from_plain=_date_from_plain,
    ),
    timedelta: Primitives(
        timedelta,
        SimpleType.DURATION,
        {"type": "number", "format": "time-delta"},
        fit=_fit_timedelta,
        coerce=_same,
        write=_write_timedelta,
        read=_read_timedelta,
        to_plain=lambda value: cast("timedelta", value).total_seconds(),
        from_plain=_timedelta_from_plain,
    ),
    type(None): NoneTransformer(),
    None: NoneTransformer(),
}
