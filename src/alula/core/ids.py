"""Names of things: executions, nodes, attempts, and the ids derived from them.

Owns every rule that turns one name into another, so that two parts of the platform never derive
the same id in two ways. Pure functions of their arguments: an id that must look random is a hash.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from flyteidl.core import identifier_pb2

EXECUTION_NAME_MAX_CHARS = 63
NODE_ID_MAX_CHARS = 64
_NOT_DNS = re.compile(r"[^a-z0-9-]")
_READABLE_CHARS = 28
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_BASE_32 = [first + second for first in _LETTERS for second in _LETTERS]
_EXECUTION_NAME = re.compile(r"[a-z][a-z0-9-]*")


class Place(NamedTuple):
    """A domain of a project; without a domain the project as a whole, and without both the whole platform."""

    project: str = ""
    domain: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in self if part)


class ExecutionId(NamedTuple):
    """One run of a workflow."""

    project: str
    domain: str
    name: str

    @property
    def place(self) -> Place:
        return Place(self.project, self.domain)

    def __str__(self) -> str:
        return f"{self.project}/{self.domain}/{self.name}"


class EntityId(NamedTuple):
    """A registered task, workflow or launch plan, at one version."""

    project: str
    domain: str
    name: str
    version: str

    @property
    def place(self) -> Place:
        return Place(self.project, self.domain)

    def __str__(self) -> str:
        return f"{self.project}/{self.domain}/{self.name}@{self.version}"


def entity_id(identifier: identifier_pb2.Identifier) -> EntityId:
    """The id of a FlyteIDL message without its resource type, as a key."""
    return EntityId(identifier.project, identifier.domain, identifier.name, identifier.version)


class AttemptId(NamedTuple):
    """One attempt of one task node: the idempotency id of everything that an executor does for it.

    `index` is the item of an array node, -1 elsewhere.
    """

    execution: ExecutionId
    node_id: str
    attempt: int
    index: int = -1  # pyright: ignore[reportIncompatibleMethodOverride]  (nobody searches an id as a tuple)

    def __str__(self) -> str:
        item = f"[{self.index}]" if self.index >= 0 else ""
        return f"{self.execution}/{self.node_id}{item}/{self.attempt}"


def is_execution_name(name: str) -> bool:
    """True if `name` may name an execution: at most 63 characters, a lower-case letter first."""
    return len(name) <= EXECUTION_NAME_MAX_CHARS and _EXECUTION_NAME.fullmatch(name) is not None


def execution_name(seed: bytes) -> str:
    """The 20-character name of an execution that its caller did not name, from a random seed."""
    return "a" + _short_hash(seed, 19)


def scheduled_name(plan: EntityId, at: int) -> str:
    """The 20-character name of the execution that a schedule starts at a time: always the same for the same fire, so
    that it is started once."""
    return "f" + _short_hash(f"{plan.project}:{plan.domain}:{plan.name}:{plan.version}:{at}".encode(), 19)


def triggered_name(project: str, domain: str, plan: str, cause: str) -> str:
    """The 20-character name of the execution that a trigger of a launch plan starts for a cause: always the same, so
    that it is started once."""
    return "f" + _short_hash(f"trigger:{project}:{domain}:{plan}:{cause}".encode(), 19)


def watch_id(project: str, domain: str, plan: str, since: int) -> str:
    """The 20-character id of what is remembered of the objects that a launch plan waits for since a time."""
    return "w" + _short_hash(f"watch:{project}:{domain}:{plan}:{since}".encode(), 19)


def backfill_name(seed: bytes) -> str:
    """The 20-character name of a backfill that its caller did not name, from a random seed."""
    return "b" + _short_hash(seed, 19)


def reprocessed_name(backfill: ExecutionId, at: int) -> str:
    """The 20-character name of the execution that a backfill starts for a slot that has been run before."""
    return "f" + _short_hash(f"{backfill}:{at}".encode(), 19)


def nested_node_id(parent: str, parent_attempt: int, node: str) -> str:
    """The id, unique in its execution, of a node inside another node's graph.

    Readable while short; beyond 64 characters a hash, always the same for the same node.
    """
    plain = f"{parent}-{parent_attempt}-{node}"
    if len(plain) <= NODE_ID_MAX_CHARS:
        return plain
    return "f" + _short_hash(plain.encode(), 31)


def child_execution_name(parent: ExecutionId, node_id: str) -> str:
    """The name of the execution that a launch plan node starts: always the same for the same node of the same run."""
    return "f" + _short_hash(f"{parent}/{node_id}".encode(), 19)


def eager_execution_name(parent: ExecutionId, task: str, entity: str, call: bytes) -> str:
    """The name of the execution that a call in an eager task starts: always the same for the same call of the same run.

    In the form of flytekit's, which people recognise: the names of the task, of the run and of what is called.
    """
    parts = (task.rpartition(".")[2][:8], parent.name[:5], entity.rpartition(".")[2][:8])
    said = "-".join(_NOT_DNS.sub("-", part.lower()) for part in parts)
    return f"e-{said}-{_short_hash(str(parent).encode() + call, 16)}"


def incarnation(seed: bytes) -> str:
    """A mark of 13 characters, from a random seed, that tells an execution from all others of its name."""
    return _short_hash(seed, 13)


def unique_key(attempt: AttemptId, incarnation: str = "") -> str:
    """A DNS-safe name of at most 50 characters that no other attempt has, of this platform or of one that used its
    folder: how the attempt is called, as far as there is room, and a hash of its whole id.

    >>> unique_key(AttemptId(ExecutionId("p", "d", "nightly"), "n0", 0))
    'nightly-n0-0-42t3i72qe4t4f5jiqdnw'
    """
    index = f"-n{attempt.index}" if attempt.index >= 0 else ""
    called = f"{attempt.execution.name}-{attempt.node_id}{index}-{attempt.attempt}".lower()
    readable = _NOT_DNS.sub("-", called[:_READABLE_CHARS]).strip("-")
    number, item = str(attempt.attempt), str(attempt.index)
    own = f"{len(number)}:{number}{len(item)}:{item}".encode()
    hashed = _short_hash(_of_node(attempt.execution, incarnation, attempt.node_id) + own, 20)
    return f"{readable if readable[:1].isalpha() else f'a{readable}'}-{hashed}"


@lru_cache(maxsize=1024)
def _of_node(execution: ExecutionId, incarnation: str, node_id: str) -> bytes:
    """The part that the ids of all attempts of a node have in common, for there may be very many. Each piece stands
    after its length in bytes: no two ids give the same."""
    pieces = map(_bytes, (*execution, incarnation, node_id))
    return b"".join([b"%d:%s" % (len(piece), piece) for piece in pieces])


def _short_hash(data: bytes, chars: int) -> str:
    """The first characters of the hash in base 32. Each attempt has several such names, so this is in a hurry: two
    characters at a time, and no more bits than are needed."""
    bits = -(-chars // 2) * 10
    number = int.from_bytes(hashlib.sha256(data).digest()) >> 256 - bits
    return "".join([_BASE_32[number >> shift & 1023] for shift in range(bits - 10, -1, -10)])[:chars]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
