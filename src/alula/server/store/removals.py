"""Removals of runs: what has been removed, what is being removed, and what removed runs have left.

A removal begins with the row of the run: from then on there is no such run. Its objects go next and the rest of its
rows last, so that a crash at any point leaves all that is needed to go on. Until its end no run can have the name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from alula.core.ids import ExecutionId
from alula.core.policy.retention import RunOutline
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease


class Removal(msgspec.Struct, frozen=True):
    """A run that is removed."""

    id: ExecutionId
    incarnation: str
    rule: str
    """The name of the rule by which it is."""
    removed_at: int
    raw_prefix: str = ""
    """The place that it had its attempts' data put; empty for the usual one."""


class Tries(NamedTuple):
    """The attempts of a node, or of an item of an array."""

    node_id: str
    item: int
    """Its index, -1 elsewhere."""
    last: int
    """The number of the newest attempt; the first is 0."""


class Mention(NamedTuple):
    """Bytes that may name objects."""

    run: ExecutionId | None
    """The run that they belong to; None for what belongs to none."""
    data: bytes


class Mentions(NamedTuple):
    """A portion of all bytes that may name objects."""

    found: Sequence[Mention]
    following: str
    """Asks for the next portion; empty for the last one."""


class Removals(Protocol):
    """Methods that take a lease raise `LeaseLost`."""

    async def outlines(self, after: RunOutline | None, *, limit: int) -> list[RunOutline]:
        """All runs by project and domain, newest first, after one of them."""
        ...

    async def begin(self, lease: Lease, removals: Sequence[tuple[Removal, Audit]]) -> list[ExecutionId]:
        """Begin to remove runs, one after the other. Returns those that have gone: none that is open, that is needed by
        a run that is there, or that has jobs of other systems."""
        ...

    async def unfinished(self, *, limit: int) -> list[Removal]:
        """Removals that have begun, the oldest first."""
        ...

    async def tries(self, run: ExecutionId, after: Tries | None, *, limit: int) -> list[Tries]:
        """The attempts of a run, also one that is being removed, by node and index, after one of them."""
        ...

    async def mentions(self, after: str, *, limit: int) -> Mentions:
        """Everything that may name objects: values of runs and of their events, the cache, artifacts, what clients
        keep, and what is registered. `limit` rows a portion."""
        ...

    async def leave(self, lease: Lease, uris: Sequence[str]) -> None:
        """Note objects of removed runs that something still names."""
        ...

    async def left(self, after: str, *, limit: int) -> list[str]:
        """Objects that were left, by URI, after one of them."""
        ...

    async def forget_left(self, lease: Lease, uris: Sequence[str]) -> None:
        """Forget objects that are gone by now."""
        ...

    async def remove_rows(self, lease: Lease, run: ExecutionId, *, limit: int) -> int:
        """Remove at most so many rows of a run that is being removed. Returns their number, which is less than `limit`
        if there are none any more."""
        ...

    async def finish(self, lease: Lease, removal: Removal) -> None:
        """End a removal: its name is free again."""
        ...

    async def find(self, run: ExecutionId) -> Removal | None:
        """The latest removal of a run of this name."""
        ...

    async def forget(self, lease: Lease, before: int, *, limit: int) -> int:
        """Forget removals that have ended and began before that time. Returns their number."""
        ...
