"""The settings of a task, as its kind and its specification see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from alula.sdk.authoring.cache import Cache
from alula.sdk.authoring.promise import Entity
from alula.sdk.authoring.resources import GrowMemory, Resources
from alula.sdk.task_context.secret import Secret


class TaskSettings(NamedTuple):
    """The arguments of `@task`, checked."""

    retries: int = 0
    timeout_s: float = 0.0
    """0 for no limit."""
    cache: Cache | None = None
    requests: Resources | None = None
    limits: Resources | None = None
    on_out_of_memory: GrowMemory | None = None
    environment: Mapping[str, str] | None = None
    container_image: str | None = None
    interruptible: bool | None = None
    enable_deck: bool = False
    fork: bool = True
    docs: str = ""
    deprecated: str = ""
    secret_requests: tuple[Secret, ...] = ()
    node_dependency_hints: tuple[Entity, ...] = ()
    """Entities to register with it."""
