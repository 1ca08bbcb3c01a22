"""The files and connections that this process may have open, and their shares.

A connection that finds no descriptor left is not all that fails then: nor can the database be read or an attempt be
started. Clients get half of what there is, HTTP and gRPC a quarter each; the other half is for the platform's own.
"""

from __future__ import annotations

import resource

import msgspec

HTTP_CONNECTIONS_MAX = 1_000
GRPC_CONNECTIONS_MAX = 1_000
_UNLIMITED = 1 << 20


class Connections(msgspec.Struct, frozen=True):
    """The most connections that clients may have."""

    http_max: int
    grpc_max: int


def connections() -> Connections:
    """The connections that the hard limit of open files leaves for clients."""
    hard = _hard_limit()
    return Connections(min(HTTP_CONNECTIONS_MAX, hard // 4), min(GRPC_CONNECTIONS_MAX, hard // 4))


def raise_limit() -> None:
    """Let this process have as many files open as it may."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (_hard_limit(), resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def _hard_limit() -> int:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return _UNLIMITED if hard == resource.RLIM_INFINITY else hard
