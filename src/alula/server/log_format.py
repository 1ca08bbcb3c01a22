"""The format of the platform's log: text for people, or JSON, one object a line, for programs."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

import msgspec

from alula.server.log_subject import fields_of

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class LogOptions(msgspec.Struct, frozen=True):
    """Settings of the platform's log."""

    level: str = "WARNING"
    format: Literal["text", "json"] = "text"
    """`json` for one object a line."""

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.level.upper() not in LEVELS:
            yield "level", f"must be one of {', '.join(LEVELS)}, not `{self.level}`"


def formatter(form: str) -> logging.Formatter:
    """The formatter of one of the formats."""
    return JsonFormatter() if form == "json" else logging.Formatter(TEXT)


class JsonFormatter(logging.Formatter):
    """A record as an object on one line, in ASCII: its time in UTC, its level, logger and message; and if it has them,
    its subject, the id of its incident and its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "level": record.levelname,
            "logger": record.name,
            "message": _sound(record.getMessage()),
        }
        incident = getattr(record, "incident", None)
        if incident is not None:
            fields["incident"] = incident
        fields |= fields_of(record)
        if record.exc_info:
            fields["exception"] = _sound(self.formatException(record.exc_info))
        if record.stack_info:
            fields["stack"] = _sound(record.stack_info)
        return json.dumps(fields)


def _sound(text: str) -> str:
    """Without halves of characters, which names of files may have and no JSON may."""
    return text.encode(errors="backslashreplace").decode()
