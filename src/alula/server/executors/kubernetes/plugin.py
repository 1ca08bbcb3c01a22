"""The contract of a kind of objects that attempts become: pure functions, with examples of what they give beside their
tests.

`build` makes the object of an attempt, `phase_of` reads how far it is. What is to be done at the end follows from the
`Ended`: the driver stops what must be stopped, reads the results and reports, and deletes the object once the end is
durable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from alula.server.executor import AttemptSpec
from alula.server.executors.kubernetes.objects import Manifest, Object, Resource
from alula.server.executors.kubernetes.options import KubernetesOptions
from alula.server.executors.progress import Ended, Progress


class Setting(msgspec.Struct, frozen=True):
    """The surroundings of a new object."""

    options: KubernetesOptions
    namespace: str
    owner: str
    """The platform that it belongs to."""
    template: Manifest | None = None
    """The `PodTemplate` for it."""
    mounts: tuple[Mount, ...] = ()
    """Folders of its node that it sees."""
    run_as: tuple[int, int] | None = None
    """User and group that own these folders."""
    variables: dict[str, str] = {}
    """Variables by which it reaches the platform."""


class Mount(msgspec.Struct, frozen=True):
    """A folder of a node in a container."""

    node_path: str
    path: str
    read_only: bool = False


class Seen(NamedTuple):
    """What `phase_of` gives."""

    progress: Progress
    look_again_at: int = 0
    """The time at which it may say something else of the same object; 0 for never."""


class Plugin(NamedTuple):
    """A kind of objects."""

    resource: Resource
    build: Callable[[AttemptSpec, Setting], Manifest]
    """Raises `InvalidInput` for an attempt that can't be such an object."""
    phase_of: Callable[[Object, int, KubernetesOptions], Seen]
    gone: Callable[[Object, int], Ended]
    """The end of an attempt whose object is not there any more, by what it was last."""
