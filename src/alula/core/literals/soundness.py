"""The check that a value can be carried through the platform: shown, hashed, compared, and read by clients.

A literal may be valid protobuf and still hold no usable value: a time after the year 9999, msgpack that is none,
messages nested so deeply that they can't be read once they stand inside others. Values are checked where they enter, at
launch and at the end of an attempt, so that nobody meets such a value later.
"""

from __future__ import annotations

from flyteidl.core import literals_pb2
from google.protobuf import duration_pb2, timestamp_pb2
from google.protobuf.message import Message

from alula.core.literals.packed import MSGPACK_TAG, NotUnpackable, unpack

MESSAGE_LEVELS_MAX = 72
"""Messages inside each other in one value. Protobuf reads 100, and the platform puts values into lists and answers."""
TIME_SECONDS = range(-62_135_596_800, 253_402_300_800)
"""The years 1 to 9999."""
DURATION_SECONDS = range(-315_576_000_000, 315_576_000_001)
"""10,000 years in both directions, as protobuf defines it."""
NANOS = range(1_000_000_000)

_ALWAYS_SOUND = frozenset(("integer", "float_value", "string_value", "boolean"))


def unsound(literal: literals_pb2.Literal) -> str | None:
    """The reason that the platform can't carry this value, or None if it can.

    >>> unsound(literals_pb2.Literal(scalar={"binary": {"tag": "msgpack", "value": b"\\xc1"}}))
    "the value is not valid msgpack (MessagePack data is malformed: invalid opcode '\\\\xc1' (byte 0))"
    """
    if literal.scalar.primitive.WhichOneof("value") in _ALWAYS_SOUND:
        return None
    return _unsound(literal, MESSAGE_LEVELS_MAX)


def _unsound(literal: literals_pb2.Literal, levels: int) -> str | None:
    """The same as `unsound`, with at most `levels` messages inside each other from here on."""
    if levels < 0:
        return _TOO_DEEP
    match literal.WhichOneof("value"):
        case "scalar":
            return _unsound_scalar(literal.scalar, levels - 1)
        case "collection":
            for position, item in enumerate(literal.collection.literals):
                if item.scalar.primitive.WhichOneof("value") in _ALWAYS_SOUND:
                    continue
                if reason := _unsound(item, levels - 2):
                    return f"item {position}: {reason}"
        case "map":
            for key, entry in sorted(literal.map.literals.items()):
                if reason := _unsound(entry, levels - 3):
                    return f"key `{key[:_KEY_CHARS]}`: {reason}"
        case "offloaded_metadata":
            return _unsound_levels(literal.offloaded_metadata, levels - 1)
        case _:
            pass
    return None


def _unsound_scalar(scalar: literals_pb2.Scalar, levels: int) -> str | None:
    match scalar.WhichOneof("value"):
        case "primitive":
            return _unsound_primitive(scalar.primitive)
        case "binary" if scalar.binary.tag == MSGPACK_TAG:
            try:
                unpack(scalar.binary.value)
            except NotUnpackable as broken:
                return str(broken)
        case "union":
            return _unsound_levels(scalar.union.type, levels - 2) or _unsound(scalar.union.value, levels - 2)
        case _:
            return _unsound_levels(scalar, levels)
    return None


def _unsound_primitive(primitive: literals_pb2.Primitive) -> str | None:
    match primitive.WhichOneof("value"):
        case "datetime":
            time = primitive.datetime
            return None if is_time(time) else f"the time {time.seconds} s {time.nanos} ns is not in the years 1 to 9999"
        case "duration":
            span = primitive.duration
            reason = f"{span.seconds} s {span.nanos} ns is no duration of at most 10,000 years"
            return None if is_duration(span) else reason
        case _:
            return None


def is_time(time: timestamp_pb2.Timestamp) -> bool:
    """True if it is in the years 1 to 9999."""
    return time.seconds in TIME_SECONDS and time.nanos in NANOS


def is_duration(span: duration_pb2.Duration) -> bool:
    """True if it is as protobuf allows: not too long, and of one sign."""
    is_short = span.seconds in DURATION_SECONDS and abs(span.nanos) in NANOS
    return is_short and span.seconds * span.nanos >= 0


def unsound_binding(data: literals_pb2.BindingData) -> str | None:
    """The reason that the platform can't carry the value of a binding, or None if it can: as far as it is constant, and
    by its depth."""
    return _unsound_binding(data, MESSAGE_LEVELS_MAX)


def _unsound_binding(data: literals_pb2.BindingData, levels: int) -> str | None:
    if levels < 0:
        return _TOO_DEEP
    match data.WhichOneof("value"):
        case "scalar":
            if data.scalar.primitive.WhichOneof("value") in _ALWAYS_SOUND:
                return None
            return _unsound_scalar(data.scalar, levels - 1)
        case "collection":
            for position, item in enumerate(data.collection.bindings):
                if reason := _unsound_binding(item, levels - 2):
                    return f"item {position}: {reason}"
        case "map":
            for key, entry in sorted(data.map.bindings.items()):
                if reason := _unsound_binding(entry, levels - 3):
                    return f"key `{key[:_KEY_CHARS]}`: {reason}"
        case "offloaded_metadata":
            return _unsound_levels(data.offloaded_metadata, levels - 1)
        case _:
            pass
    return None


def _unsound_levels(message: Message, levels: int) -> str | None:
    return None if _fits(message, levels) else _TOO_DEEP


def _fits(message: Message, levels: int) -> bool:
    """True if no more than `levels` messages stand inside each other in this one."""
    if levels < 0:
        return False
    return all(_fits(part, levels - depth) for part, depth in _parts(message))


def _parts(message: Message) -> list[tuple[Message, int]]:
    """The messages inside one, each with how far inside: an entry of a map is a message, too."""
    found: list[tuple[Message, int]] = []
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if isinstance(value, Message):
            found.append((value, 1))
        elif not field.message_type.GetOptions().map_entry:
            found += [(part, 1) for part in value]
        elif field.message_type.fields_by_name["value"].message_type is not None:
            found += [(entry, 2) for entry in value.values()]
    return found


_TOO_DEEP = f"the value is nested too deeply: more than {MESSAGE_LEVELS_MAX} messages stand inside each other"
_KEY_CHARS = 100
