"""Where the objects of an execution lie: the one place that knows the path of an attempt's files.

Pure functions over a blob store's naming. Must not touch objects.
"""

from __future__ import annotations

import hashlib

from flyteidl.admin import execution_pb2

from alula.core.ids import AttemptId, ExecutionId, unique_key
from alula.server.blob import Blobs


def input_uri(blobs: Blobs, execution: ExecutionId, node_id: str, index: int = -1) -> str:
    """`inputs.pb` of a node; with `index`, of an item of an array that has inputs of its own."""
    return blobs.uri("metadata", *execution, node_id, "data", *_item(index), "inputs.pb")


def output_prefix(blobs: Blobs, attempt: AttemptId) -> str:
    """What an attempt leaves, and its log, lie under this prefix."""
    item = _item(attempt.index)
    return blobs.uri("metadata", *attempt.execution, attempt.node_id, "data", *item, str(attempt.attempt))


def raw_prefix(blobs: Blobs, spec: execution_pb2.ExecutionSpec, attempt: AttemptId) -> str:
    """Where an attempt puts its files and data frames.

    Two characters of a hash first, so that object stores spread the load over many prefixes.
    """
    key = unique_key(attempt)
    shard = hashlib.sha256(key.encode()).hexdigest()[:2]
    own = spec.raw_output_data_config.output_location_prefix
    if own:
        return f"{own.rstrip('/')}/{shard}/{key}"
    return blobs.uri("data", attempt.execution.project, attempt.execution.domain, shard, key)


def identity_uri(blobs: Blobs) -> str:
    """The object that tells these objects from others."""
    return blobs.uri("identity")


def checkpoint_prefix(raw: str) -> str:
    """Where an attempt with this prefix for its data keeps its checkpoint."""
    return f"{raw}/_flytecheckpoints"


def values_prefix(blobs: Blobs, project: str, domain: str) -> str:
    """Where values are that were put aside, by the digest of each."""
    return blobs.uri("data", project, domain, "values")


def own_prefixes(blobs: Blobs, execution: ExecutionId) -> tuple[str, ...]:
    """Under which all objects are that belong to an execution's project and domain."""
    return tuple(f"{blobs.uri(kind, execution.project, execution.domain)}/" for kind in ("data", "metadata"))


def recovery_uri(blobs: Blobs, execution: ExecutionId) -> str:
    """What an execution takes over from an earlier one."""
    return blobs.uri("metadata", *execution, "recovery.msgpack")


def log_uri(blobs: Blobs, attempt: AttemptId) -> str:
    """Standard output and error of an attempt, as one stream."""
    return f"{output_prefix(blobs, attempt)}/log.txt"


def _item(index: int) -> tuple[str, ...]:
    return ("0", f"n{index}") if index >= 0 else ()
