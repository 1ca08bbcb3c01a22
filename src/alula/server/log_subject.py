"""The run, and the attempt of it, that a record of the platform's log is about: fields for searching logs."""

from __future__ import annotations

import logging
from typing import TypeAlias

from alula.core.ids import AttemptId, ExecutionId

Subject: TypeAlias = ExecutionId | AttemptId
_KEY = "about"


def about(subject: Subject | None) -> dict[str, object]:
    """The `extra` of a logger's call."""
    return {_KEY: subject}


def fields_of(record: logging.LogRecord) -> dict[str, str | int]:
    """The subject of a record, under the names that the API has for it. Empty if it is about no run."""
    subject: Subject | None = getattr(record, _KEY, None)
    if subject is None:
        return {}
    execution = subject if isinstance(subject, ExecutionId) else subject.execution
    fields: dict[str, str | int] = {
        "project": execution.project,
        "domain": execution.domain,
        "execution": execution.name,
    }
    if isinstance(subject, AttemptId):
        fields |= {"node": subject.node_id, "attempt": subject.attempt}
        if subject.index >= 0:
            fields["index"] = subject.index
    return fields
