"""Bodies and answers of Alula's own HTTP operations, as they are in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class PhaseLine(msgspec.Struct, frozen=True):
    """A line of a followed run."""

    version: int
    """Grows with each change that this platform hears of."""
    phase: str
    """A phase of Flyte's `WorkflowExecution`."""


class ReasonAnswer(msgspec.Struct, frozen=True):
    """A reason why something happened in a run."""

    at: datetime
    node_id: str
    attempt: int
    """-1 if it concerns the node, not one attempt."""
    index: int
    """The item of a map task, else -1."""
    code: str
    text: str
    facts: dict[str, str]


class LinkAnswer(msgspec.Struct, frozen=True):
    """The reason why a run or a node is as it is."""

    node_id: str
    """Empty for the run."""
    code: str
    text: str
    at: str
    """RFC 3339, or empty if the time is not known."""
    facts: dict[str, str]
    because: list[LinkAnswer]
    """The reasons of that."""


class ForkBody(msgspec.Struct, forbid_unknown_fields=True):
    """The changes in a run that starts from another one."""

    nodes: list[str] = []
    """The nodes that run again, with all that comes after them."""
    inputs: dict[str, Any] = {}
    """Inputs that change, each a `flyteidl.core.Literal`."""
    version: str = ""
    """Another version of the workflow."""
    overrides: dict[str, Any] = {}
    """A `flyteidl.core.TaskNodeOverrides` for the nodes that run again."""
    name: str = ""
    """Name of the new run; empty for one that is made."""


class RunName(msgspec.Struct, frozen=True):
    """A run."""

    project: str
    domain: str
    name: str


class CacheEntry(msgspec.Struct, frozen=True):
    """A result that the cache holds."""

    task: str
    cache_version: str
    inputs: dict[str, str]
    """Each input as people read it."""
    digest: str
    """The digest of all that a hit needs to be equal."""
    source: str
    """The run and node that computed it."""
    created_at: datetime


class Evicted(msgspec.Struct, frozen=True):
    """The number of results evicted from the cache."""

    evicted: int


class Refusal(msgspec.Struct, frozen=True):
    """An error, and the way to mend it."""

    code: str
    """Stable, for programs."""
    message: str
    fix: str
