"""`InstanceTask`: a task that is no function of the author's: a script, a query, a container.

Its name, inputs and outputs are given. Its settings are those of `@task`, alone or in a `TaskMetadata`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Unpack, cast

from alula.sdk.authoring.interface import DeclaredInterface
from alula.sdk.authoring.kind import PYTHON, TaskKind
from alula.sdk.authoring.naming import importable
from alula.sdk.authoring.settings import check_by_name, check_texts
from alula.sdk.authoring.task import Task, check_ignored
from alula.sdk.authoring.task_metadata import TaskMetadata
from alula.sdk.authoring.task_settings import TaskOptions, task_settings
from alula.sdk.mistake import caller, calling_module, mistake


class InstanceTask(Task[..., Any]):
    """A task with an interface of its own.

    Args:
        name: its name on the platform, as it is.
        function: what runs it in an attempt, by inputs as keywords.
        what: the kind of task, for errors.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., object],
        *,
        what: str,
        kind: TaskKind = PYTHON,
        inputs: Mapping[str, object] | None = None,
        outputs: Mapping[str, object] | None = None,
        metadata: TaskMetadata | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        at = caller()
        check_texts(at=at, name=name)
        check_by_name(at=at, inputs=inputs, outputs=outputs)
        given = cast("TaskOptions", {**(metadata.options() if metadata is not None else {}), **options})
        settings = task_settings(given, f"`{what}`", at=at)
        if settings.cache is not None and settings.cache.version is None:
            why = f"{what} `{name}` is cached without a version, and has no code of its own to make one of"
            raise mistake("InvalidCache", why, at=at, fix='write `cache=Cache(version="1")`')
        super().__init__(function, settings, kind, DeclaredInterface("task", name, at, inputs, outputs))
        self.__name__ = name
        self.module = importable(calling_module())
        check_ignored(self, at=at)

    @property
    def name(self) -> str:
        """The name on the platform."""
        return self.interface.name
