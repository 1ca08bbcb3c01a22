"""Values and protobuf messages that clients should not send, made of descriptors."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from tests.messages import Field, copied

DEPTH_MAX = 7
TEXTS = [
    "",
    "x",
    "v1",
    "flytesnacks",
    "development",
    "n0",
    "o0",
    "raw-container",
    "true",
    "name",
    "created_at",
    "eq(name,x)",
    "value_in(phase,FAILED;RUNNING)+gt(created_at,1)",
    "eq(phase,",
    "1",
    "-1",
    "99999999999999999999",
    "1e999",
    "0",
    "nan",
    "500m",
    "1Gi",
    "{{.inputs.x}}",
    "{{ .nope }}",
    "{{",
    "..",
    "/",
    "a/../../b",
    "a\nb",
    "a\r\nX: y",
    "a\0b",
    "\x7f",
    "é",
    "名前",
    "\U0010ffff",
    "\ud7ff",
    "\u202e",
    "a" * 63,
    "a" * 64,
    "a" * 300,
    "ü" * 5_000,
    "x" * 100_000,
    "flyte://v1/flytesnacks/development/run/n0/0/o/o0",
    "flyte://v1/x",
    "s3://bucket/key",
    "file:///etc/passwd",
    "2024-01-01T00:00:00Z",
    "* * * * *",
    "%00%ff%",
    "<script>alert(1)</script>",
    "'; drop table executions; --",
]
INTEGERS = [0, 1, 2, 3, 7, 100, -1, 2**31 - 1, -(2**31), 2**32 - 1, 2**53, 2**62, 2**63 - 1, -(2**63), 2**64 - 1]
FLOATS = [0.0, 1.5, -0.0, 1e308, -1e308, 5e-324, float("inf"), float("-inf"), float("nan")]
BYTES = [b"", b"\0", b"\xff" * 16, b"0123456789abcdef", b"\x0a\x01x", b"z" * 10_000]
_RANGES = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_ENUM: (-(2**31), 2**31 - 1),
}


class Maker:
    """Makes messages. `known` are texts that mean something on the platform that is asked."""

    def __init__(self, random: Random, known: Sequence[str] = ()) -> None:
        self.random = random
        self.known = known

    def text(self) -> str:
        if self.known and self.random.random() < 0.5:
            return self.random.choice(self.known)
        return self.random.choice(TEXTS)

    def message(self, kind: Descriptor, depth: int = 0) -> Message:
        """A message with some of its fields set, less of them the deeper it is."""
        message = GetMessageClass(kind)()
        share = 0.7 if depth < 2 else 0.35
        for field in kind.fields:
            if self.random.random() < share:
                self.set(message, field, depth)
        return message

    def mutated(self, message: Message) -> Message:
        """A copy with a few fields of it, anywhere inside, set to something else or to nothing."""
        copy = copied(message)
        for _ in range(self.random.choice([0, 1, 1, 2, 4])):
            place = self.random.choice(list(_messages(copy)))
            if not place.DESCRIPTOR.fields:
                continue
            field = self.random.choice(place.DESCRIPTOR.fields)
            if self.random.random() < 0.2:
                place.ClearField(field.name)
            else:
                self.set(place, field, 2)
        return copy

    def garbled(self, data: bytes) -> bytes:
        """Bytes with some changed, cut, doubled or put in between."""
        garbled = bytearray(data or b"\n")
        for _ in range(self.random.randint(1, 5)):
            place = self.random.randrange(len(garbled) + 1)
            match self.random.randrange(4):
                case 0:
                    garbled[place : place + 1] = bytes([self.random.randrange(256)])
                case 1:
                    del garbled[place : place + self.random.randint(1, 8)]
                case 2:
                    garbled[place:place] = garbled[max(0, place - 20) : place]
                case _:
                    garbled[place:place] = self.random.randbytes(self.random.randint(1, 6))
        return bytes(garbled)

    # `Any`: what the field takes, which only its descriptor says.
    def scalar(self, field: Field) -> Any:
        kind = field.cpp_type
        if kind == FieldDescriptor.CPPTYPE_STRING:
            return self.random.choice(BYTES) if field.type == FieldDescriptor.TYPE_BYTES else self.text()
        if kind == FieldDescriptor.CPPTYPE_BOOL:
            return self.random.random() < 0.5
        if kind in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
            return self.random.choice(FLOATS)
        if field.enum_type is not None and self.random.random() < 0.7:
            return self.random.choice(field.enum_type.values).number
        least, most = _RANGES[kind]
        return min(most, max(least, self.random.choice(INTEGERS)))

    def set(self, message: Message, field: Field, depth: int) -> None:
        """Give a field something."""
        into = getattr(message, field.name)
        if field.message_type is None:
            if field.is_repeated:
                into.extend(self.scalar(field) for _ in range(self.random.randint(0, 3)))
            else:
                setattr(message, field.name, self.scalar(field))
        elif depth >= DEPTH_MAX:
            return
        elif field.message_type.GetOptions().map_entry:
            value = field.message_type.fields_by_name["value"]
            for _ in range(self.random.randint(0, 3)):
                key = self.scalar(field.message_type.fields_by_name["key"])
                if value.message_type is None:
                    into[key] = self.scalar(value)
                else:
                    into[key].CopyFrom(self.message(value.message_type, depth + 1))
        elif field.is_repeated:
            into.extend(self.message(field.message_type, depth + 1) for _ in range(self.random.randint(0, 3)))
        else:
            into.CopyFrom(self.message(field.message_type, depth + 1))


def _messages(message: Message) -> list[Message]:
    """A message and all that are in it."""
    found = [message]
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is not None:
                found += [inner for one in value.values() for inner in _messages(one)]
        elif field.is_repeated:
            found += [inner for one in value for inner in _messages(one)]
        else:
            found += _messages(value)
    return found
