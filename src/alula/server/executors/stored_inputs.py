"""The inputs of attempts, written among the objects of the platform for tasks that run elsewhere."""

from __future__ import annotations

import contextlib

from alula.core.errors import AlreadyExists
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec
from alula.server.executors.command import template_path
from alula.server.executors.raw.task import is_raw


class StoredInputs:
    """Writes what attempts read."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._last = "", b""
        """Place and content of the inputs that were needed last: all items of an array share theirs."""

    async def put(self, spec: AttemptSpec) -> None:
        """Write what the attempt reads, unless another of its array has done so. Raises the errors of the store."""
        if self._last != (spec.input_uri, spec.inputs):
            with contextlib.suppress(AlreadyExists):  # a task has changed it
                await self._blobs.put(spec.input_uri, spec.inputs)
            self._last = spec.input_uri, spec.inputs
        container = spec.task.container
        if is_raw(spec.task) or any(
            "tasktemplatepath" in word.lower() for word in (*container.command, *container.args)
        ):
            with contextlib.suppress(AlreadyExists):
                await self._blobs.put(template_path(spec), spec.task.SerializeToString(deterministic=True))
