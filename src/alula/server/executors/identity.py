"""The identity of an attempt as text, carried by its job: the job is found again by it, and told from others."""

from __future__ import annotations

import msgspec

from alula.core.ids import AttemptId, ExecutionId


class Identity(msgspec.Struct, frozen=True, array_like=True):
    """The whole id of an attempt."""

    project: str
    domain: str
    execution: str
    node_id: str
    attempt: int
    index: int
    incarnation: str

    @property
    def id(self) -> AttemptId:
        return AttemptId(ExecutionId(self.project, self.domain, self.execution), self.node_id, self.attempt, self.index)


_identities = msgspec.json.Decoder(Identity)


def identity_text(attempt: AttemptId, incarnation: str) -> str:
    identity = Identity(*attempt.execution, attempt.node_id, attempt.attempt, attempt.index, incarnation)
    return msgspec.json.encode(identity).decode()


def identity_in(text: str) -> Identity | None:
    """The attempt that a text names; None if it names none."""
    try:
        return _identities.decode(text)
    except msgspec.DecodeError:
        return None
