"""`Echo`: a task that gives its inputs back. The platform does that itself, without an attempt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Unpack

from alula.sdk.authoring.instance import InstanceTask
from alula.sdk.authoring.kind import AnyTask, PythonKind, Writing
from alula.sdk.authoring.task_metadata import TaskMetadata
from alula.sdk.authoring.task_settings import TaskOptions

if TYPE_CHECKING:
    from alula.sdk.authoring.kind import Target


class _EchoKind(PythonKind):
    type = "echo"

    def target(self, task: AnyTask, writing: Writing) -> Target:
        return None


_ECHO = _EchoKind()


def _echoed(**inputs: object) -> object:
    values = tuple(inputs.values())
    return values[0] if len(values) == 1 else values or None


class Echo(InstanceTask):
    """A task whose outputs `o0`, `o1`, ... are its inputs, in order: `Echo("same", inputs=kwtypes(x=int))`."""

    def __init__(
        self,
        name: str,
        inputs: Mapping[str, object] | None = None,
        *,
        metadata: TaskMetadata | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        types = dict(inputs or {})
        outputs = {f"o{index}": type_ for index, type_ in enumerate(types.values())}
        super().__init__(
            name, _echoed, what="Echo", kind=_ECHO, inputs=types, outputs=outputs, metadata=metadata, **options
        )
