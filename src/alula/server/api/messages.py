"""Protobuf messages as JSON, both ways: what clients send is refused where it is no such message, whatever it is."""

from __future__ import annotations

from typing import Any

import msgspec
from google.protobuf import json_format
from google.protobuf.message import Message
from starlette.requests import Request

from alula.core.errors import InvalidInput

BODY_MAX_BYTES = 64 * 1024 * 1024
UNREADABLE = (
    json_format.Error,
    AttributeError,
    TypeError,
    ValueError,
    OverflowError,
    RecursionError,
    MemoryError,
)
"""What protobuf's reader raises for data that is not the message: not only its own errors."""


async def read_body(request: Request) -> bytes:
    """The body of a request, if it is not too large. Raises `InvalidInput` code `RequestTooLarge`."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_MAX_BYTES:
            raise InvalidInput("RequestTooLarge", f"the body has more than {BODY_MAX_BYTES} bytes")
    return bytes(body)


# `Any`: whatever JSON holds.
def decoded(body: bytes) -> Any:
    """The data of a body in JSON. Raises `InvalidInput` code `InvalidBody`."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:  # `ValueError`: not UTF-8
        raise InvalidInput("InvalidBody", f"the body is not JSON: {error}", fix="send a JSON object") from error


def parsed(plain: Any, message: Message) -> Message:
    """The message with what JSON-like data says laid over it. Raises `InvalidInput` code `InvalidBody`."""
    try:
        return json_format.ParseDict(plain, message)
    except UNREADABLE as error:
        raise InvalidInput("InvalidBody", f"the request is no {message.DESCRIPTOR.name}: {error}") from error


def as_json(message: Message) -> bytes:
    """A message with the specification's own names and with what is not set."""
    plain = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return msgspec.json.encode(plain)
