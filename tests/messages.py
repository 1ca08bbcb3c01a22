"""What tests do with a message of protobuf, whichever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

from google.protobuf.message import Message

if TYPE_CHECKING:
    from google._upb import _message
    from google.protobuf import descriptor

Field: TypeAlias = "descriptor.FieldDescriptor | _message.FieldDescriptor"
"""A field of a message, as its descriptor has it: by its stubs one of two classes, which are one."""
M = TypeVar("M", bound=Message)


def copied(message: M) -> M:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy
