"""How an attempt's object is called, marked and recognised.

The name follows from the attempt's whole id, so creating it twice is found out. Labels are for selecting, and
shortened. The annotation holds the whole id, and an object without the right one is a stranger's.
"""

from __future__ import annotations

import re

import msgspec

from alula.core.errors import TaskError
from alula.core.ids import unique_key
from alula.server.executors.identity import Identity, identity_in
from alula.server.executors.kubernetes.objects import Manifest, Object

MANAGED_BY = "app.kubernetes.io/managed-by"
ALULA = "alula"
OWNER = "alula.dev/owner"
"""Label: the platform that the object belongs to."""
ATTEMPT = "alula.dev/attempt"
"""Annotation: the attempt's whole id, as JSON."""
CLAIM = "alula.dev/claim"
"""Annotation: the greatest claim that the attempt has been submitted under."""
OUTCOME = "alula.dev/outcome"
"""Annotation: the failure for which the platform has given up on the object, as JSON."""
COPILOT = "alula.dev/copilot"
"""Annotation: the container that takes a raw container's outputs away. The attempt ends with it."""
FINALIZER = "alula.dev/attempt"
"""Keeps the object until the end of its attempt is durable."""
SELECTOR = f"{MANAGED_BY}={ALULA}"
LABEL_MAX_CHARS = 63
_NOT_IN_LABEL = re.compile(r"[^A-Za-z0-9_.-]+")

name_of = unique_key


def identity_of(found: Object) -> Identity | None:
    """The attempt that an object is of; None for a stranger's object."""
    return identity_in(found.metadata.annotations.get(ATTEMPT, ""))


def owner_of(found: Object) -> str:
    return found.metadata.labels.get(OWNER, "")


def claim_of(found: Object) -> int:
    text = found.metadata.annotations.get(CLAIM, "")
    return int(text) if text.isdecimal() else 0


def label_value(text: str) -> str:
    """A text as far as a label can hold it."""
    return _NOT_IN_LABEL.sub("-", text)[:LABEL_MAX_CHARS].strip("-_.")


def is_of(found: Object, identity: str) -> bool:
    """True if an object is that of the attempt with this `identity_text`."""
    return found.metadata.annotations.get(ATTEMPT) == identity


def adoption(found: Object, owner: str, claim: int) -> Manifest:
    """The patch by which an object of ours gets another owner or claim, and is kept until its end is durable. One that
    is being deleted can't be kept any more."""
    metadata: Manifest = {
        "labels": {OWNER: owner},
        "annotations": {CLAIM: str(claim)},
        "resourceVersion": found.metadata.resource_version,
    }
    if found.metadata.deletion_timestamp is None:
        metadata["finalizers"] = [*{*found.metadata.finalizers, FINALIZER}]
    return {"metadata": metadata}


def letting_go(found: Object) -> Manifest:
    """The patch after which nothing of ours keeps an object."""
    others = [each for each in found.metadata.finalizers if each != FINALIZER]
    return {"metadata": {"finalizers": others or None, "resourceVersion": found.metadata.resource_version}}


def giving_up(found: Object, error: TaskError) -> Manifest:
    """The patch that says why the platform stops an object."""
    annotations = {OUTCOME: msgspec.json.encode(error).decode()}
    return {"metadata": {"annotations": annotations, "resourceVersion": found.metadata.resource_version}}
