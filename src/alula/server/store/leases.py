"""Leases by name: of many processes, one holds a name until a time, by the clock that all of them share."""

from __future__ import annotations

from typing import Protocol

import msgspec

from alula.core.errors import AlulaError, FailedPrecondition

LEASE_LOST = "LeaseLost"
"""Code of the refusal to do something on a lease that another has been given since."""


class Lease(msgspec.Struct, frozen=True):
    """`holder` holds `name`; others wait until the lease ends."""

    name: str
    holder: str
    """A process, in this life of it; empty for nobody."""
    term: int
    """Rises each time the lease is given to somebody. Of two that believe they hold it, the one with the lower term has
    lost it."""
    left_us: int
    """The time for which it still holds, in microseconds from the answer of the store. Not an end by the store's clock,
    as that of a machine differs."""


def lease_lost(lease: Lease) -> FailedPrecondition:
    """The refusal to do something under a lease that is lost."""
    return FailedPrecondition(
        LEASE_LOST, f"`{lease.holder}` does not hold the lease `{lease.name}` in term {lease.term} any more"
    )


def is_lost(error: BaseException) -> bool:
    """True if something was refused because a lease is lost."""
    return isinstance(error, AlulaError) and error.code == LEASE_LOST


class Leases(Protocol):
    async def claim(self, name: str, holder: str, *, lease_us: int) -> Lease:
        """Take a lease that nobody holds, for `lease_us` from now. Returns the one that is held then, whoever has it:
        one that `holder` has already stays as it is."""
        ...

    async def renew(self, lease: Lease, *, lease_us: int) -> Lease | None:
        """Make it last for `lease_us` from now. None if it has ended or been given to another: then nothing was done on
        it for some time, and a claim begins a new term."""
        ...

    async def release(self, holder: str | None, name: str | None = None) -> None:
        """End the leases of `holder`, or only its lease on `name`, so that others need not wait.
        A holder of None is any holder, for a caller that knows that no other process lives."""
        ...
