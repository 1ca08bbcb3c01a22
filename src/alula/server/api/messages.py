"""Protobuf messages as JSON, both ways. Input that is no such message is refused, whatever it is."""

from __future__ import annotations

from typing import Any

import msgspec
from google.protobuf import json_format
from google.protobuf.message import Message
from starlette.requests import Request

from alula.core.errors import InvalidInput

BODY_MAX_BYTES = 64 * 1024 * 1024
UNREADABLE: tuple[type[Exception], ...] = (
    json_format.Error,
    AttributeError,
    TypeError,
    ValueError,
    OverflowError,
    RecursionError,
    MemoryError,
)
"""Errors of protobuf's JSON for data that is not the message, or a message that JSON can't say: not only its own."""


async def read_body(request: Request, *, limit_bytes: int = BODY_MAX_BYTES) -> bytes:
    """The body of a request, if it is not too large. Raises `InvalidInput` code `RequestTooLarge`."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit_bytes:
            raise InvalidInput("RequestTooLarge", f"the body has more than {limit_bytes} bytes")
    return bytes(body)


# `Any`: whatever JSON holds.
def decoded(body: bytes) -> dict[str, Any]:
    """The object that a body is in JSON. Raises `InvalidInput` code `InvalidBody`."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, ValueError, RecursionError) as error:  # `ValueError`: not UTF-8
        raise InvalidInput("InvalidBody", f"the body is not JSON: {error}", fix="send a JSON object") from error


def parsed(plain: dict[str, Any], message: Message) -> Message:
    """The message with JSON-like data laid over it. Raises `InvalidInput` code `InvalidBody`."""
    try:
        return json_format.ParseDict(plain, message)
    except UNREADABLE as error:
        raise InvalidInput("InvalidBody", f"the request is no {message.DESCRIPTOR.name}: {error}") from error


def as_json(message: Message) -> bytes:
    """A message as JSON, with the specification's own names and with fields that are not set.

    Protobuf can hold values that its JSON has no form for, and a message that a client once registered must not make a
    list unreadable: such values are left out (JSON only; as octets the message is whole).
    """
    try:
        plain = _plain(message)
    except UNREADABLE:
        sayable = type(message)()
        sayable.CopyFrom(message)
        _leave_out_unsayable(sayable)
        plain = _plain(sayable)
    return msgspec.json.encode(plain)


def _plain(message: Message) -> Any:
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _leave_out_unsayable(message: Message) -> None:
    """Clear the smallest parts of a message that can't be written as JSON."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is not None:
                for one in value.values():
                    _leave_out_unsayable(one)
        elif field.is_repeated:
            for one in value:
                _leave_out_unsayable(one)
        elif not _is_sayable(value):
            _leave_out_unsayable(value)
            if not _is_sayable(value):
                message.ClearField(field.name)


def _is_sayable(message: Message) -> bool:
    try:
        _plain(message)
    except UNREADABLE:
        return False
    return True
