"""The status of each kind of error on the wire, in gRPC and in HTTP, as numbers.

The platform answers with the status of a kind, and clients read the kind off the status. Other platforms answer with
some that Alula never sends; those mean a kind, too. A kind that is missing here is a fault of the platform's own.
"""

from __future__ import annotations

from typing import NamedTuple

from alula.core.errors import (
    AlreadyExists,
    AlulaError,
    FailedPrecondition,
    InvalidInput,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)


class Statuses(NamedTuple):
    """The statuses of one kind. The platform sends the first of each."""

    grpc: tuple[int, ...]
    http: tuple[int, ...]


STATUSES: dict[type[AlulaError], Statuses] = {
    InvalidInput: Statuses((3, 11), (400,)),  # INVALID_ARGUMENT; OUT_OF_RANGE
    NotFound: Statuses((5,), (404,)),
    AlreadyExists: Statuses((6,), (409,)),
    FailedPrecondition: Statuses((9, 10), (412,)),  # FAILED_PRECONDITION; ABORTED
    PermissionDenied: Statuses((7,), (403,)),
    Unauthenticated: Statuses((16,), (401,)),
    ResourceExhausted: Statuses((8,), (429, 507, 413)),
    Unavailable: Statuses((14, 4, 1), (503,)),  # UNAVAILABLE; DEADLINE_EXCEEDED, and CANCELLED by a platform that stops
}
INTERNAL = Statuses((13,), (500,))
"""The statuses of a fault of the platform's own."""

BY_GRPC = {status: kind for kind, statuses in STATUSES.items() for status in statuses.grpc}
BY_HTTP = {status: kind for kind, statuses in STATUSES.items() for status in statuses.http}


_HTTP_BY_CODE = {
    **dict.fromkeys(("DiskFull", "StoreDiskFull"), 507),  # nothing goes until there is room
    **dict.fromkeys(("RunFileTooLarge", "ValueTooBig"), 413),  # the same request is never taken
}
"""The status in HTTP of those errors that its first status would not tell rightly."""


def http_of(error: AlulaError) -> int:
    """The status of an error in HTTP.

    >>> from alula.core.errors import ResourceExhausted
    >>> http_of(ResourceExhausted("ConcurrencyLimit", "1 run is open")), http_of(ResourceExhausted("DiskFull", "full"))
    (429, 507)
    """
    return _HTTP_BY_CODE.get(error.code, statuses_of(error).http[0])


def statuses_of(error: AlulaError) -> Statuses:
    """The statuses of an error on the wire.

    >>> statuses_of(NotFound("WorkflowNotFound", "there is no workflow `etl`")).http[0]
    404
    """
    return next((statuses for kind, statuses in STATUSES.items() if isinstance(error, kind)), INTERNAL)
