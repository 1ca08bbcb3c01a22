"""Conversion of single values to database cells, and back. Both databases take and give the same Python types."""

from __future__ import annotations

import msgspec

from alula.core.engine.attempt_info import AttemptInfo, LogLink
from alula.core.engine.records import CacheStatus
from alula.core.engine.usage import Usage
from alula.core.errors import TaskError
from alula.core.ids import EntityId

_encoder = msgspec.msgpack.Encoder()
_error_decoder = msgspec.msgpack.Decoder(TaskError)
_logs_decoder = msgspec.msgpack.Decoder(tuple[LogLink, ...])
_info_decoder = msgspec.msgpack.Decoder(AttemptInfo)
_usage_decoder = msgspec.msgpack.Decoder(Usage)
_words_decoder = msgspec.json.Decoder(dict[str, str])


def from_error(error: TaskError | None) -> bytes | None:
    return None if error is None else _encoder.encode(error)


def to_error(cell: bytes | None) -> TaskError | None:
    return None if cell is None else _error_decoder.decode(cell)


def from_logs(logs: tuple[LogLink, ...] | None) -> bytes | None:
    return None if logs is None else _encoder.encode(logs)


def to_logs(cell: bytes | None) -> tuple[LogLink, ...] | None:
    return None if cell is None else _logs_decoder.decode(cell)


def from_info(info: AttemptInfo | None) -> bytes | None:
    return None if info is None else _encoder.encode(info)


def to_info(cell: bytes | None) -> AttemptInfo | None:
    return None if cell is None else _info_decoder.decode(cell)


def from_usage(usage: Usage | None) -> bytes | None:
    return None if usage is None else _encoder.encode(usage)


def to_usage(cell: bytes | None) -> Usage | None:
    return None if cell is None else _usage_decoder.decode(cell)


def from_words(words: dict[str, str]) -> str:
    return msgspec.json.encode(words).decode()


def to_words(cell: str) -> dict[str, str]:
    return _words_decoder.decode(cell)


def from_number(number: int | None) -> int | None:
    """A flag or enum member as the plain number that it is."""
    return None if number is None else int(number)


def to_flag(cell: int | None) -> bool | None:
    return None if cell is None else bool(cell)


def to_cache_status(cell: int | None) -> CacheStatus | None:
    return None if cell is None else CacheStatus(cell)


def to_entity_id(project: str | None, domain: str | None, name: str | None, version: str | None) -> EntityId | None:
    if project is None or domain is None or name is None or version is None:
        return None
    return EntityId(project, domain, name, version)


def from_prose(text: str) -> str:
    """Text that people wrote, without the character NUL, which PostgreSQL does not take."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in text else text


def from_prose_if_any(text: str | None) -> str | None:
    return None if text is None else from_prose(text)
