"""How an attempt's container is called, marked and recognised.

The name says which platform the container belongs to, and under which claim, as it is the one mark that can be changed:
a platform that takes over an attempt renames its container. Labels say which attempt it is, and never change.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from alula.core.ids import unique_key
from alula.server.executor import AttemptSpec
from alula.server.executors.identity import identity_text

KEY = "alula.dev/key"
"""Label: a name that follows from the attempt's whole id, to look for."""
ATTEMPT = "alula.dev/attempt"
"""Label: the attempt's whole id, as JSON. A container without the right one is a stranger's."""
_PREFIX = "alula"
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_-]+")

key_of = unique_key


class Holder(NamedTuple):
    """The platform that a container belongs to, and the claim under which its attempt was submitted last."""

    owner: str
    claim: int


NOBODY = Holder("", 0)


def name_of(holder: Holder, key: str) -> str:
    return f"{_PREFIX}.{holder.owner}.{holder.claim}.{key}"


def holder_in(name: str) -> Holder:
    """The holder of a container of this name; `NOBODY` for a stranger's."""
    match name.removeprefix("/").split("."):
        case (prefix, owner, claim, _) if prefix == _PREFIX and claim.isdecimal():
            return Holder(owner, int(claim))
        case (prefix, owner, _) if prefix == _PREFIX:  # as it was named before there were claims
            return Holder(owner, 0)
        case _:
            return NOBODY


def owner_text(owner: str) -> str:
    """A platform's id as far as a name can hold it."""
    return _NOT_IN_NAME.sub("-", owner)


def labels_of(spec: AttemptSpec) -> dict[str, str]:
    """Those of the run, those by which people look for a container, and those by which the platform does."""
    of = spec.id.execution
    return {
        **spec.labels,
        "project": of.project,
        "domain": of.domain,
        "execution-id": of.name,
        "node-id": spec.id.node_id,
        "task-name": spec.task.id.name,
        KEY: key_of(spec.id, spec.incarnation),
        ATTEMPT: identity_text(spec.id, spec.incarnation),
    }
