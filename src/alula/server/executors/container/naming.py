"""How an attempt's container is called, marked and recognised.

The name says which platform the container belongs to, as it is the one mark that can be changed: a platform that takes
over an attempt renames its container. Labels say which attempt it is, and never change.
"""

from __future__ import annotations

import re

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


def name_of(owner: str, key: str) -> str:
    return f"{_PREFIX}.{owner}.{key}"


def owner_in(name: str) -> str:
    """The platform that a container of this name belongs to; empty for a stranger's."""
    prefix, _, rest = name.removeprefix("/").partition(".")
    return rest.rpartition(".")[0] if prefix == _PREFIX else ""


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
