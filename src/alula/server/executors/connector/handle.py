"""The handle of a job: all that is needed to ask its connector for it again."""

from __future__ import annotations

import msgspec


class Handle(msgspec.Struct, frozen=True, array_like=True):
    """A job of a connector. A new field is added at the end, with a default: handles stand in logs."""

    endpoint: str
    """By its name in the settings."""
    task_type: str
    version: int
    """Of the type: a connector is found by both."""
    created_at: int
    """In microseconds since the epoch. Old jobs are looked at less often."""
    meta: bytes
    """The connector's own name of the job."""

    def encoded(self) -> bytes:
        return _encoder.encode(self)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Handle)


def handle_in(data: bytes) -> Handle | None:
    """The handle that was encoded; None if there is none. Raises `msgspec.DecodeError`."""
    return _decoder.decode(data) if data else None
