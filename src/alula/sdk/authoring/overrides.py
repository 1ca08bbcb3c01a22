"""Settings of a task that one step of a workflow may change. Checks values, knows no protobuf."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from alula.sdk.authoring.accelerators import GPUAccelerator, SharedMemory, checked_accelerator, checked_shared_memory
from alula.sdk.authoring.cache import Cache
from alula.sdk.authoring.image_spec import ImageSpec, checked_image_spec
from alula.sdk.authoring.pod_template import PodTemplate, checked_pod_template
from alula.sdk.authoring.resources import Resources, checked, checked_single
from alula.sdk.authoring.settings import check_flags, check_names, check_texts
from alula.sdk.mistake import Location, mistake

if TYPE_CHECKING:
    from datetime import timedelta


_LONGEST_S = 10_000 * 365 * 86_400.0
"""The longest time, in seconds: about that of a protobuf duration."""


class OverrideValues(TypedDict, total=False):
    """Arguments of `with_overrides`."""

    node_name: str
    name: str
    requests: Resources
    limits: Resources
    resources: Resources
    retries: int
    timeout: int | timedelta
    interruptible: bool
    cache: bool | Cache
    cache_version: str
    cache_serialize: bool
    container_image: str | ImageSpec
    accelerator: GPUAccelerator
    shared_memory: SharedMemory
    pod_template: PodTemplate


class Overrides(NamedTuple):
    """The settings that one step changes; None leaves the task's own."""

    node_name: str | None = None
    name: str | None = None
    requests: Resources | None = None
    limits: Resources | None = None
    retries: int | None = None
    timeout_s: float | None = None
    interruptible: bool | None = None
    cache: Cache | bool | None = None
    container_image: str | None = None
    image_spec: ImageSpec | None = None
    """The contents of `container_image`, if they are told."""
    accelerator: GPUAccelerator | None = None
    shared_memory: SharedMemory | None = None
    pod_template: PodTemplate | None = None


def overrides_of(before: Overrides, changes: OverrideValues, *, at: Location) -> Overrides:
    """`before` with these changes. Raises `InvalidInput` for a value that can't be."""
    known = set(Overrides._fields) | {"resources", "timeout", "cache_version", "cache_serialize"}
    for name in changes:
        if name not in known or name in ("timeout_s", "image_spec"):
            listing = ", ".join(sorted(OverrideValues.__annotations__))
            fix = REPLACED.get(name, f"there are {listing}")
            raise mistake("UnknownOverride", f"a step has no setting `{name}`", at=at, fix=fix)
    after = before
    if "node_name" in changes:
        after = after._replace(node_name=node_name(changes["node_name"], at=at))
    if "retries" in changes:
        after = after._replace(retries=retry_count(changes["retries"], at=at))
    if "timeout" in changes:
        after = after._replace(timeout_s=timeout_seconds(changes["timeout"], at=at))
    if "cache" in changes:
        after = after._replace(
            cache=cache_setting(
                changes["cache"], changes.get("cache_version"), changes.get("cache_serialize", False), at=at
            )
        )
    elif "cache_version" in changes or "cache_serialize" in changes:
        raise mistake("CacheNotEnabled", "`cache_version` and `cache_serialize` need `cache=True`", at=at)
    if "resources" in changes:
        if "requests" in changes or "limits" in changes:
            raise mistake("ConflictingResources", "give either `resources`, or `requests` and `limits`", at=at)
        requests, limits = checked(changes["resources"], "resources", at=at).split()
        after = after._replace(requests=requests, limits=limits)
    if "requests" in changes:
        after = after._replace(requests=checked_single(changes["requests"], "requests", at=at))
    if "limits" in changes:
        after = after._replace(limits=checked_single(changes["limits"], "limits", at=at))
    if "name" in changes:
        check_texts(at=at, name=changes["name"])
        after = after._replace(name=changes["name"])
    if "interruptible" in changes:
        check_flags(at=at, interruptible=changes["interruptible"])
        after = after._replace(interruptible=changes["interruptible"])
    if "container_image" in changes:
        image = changes["container_image"]
        told = image if isinstance(image, ImageSpec) else None
        after = after._replace(container_image=image_name(image, at=at), image_spec=told)
    if "accelerator" in changes:
        after = after._replace(accelerator=checked_accelerator(changes["accelerator"], at=at))
    if "shared_memory" in changes:
        after = after._replace(shared_memory=checked_shared_memory(changes["shared_memory"], at=at))
    if "pod_template" in changes:
        after = after._replace(pod_template=checked_pod_template(changes["pod_template"], at=at))
    return after


