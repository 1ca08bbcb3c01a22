"""Values too large to be carried along: kept as objects of their own, with a reference in their place.

The reference is Flyte's `offloaded_metadata`: the object's URI, its size, and the type of the value. An object is named
by the digest of its bytes, so that equal values are one object and keeping one again changes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from typing import NamedTuple

import msgspec
from flyteidl.core import literals_pb2, tasks_pb2

from alula.core.errors import InvalidInput
from alula.core.literals.checking import literal_type_of

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_FLYTEKIT_READS = (1, 13, 14)
TOGETHER = 8
"""The limit on all values of one map together, in multiples of the limit on one."""


class OffloadRule(msgspec.Struct, frozen=True, array_like=True):
    """The rule by which values are put aside, and the place where they go."""

    prefix: str
    """URI under which the objects are."""
    limit: int
    """Bytes from which a value is put aside."""


class Aside(NamedTuple):
    """An object to be written before anything refers to it."""

    uri: str
    data: bytes
    """A serialized `core.Literal`."""


def lightened(data: bytes, rule: OffloadRule | None) -> tuple[bytes, list[Aside]]:
    """A serialized `core.LiteralMap` without its large values, and the objects that these become."""
    if rule is None or len(data) < rule.limit:
        return data, []
    literals = literals_pb2.LiteralMap.FromString(data)
    asides = put_aside(literals, rule)
    return (literals.SerializeToString() if asides else data), asides


def put_aside(literals: literals_pb2.LiteralMap, rule: OffloadRule) -> list[Aside]:
    """Replace the large values by references, and give the objects that these refer to.

    The largest go first; once none is over the limit, they go on until the rest together is no more than eight
    times that.
    """
    whole = {
        name: literal.SerializeToString(deterministic=True)  # to ask for its size takes as long
        for name, literal in literals.literals.items()
        if not is_offloaded(literal)
    }
    together = sum(map(len, whole.values()))
    asides: list[Aside] = []
    for name in sorted(whole, key=lambda name: (-len(whole[name]), name)):
        if len(whole[name]) < rule.limit and together <= TOGETHER * rule.limit:
            break
        together -= len(whole[name])
        asides.append(_put_aside(literals.literals[name], whole[name], rule))
    return asides


def _put_aside(literal: literals_pb2.Literal, data: bytes, rule: OffloadRule) -> Aside:
    digest = hashlib.sha256(data).hexdigest()
    uri = f"{rule.prefix}/{digest}"
    reference = literals_pb2.LiteralOffloadedMetadata(uri=uri, size_bytes=len(data))
    with contextlib.suppress(InvalidInput):  # nothing is where a value should be: its reader says so
        reference.inferred_type.CopyFrom(literal_type_of(literal))
    literal.offloaded_metadata.CopyFrom(reference)
    literal.hash = literal.hash or digest
    return Aside(uri, data)


def is_offloaded(literal: literals_pb2.Literal) -> bool:
    return literal.WhichOneof("value") == "offloaded_metadata"


def reads_references(task: tasks_pb2.TaskTemplate) -> bool:
    """True if a task can itself read values that were put aside: Alula's do, and those of flytekit from 1.13.14."""
    runtime = task.metadata.runtime
    is_raw = task.type == "raw-container" or task.container.data_config.enabled or task.k8s_pod.data_config.enabled
    if runtime.type != tasks_pb2.RuntimeMetadata.FLYTE_SDK or is_raw:
        return False
    if runtime.flavor == "alula":
        return True
    found = _VERSION.match(runtime.version) if runtime.flavor == "python" else None
    return found is not None and tuple(map(int, found.groups())) >= _FLYTEKIT_READS
