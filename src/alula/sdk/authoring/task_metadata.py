"""`TaskMetadata`: settings of a task in one record, for entities that are no functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from alula.sdk.absent_members import lacks_keywords, lacks_members

if TYPE_CHECKING:
    from datetime import timedelta

    from alula.sdk.authoring.task_settings import TaskOptions


class TaskMetadata(NamedTuple):
    """Settings of the tasks that `ShellTask`, `ContainerTask` and the like make, and of items of `map_task`.

    Each means what the keyword of `@task` of its name means.
    """

    cache: bool = False
    cache_serialize: bool = False
    cache_version: str = ""
    cache_ignore_input_vars: tuple[str, ...] = ()
    interruptible: bool | None = None
    deprecated: str = ""
    retries: int = 0
    timeout: int | timedelta | None = None
    pod_template_name: str | None = None
    generates_deck: bool = False
    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None

    def options(self) -> TaskOptions:
        """Those that are set, as arguments of `@task`."""
        changed = {name: value for name, value in self._asdict().items() if value != self._field_defaults[name]}
        if "generates_deck" in changed:
            changed["enable_deck"] = changed.pop("generates_deck")
        return changed  # type: ignore[return-value]  # pyright: ignore[reportReturnType]  # checked where they are used


_EAGER = "write `@eager`"
lacks_keywords(TaskMetadata, {"is_eager": _EAGER})
lacks_members(
    TaskMetadata,
    {
        "is_eager": _EAGER,
        "retry_strategy": "take `retries`",
        "to_taskmetadata_model": "leave it out: it is written for a platform at registration",
    },
)