REPLACED = {
    "aliases": "name the outputs of the task by a NamedTuple",
    "task_config": "declare a second task with this `task_config`",
}
"""Settings of flytekit that do not exist here, and what to do instead."""


def refuse_unnamed(given: tuple[object, ...], *, at: Location) -> None:
    """Raise `InvalidInput` for settings without their names."""
    if given:
        raise mistake(
            "UnknownOverride",
            f"`with_overrides` is given {', '.join(map(repr, given))} without a name",
            at=at,
            fix="write `with_overrides(retries=3)`",
        )


def image_name(image: object, *, at: Location) -> str | None:
    """The name of an image; None for the default."""
    if image is None or isinstance(image, str):
        return image
    if isinstance(image, ImageSpec):
        return checked_image_spec(image, at=at)
    raise mistake("InvalidImage", f"`container_image` is {image!r}, expected the name of an image", at=at)


def node_name(name: object, *, at: Location) -> str:
    """A DNS-safe node id, made as flytekit does from a free name."""
    if not isinstance(name, str) or not name:
        raise mistake("InvalidNodeName", f"the name of a step is {name!r}, expected a text", at=at)
    safe = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")
    if not safe or len(safe) > 64 or safe in ("start-node", "end-node"):
        raise mistake(
            "InvalidNodeName", f"{name!r} can't name a step", at=at, fix="use letters, digits and `-`, at most 64"
        )
    return safe


def retry_count(retries: object, *, at: Location) -> int:
    """A number of retries from 0."""
    if isinstance(retries, bool) or not isinstance(retries, int) or not 0 <= retries <= 1000:
        raise mistake("InvalidRetries", f"`retries` is {retries!r}, expected a whole number from 0 to 1000", at=at)
    return retries


def timeout_seconds(timeout: object, *, at: Location, name: str = "timeout") -> float:
    """A time in seconds; an int is seconds already."""
    total = getattr(timeout, "total_seconds", None)  # of a timedelta; `datetime` need not be loaded to know
    seconds: object = total() if callable(total) else timeout
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= _LONGEST_S:
        raise mistake(
            "InvalidTimeout",
            f"`{name}` is {timeout!r}, expected seconds as an int, or a `timedelta`",
            at=at,
        )
    return float(seconds)


def cache_setting(
    cache: object, version: str | None, serialize: bool, ignored: tuple[str, ...] = (), *, at: Location
) -> Cache | bool:
    """The cache settings from the ways in which they may be given. False says: do not cache."""
    check_texts(at=at, cache_version=version)
    check_flags(at=at, cache_serialize=serialize)
    if isinstance(cache, Cache):
        if version is not None or serialize or ignored:
            raise mistake("ConflictingCache", "settings of the cache are given beside a `Cache`", at=at)
        return _checked_cache(cache, at=at)
    if not isinstance(cache, bool):
        raise mistake("InvalidCache", f"`cache` is {cache!r}, expected a bool or a `Cache`", at=at)
    if not cache:
        if version is not None or serialize or ignored:
            raise mistake("CacheNotEnabled", "settings of the cache are given, but `cache` is not True", at=at)
        return False
    return Cache(version=version, serialize=serialize, ignored_inputs=ignored)


def _checked_cache(cache: Cache, *, at: Location) -> Cache:
    check_texts(at=at, version=cache.version, salt=cache.salt)
    check_flags(at=at, serialize=cache.serialize)
    check_names(at=at, ignored_inputs=cache.ignored_inputs)
    for policy in cache.each_policy():
        if not hasattr(policy, "get_version"):
            raise mistake("InvalidCache", f"`policies` of a `Cache` has {policy!r}, which has no `get_version`", at=at)
    return cache
