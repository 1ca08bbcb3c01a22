"""Values whose objects are moved: each URI in them is replaced, however deep it is, by what a rule says.

Bytes without the beginning of a URI that the rule knows are left as they are, and not even read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import msgspec
from flyteidl.core import literals_pb2
from google.protobuf import struct_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from alula.core.literals.hashing import hash_literal
from alula.core.literals.packed import MSGPACK_TAG, NotUnpackable, Packed, unpack

AnyMessage = TypeVar("AnyMessage", bound=Message)
_WITH_OBJECTS = (literals_pb2.Blob, literals_pb2.Schema, literals_pb2.StructuredDataset, struct_pb2.Value)
"""Messages with a text that names an object."""


class Moving:
    """The move of objects. `beginnings` are those of the URIs that `rule` is asked for; it gives the URI to be."""

    def __init__(self, beginnings: tuple[str, ...], rule: Callable[[str], str]) -> None:
        self._beginnings = beginnings
        self._needles = tuple(beginning.encode() for beginning in beginnings)
        self._rule = rule
        self.values: dict[str, None] = {}
        """URIs, as they were, of values that were put aside."""
        self.found: dict[str, None] = {}
        """URIs, as they were, of files, folders and data sets, also those inside dataclasses."""
        self.hashes: dict[str, str] = {}
        """The hash of each value that has changed: what it was, and what it is."""

    def concerns(self, data: bytes) -> bool:
        """True if there may be such a URI in these bytes."""
        return any(needle in data for needle in self._needles)

    def text(self, text: str) -> str:
        """The text, moved if it is a URI that the rule knows."""
        return self._rule(text) if text.startswith(self._beginnings) else text

    def serialized(self, data: bytes, kind: type[AnyMessage]) -> bytes:
        """A serialized message with its URIs moved. Raises `DecodeError`."""
        if not self.concerns(data):
            return data
        message = kind.FromString(data)
        return message.SerializeToString(deterministic=True) if self.message(message) else data

    def message(self, message: Message) -> bool:
        """Move the URIs in a message, in place. True if there were any."""
        if isinstance(message, literals_pb2.Literal):
            return self._literal(message)
        if isinstance(message, literals_pb2.Binary):
            return self._binary(message)
        return self._fields(message)

    def _literal(self, literal: literals_pb2.Literal) -> bool:
        if not self.concerns(literal.SerializeToString()):
            return False
        before = hash_literal(literal)
        is_moved = self._fields(literal)
        if literal.HasField("offloaded_metadata"):
            is_moved |= self._reference(literal)
        if is_moved:
            self.hashes[before] = hash_literal(literal)
        return is_moved

    def _reference(self, literal: literals_pb2.Literal) -> bool:
        """Move the reference to a value. Its name is a digest, and may be the value's hash as well."""
        reference = literal.offloaded_metadata
        before, after = reference.uri, self.text(reference.uri)
        if before == after:
            return False
        self.values[before] = None
        if literal.hash and literal.hash == before.rpartition("/")[2]:
            literal.hash = after.rpartition("/")[2]
        reference.uri = after
        return True

    def _binary(self, binary: literals_pb2.Binary) -> bool:
        if binary.tag != MSGPACK_TAG or not self.concerns(binary.value):
            return False
        try:
            before = unpack(binary.value)
        except NotUnpackable:
            return False
        after = self.plain(before)
        if after == before:
            return False
        binary.value = msgspec.msgpack.encode(after)
        return True

    def plain(self, value: Packed) -> Packed:
        """A value of msgpack with its URIs moved."""
        if isinstance(value, str):
            return self._found(value)
        if isinstance(value, dict):
            entries = cast("dict[Any, Any]", value)
            return {key: self.plain(entry) for key, entry in entries.items()}
        if isinstance(value, list):
            return [self.plain(item) for item in cast("list[Any]", value)]
        return value

    def _fields(self, message: Message) -> bool:
        is_moved = False
        for field, value in message.ListFields():
            if isinstance(message, literals_pb2.LiteralOffloadedMetadata) and field.name == "uri":
                continue  # moved with its literal, whose hash goes with it
            if field.type == FieldDescriptor.TYPE_MESSAGE:
                for inner in _inner(field, value):
                    is_moved |= self.message(inner)
            elif field.type == FieldDescriptor.TYPE_STRING:
                is_moved |= self._texts(message, field, value)
        return is_moved

    def _found(self, uri: str) -> str:
        """As `text`, of one that names an object."""
        after = self.text(uri)
        if after != uri:
            self.found[uri] = None
        return after

    # `Any`: a text, several, or a map of them.
    def _texts(self, message: Message, field: FieldDescriptor, value: Any) -> bool:
        if not field.is_repeated:
            after = self._found(value) if isinstance(message, _WITH_OBJECTS) else self.text(value)
            if after != value:
                setattr(message, field.name, after)
            return after != value
        before = list(value)
        after = [self.text(each) for each in before]
        if after != before:
            value[:] = after
        return after != before


# `Any`: a message, several, or a map.
def _inner(field: FieldDescriptor, value: Any) -> list[Message]:
    """The messages in a field. Texts of a map are in none: those of labels and variables of an environment are no
    URIs of a platform's store."""
    if not field.is_repeated:
        return [value]
    entry = field.message_type
    if entry is None or not entry.GetOptions().map_entry:
        return list(value)
    if entry.fields_by_name["value"].type != FieldDescriptor.TYPE_MESSAGE:
        return []
    return [value[key] for key in sorted(value)]
