"""Every error that Alula reports on purpose, with its stable code.

    AlulaError
    ├── InvalidInput         the request can't be right: bad value, bad graph, bad option
    ├── NotFound             the named thing does not exist
    ├── AlreadyExists        the named thing exists (identical, unless the code says otherwise)
    ├── FailedPrecondition   the thing is in a state that forbids this
    ├── PermissionDenied     the caller may not do this
    ├── Unauthenticated      the caller is not known
    ├── ResourceExhausted    a limit or the disk is full
    └── Unavailable          the platform or a part of it can't be reached now

`code` is for programs and never changes; `message` names the thing and the reason, `fix` says what to
do. Nobody branches on the text. A run's own failure is data (`TaskError`), not an exception.
"""

from __future__ import annotations

from typing import Literal, NamedTuple


class AlulaError(Exception):
    """Base of all errors that a user can meet.

    >>> str(NotFound("WorkflowNotFound", "there is no workflow `etl`", fix="register it first"))
    'there is no workflow `etl`; register it first'
    """

    def __init__(self, code: str, message: str, *, fix: str = "") -> None:
        self.code = code
        self.message = message
        self.fix = fix
        super().__init__(f"{message}; {fix}" if fix else message)


class InvalidInput(AlulaError): ...


class NotFound(AlulaError): ...


class AlreadyExists(AlulaError): ...


class FailedPrecondition(AlulaError): ...


class PermissionDenied(AlulaError): ...


class Unauthenticated(AlulaError): ...


class ResourceExhausted(AlulaError): ...


class Unavailable(AlulaError): ...


ErrorKind = Literal["USER", "SYSTEM"]


class TaskError(NamedTuple):
    """The failure of an attempt, a node or an execution.

    `kind` says whose fault it was and so which retry budget pays; `recoverable` whether another attempt
    may help. The two are independent.
    """

    code: str
    message: str
    kind: ErrorKind = "USER"
    recoverable: bool = False
    node_id: str = ""
    """The node where the failure began; empty for the execution itself."""
