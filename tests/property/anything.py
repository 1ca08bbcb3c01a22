"""Changes to a message that nobody in their right mind would make: any field, to anything that it can hold."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message
from tests.messages import Field, copied

TEXTS = ("", "start-node", "end-node", "v0", "v1", "v0-c0", "o0", "a", "[1].o0", "[", "x" * 300, "\0")
NUMBERS = (0, 1, 2, 7, -1, 99, 2**31 - 1, 0.5, math.nan, math.inf)


def change_anything(message: Message, randomness: random.Random) -> None:
    """Change one field of `message` or of anything in it, in place."""
    inside = list(_parts(message))
    part = randomness.choice([one for one in inside if one.DESCRIPTOR.fields])
    field = randomness.choice(part.DESCRIPTOR.fields)
    value: Any = getattr(part, field.name)
    if randomness.random() < 0.2:
        part.ClearField(field.name)
    elif _is_map(field):
        value.pop(randomness.choice([*value, "nothing"]), None)
    elif field.message_type is not None:
        one = value if isinstance(value, Message) else value.add()
        alike = [other for other in inside if other.DESCRIPTOR is one.DESCRIPTOR]
        one.CopyFrom(copied(randomness.choice([*alike, type(one)()])))
        one.SetInParent()
    elif isinstance(value, str | bool | int | float | bytes):
        _set(part, field, randomness)
    else:
        value.append(randomness.choice(TEXTS) if field.type == field.TYPE_STRING else 1)


def _set(part: Message, field: Field, randomness: random.Random) -> None:
    if field.type == field.TYPE_STRING:
        setattr(part, field.name, randomness.choice(TEXTS))
    elif field.type == field.TYPE_BYTES:
        setattr(part, field.name, b"\xff")
    elif field.cpp_type in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT):
        setattr(part, field.name, randomness.choice(NUMBERS))
    elif field.cpp_type in (field.CPPTYPE_UINT32, field.CPPTYPE_UINT64, field.CPPTYPE_BOOL):
        setattr(part, field.name, randomness.choice((0, 1)))
    else:
        setattr(part, field.name, randomness.choice([number for number in NUMBERS if isinstance(number, int)]))


def _parts(message: Message) -> Iterator[Message]:
    yield message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if _is_map(field):
            inner = [one for one in value.values() if isinstance(one, Message)]
        else:
            inner = [value] if isinstance(value, Message) else list(value)
        for one in inner:
            yield from _parts(one)


def _is_map(field: Field) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)
