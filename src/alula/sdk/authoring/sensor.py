"""Sensors: tasks that wait until something is so, by looking again and again."""

from __future__ import annotations

import typing
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, cast

from alula.sdk.absent_members import lacks_members
from alula.sdk.authoring.instance import InstanceTask
from alula.sdk.authoring.task_metadata import TaskMetadata

if TYPE_CHECKING:
    from datetime import timedelta


class BaseSensor(InstanceTask):
    """A task that has succeeded once `poke` gives True. Its inputs are the parameters of `poke`.

    ```python
    class Weekday(BaseSensor):
        async def poke(self, day: int) -> bool:
            return datetime.now().weekday() == day
    ```
    """

    poll_interval_s = 5.0
    """Seconds between two looks."""

    def __init__(
        self,
        name: str,
        timeout: timedelta | int | None = None,
        *,
        metadata: TaskMetadata | None = None,
        **options: Any,  # Any: those of `@task`, without `timeout`
    ) -> None:
        if timeout is not None:
            options["timeout"] = timeout
        poke: Any = type(self).poke  # Any: of any parameters
        hints = typing.get_type_hints(poke, include_extras=True)
        names = poke.__code__.co_varnames[1 : poke.__code__.co_argcount]
        inputs = {each: hints[each] for each in names}
        super().__init__(name, self._wait, what=type(self).__name__, inputs=inputs, metadata=metadata, **options)

    async def poke(self, *args: Any, **kwargs: Any) -> bool:  # Any: what a sensor needs to know
        """Look once."""
        raise NotImplementedError

    def _wait(self, **inputs: object) -> None:
        import time  # lazy: only where a sensor runs

        from alula.sdk.task_context.coroutines import run  # lazy: as above

        async def look() -> bool:
            found: object = cast("Any", self.poke)(**inputs)
            return bool(await cast("Awaitable[object]", found) if isinstance(found, Awaitable) else found)

        while not run(look):
            time.sleep(self.poll_interval_s)


lacks_members(
    BaseSensor,
    dict.fromkeys(("connector_signal_handler", "resource_meta"), "leave it out: a sensor runs as other tasks do"),
)


class FileSensor(BaseSensor):
    """Wait for a file or folder: `FileSensor("arrival", timeout=timedelta(hours=1))(path="/data/today.csv")`."""

    async def poke(self, path: str) -> bool:
        """True once it is there."""
        import os  # lazy: only where a sensor runs

        from alula.sdk.store import is_local, local_path  # lazy: as above

        if not is_local(path):
            raise OSError(f"can't look for {path}: only files of this machine are looked for")
        return os.path.exists(local_path(path))
