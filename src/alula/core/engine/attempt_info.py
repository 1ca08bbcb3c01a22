"""The facts that an executor tells of an attempt beside its outputs: its progress, its logs, its resources elsewhere.

The values that events, rows and the executor contract share. `AttemptProgressed` carries them.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

ProgressPhase: TypeAlias = Literal["", "QUEUED", "WAITING_FOR_RESOURCES", "INITIALIZING", "RUNNING"]
"""The progress of an attempt that has not ended, as names of `records.AttemptPhase`; empty if it is as before."""
ResourcePhase: TypeAlias = Literal[
    "UNDEFINED",
    "QUEUED",
    "RUNNING",
    "SUCCEEDED",
    "ABORTED",
    "FAILED",
    "INITIALIZING",
    "WAITING_FOR_RESOURCES",
    "RETRYABLE_FAILED",
]
LogFormat: TypeAlias = Literal["UNKNOWN", "CSV", "JSON"]
"""The format of the messages of a log, as names of Flyte's `TaskLog.MessageFormat`."""


class LogLink(msgspec.Struct, frozen=True, array_like=True):
    """A place where people read a log of an attempt."""

    name: str
    uri: str
    format: LogFormat = "UNKNOWN"


class ExternalResource(msgspec.Struct, frozen=True, array_like=True):
    """A job, pod or query elsewhere that an attempt consists of."""

    id: str
    """Its id in the system that runs it."""
    phase: ResourcePhase = "UNDEFINED"
    logs: tuple[LogLink, ...] = ()


class AttemptInfo(msgspec.Struct, frozen=True, array_like=True):
    """Facts that only the executor of an attempt understands, to be shown as they are."""

    # `Any`: JSON's values.
    custom: dict[str, Any] = {}
    resources: tuple[ExternalResource, ...] = ()
