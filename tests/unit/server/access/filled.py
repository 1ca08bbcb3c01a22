"""Requests that name all that a request can name, made of descriptors."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from tests import flyte_specs as specs

DEPTH_MAX = 4
TEXTS = {
    "project": specs.PROJECT,
    "domain": specs.DOMAIN,
    "flyte_url": f"flyte://v1/{specs.PROJECT}/{specs.DOMAIN}/run/n0/o",
    "filters": "",
    "token": "",
    "service": "",
}
"""By the names of fields; any other is `x`."""


def filled(kind: Descriptor, depth: int = 0) -> Message:
    """A message with everything in it but lists and maps: of alternatives the first."""
    message = GetMessageClass(kind)()
    for field in kind.fields:
        first = field.containing_oneof is None or field.containing_oneof.fields[0] is field
        if field.is_repeated or not first:
            continue
        if field.message_type is None:
            setattr(message, field.name, _scalar(field))
        elif depth < DEPTH_MAX and field.name != "sort_by" and not field.message_type.full_name.startswith("google."):
            getattr(message, field.name).CopyFrom(filled(field.message_type, depth + 1))
    return message


# `Any`: what the field takes.
def _scalar(field: FieldDescriptor) -> Any:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return b""
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return TEXTS.get(field.name, "x")
    return 1
