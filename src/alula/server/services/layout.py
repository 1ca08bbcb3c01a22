"""The places of an execution's objects: the one module that knows the path of an attempt's files.

Pure functions over a blob store's naming. Must not touch objects. The incarnation of an execution is part of every
path, so that a run never meets the results of another that had its name: in a database that was restored, or a folder
that was kept. Old executions without an incarnation keep their old paths.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache

from flyteidl.admin import execution_pb2

from alula.core.ids import AttemptId, ExecutionId, Place, unique_key
from alula.server.blob import Blobs

UPLOADS = "uploads"
"""The part of the object store that clients write to; tasks and the platform write elsewhere."""
_KINDS = frozenset({"data", "metadata", UPLOADS})
"""The parts in which each project and domain has a folder."""
DECK = "deck.html"
"""The page that an attempt shows, under its output prefix."""


def input_uri(blobs: Blobs, execution: ExecutionId, node_id: str, index: int = -1, *, incarnation: str = "") -> str:
    """`inputs.pb` of a node; with `index`, of an item of an array that has inputs of its own."""
    return f"{_of_node(blobs, execution, incarnation, node_id)}{_item(index)}/inputs.pb"


def output_prefix(blobs: Blobs, attempt: AttemptId, *, incarnation: str = "") -> str:
    """The prefix of an attempt's results and its log."""
    of_node = _of_node(blobs, attempt.execution, incarnation, attempt.node_id)
    return f"{of_node}{_item(attempt.index)}/{attempt.attempt}"


def raw_prefix(blobs: Blobs, spec: execution_pb2.ExecutionSpec, attempt: AttemptId, *, incarnation: str = "") -> str:
    """The prefix of an attempt's files and data frames."""
    return data_prefix(blobs, spec.raw_output_data_config.output_location_prefix, attempt, incarnation=incarnation)


def data_prefix(blobs: Blobs, own: str, attempt: AttemptId, *, incarnation: str = "") -> str:
    """The same by the place that the run has them put, empty for the usual one.

    Two characters of a hash first, so that object stores spread the load over many prefixes.
    """
    key = unique_key(attempt, incarnation) if incarnation else _old_key(attempt)
    shard = hashlib.sha256(key.encode()).hexdigest()[:2]
    prefix = own.rstrip("/") if own else _of_place(blobs, attempt.execution.project, attempt.execution.domain)
    return f"{prefix}/{shard}/{key}"


def run_prefix(blobs: Blobs, execution: ExecutionId, *, incarnation: str = "") -> str:
    """The prefix of what an execution has of its own: results, logs and decks of its attempts."""
    return blobs.uri(*_folder(execution, incarnation))


def identity_uri(blobs: Blobs) -> str:
    """The object that tells these objects from others."""
    return blobs.uri("identity")


def checkpoint_prefix(raw: str) -> str:
    """The prefix of an attempt's checkpoint, by the prefix of its data."""
    return f"{raw}/_flytecheckpoints"


def values_prefix(blobs: Blobs, project: str, domain: str) -> str:
    """The prefix of values that were put aside, each under its digest."""
    return blobs.uri("data", project, domain, "values")


def own_prefixes(blobs: Blobs, execution: ExecutionId) -> tuple[str, ...]:
    """The prefixes of all objects that belong to an execution's project and domain."""
    return tuple(f"{blobs.uri(kind, execution.project, execution.domain)}/" for kind in ("data", "metadata"))


def place_of(blobs: Blobs, uri: str) -> Place:
    """The project and domain that an object belongs to; the platform as a whole for any that belongs to none."""
    root = f"{blobs.uri()}/"
    kind, *inside = uri.removeprefix(root).split("/")
    if not uri.startswith(root) or kind not in _KINDS or len(inside) < 3 or not {"", ".", ".."}.isdisjoint(inside):
        return Place()
    return Place(*inside[:2])


def recovery_uri(blobs: Blobs, execution: ExecutionId, *, incarnation: str = "") -> str:
    """The inventory that an execution takes over from an earlier one."""
    return blobs.uri(*_folder(execution, incarnation), "recovery.msgpack")


def log_uri(blobs: Blobs, attempt: AttemptId, *, incarnation: str = "") -> str:
    """Standard output and error of an attempt, as one stream."""
    return f"{output_prefix(blobs, attempt, incarnation=incarnation)}/log.txt"


def _folder(execution: ExecutionId, incarnation: str) -> tuple[str, ...]:
    """The folder of an execution. A dot sets the incarnation apart: no name has one."""
    project, domain, name = execution
    return "metadata", project, domain, f"{name}.{incarnation}" if incarnation else name


@lru_cache(maxsize=1024)
def _of_node(blobs: Blobs, execution: ExecutionId, incarnation: str, node_id: str) -> str:
    """The folder that all attempts of a node share, items of arrays among them: there may be 100,000."""
    return blobs.uri(*_folder(execution, incarnation), node_id, "data")


@lru_cache(maxsize=256)
def _of_place(blobs: Blobs, project: str, domain: str) -> str:
    """The folder of all data of a project's domain."""
    return blobs.uri("data", project, domain)


def _item(index: int) -> str:
    return f"/0/n{index}" if index >= 0 else ""


def _old_key(attempt: AttemptId) -> str:
    """The form of `unique_key` in the paths of executions without an incarnation."""
    index = f"-n{attempt.index}" if attempt.index >= 0 else ""
    plain = f"{attempt.execution.name}-{attempt.node_id}{index}-{attempt.attempt}".lower()
    if len(plain) <= 50 and re.fullmatch(r"[a-z]([a-z0-9\-]*[a-z0-9])?", plain):
        return plain
    return "f" + base64.b32encode(hashlib.sha256(str(attempt).encode()).digest()).decode().lower()[:31]
