"""The key under which outputs are cached, in its parts: runs of a task with equal keys are the same run.

The parts are kept, not only their hash, so that a miss can be explained as a difference. As in Flyte, a run is the
same when task name, cache version, interface and the inputs that count are; the task's own version is not in
it, and a literal's `hash` stands for its value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec
from flyteidl.core import literals_pb2, tasks_pb2, workflow_pb2

from alula.core.literals.hashing import hash_interface, hash_literal
from alula.core.literals.text import preview

FORMAT_VERSION = 1
"""Part of every digest: a change of how keys are made turns old entries into misses, never into wrong hits."""


class CacheKey(msgspec.Struct, frozen=True, array_like=True):
    """`digest` identifies; the rest explains it."""

    project: str
    domain: str
    task: str
    cache_version: str
    interface: str
    """Hash of the task's input and output types."""
    inputs: dict[str, str]
    """Hash of each input that counts, by name."""
    digest: str
    shown: dict[str, str] = {}
    """The beginning of each of these inputs, for people."""


def is_cacheable(task: tasks_pb2.TaskTemplate, *, overrides: workflow_pb2.NodeMetadata | None = None) -> bool:
    """True if the outputs of this node may come from the cache: its own setting, else its task's."""
    if overrides is not None and overrides.HasField("cacheable"):
        return overrides.cacheable
    return task.metadata.discoverable


def is_cache_serializable(task: tasks_pb2.TaskTemplate, *, overrides: workflow_pb2.NodeMetadata | None = None) -> bool:
    """True if equal runs wait for each other, so that only one computes."""
    if overrides is not None and overrides.HasField("cache_serializable"):
        return overrides.cache_serializable
    return task.metadata.cache_serializable


def cache_key(
    task: tasks_pb2.TaskTemplate,
    inputs: literals_pb2.LiteralMap,
    *,
    overrides: workflow_pb2.NodeMetadata | None = None,
) -> CacheKey:
    """The key of running `task` on `inputs`.

    Args:
        task: the template, whose `cache_ignore_input_vars` are left out of the key.
        inputs: resolved inputs; of one item of an array node, the item's own.
        overrides: metadata of the node, whose cache version goes before the task's.
    """
    version = task.metadata.discovery_version
    if overrides is not None and overrides.HasField("cache_version"):
        version = overrides.cache_version
    ignored = frozenset(task.metadata.cache_ignore_input_vars)
    counting = [name for name in sorted(inputs.literals) if name not in ignored]
    hashes = {name: hash_literal(inputs.literals[name]) for name in counting}
    identifier, interface = task.id, hash_interface(task.interface)
    parts = [FORMAT_VERSION, identifier.project, identifier.domain, identifier.name, version, interface, hashes]
    return CacheKey(
        project=identifier.project,
        domain=identifier.domain,
        task=identifier.name,
        cache_version=version,
        interface=interface,
        inputs=hashes,
        digest=hashlib.sha256(msgspec.json.encode(parts)).hexdigest(),
        shown={name: preview(inputs.literals[name]) for name in counting},
    )


def difference(old: CacheKey, new: CacheKey) -> list[str]:
    """The differences of the run under `new` from the run under `old`, in words; empty if they are the same run."""
    differences = [
        f"{word} changed from `{before}` to `{after}`"
        for word, before, after in (
            ("project", old.project, new.project),
            ("domain", old.domain, new.domain),
            ("task", old.task, new.task),
            ("cache version", old.cache_version, new.cache_version),
        )
        if before != after
    ]
    if old.interface != new.interface:
        differences.append("the types of the task's inputs or outputs changed")
    for name in sorted(old.inputs.keys() | new.inputs.keys()):
        before, after = old.inputs.get(name), new.inputs.get(name)
        if before is None:
            differences.append(f"input `{name}` is new")
        elif after is None:
            differences.append(f"input `{name}` is gone")
        elif before != after:
            differences.append(f"input `{name}` changed{_from_to(old.shown.get(name), new.shown.get(name))}")
    if not differences and old.digest != new.digest:
        differences.append("the platform makes cache keys in a new way")
    return differences


def _from_to(before: str | None, after: str | None) -> str:
    """Both values, unless they look the same: then they differ further on, or inside a file."""
    return f" from {before} to {after}" if before and after and before != after else ""


def nearest(known: Iterable[CacheKey], key: CacheKey) -> tuple[int, list[str]]:
    """The place of the key that differs least from `key`, the first of several, and its differences. -1 for none."""
    best, least = -1, list[str]()
    for place, other in enumerate(known):
        differences = difference(other, key)
        if best < 0 or len(differences) < len(least):
            best, least = place, differences
    return best, least
