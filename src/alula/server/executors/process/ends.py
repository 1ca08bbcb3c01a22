"""The ends of attempts: results are read, the end is told, and the attempt's place is kept until that is durable.

All on the event loop's thread, but for large results, which are read beside it.
"""

from __future__ import annotations

import asyncio
import collections
import functools
import os
from collections.abc import Callable, Container, Coroutine, Iterable

import msgspec

from alula.core.engine.usage import Usage
from alula.core.errors import TaskError
from alula.core.ids import AttemptId
from alula.server.beside import AT_ONCE_BYTES
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec, AttemptUpdate, Sink
from alula.server.executors.failures import failure_of
from alula.server.executors.process.ending import (
    IN_PROCESS_BYTES,
    Rules,
    TakesLong,
    cut_log,
    failure,
    update_of,
)
from alula.server.executors.process.files import Files
from alula.server.executors.process.places import Place, Places, clear_all, place_of
from alula.server.executors.process.publishing import Publisher
from alula.server.executors.process.reader import Reader
from alula.server.executors.process.wire import End
from alula.server.untrusted import Tree

Beside = Callable[[Coroutine[object, object, None]], None]


class Ends:
    """Tells `sink` of the ends of one executor's attempts. `objects` is the store that takes what stays of an attempt;
    None where files are objects. `beside` runs what takes long."""

    def __init__(
        self,
        rules: Rules,
        tree: Tree,
        files: Files,
        places: Places,
        *,
        objects: Blobs | None,
        sink: Sink,
        beside: Beside,
    ) -> None:
        self._rules = rules
        self._tree = tree
        self._files = files
        self._places = places
        self._sink = sink
        self._beside = beside
        self._root = rules.staging.folder
        self._publisher = None if objects is None else Publisher(objects, rules.staging, self._published)
        self._reader = Reader(rules, self._root)
        self._one_at_a_time = asyncio.Lock()
        """Large results are in memory as a whole: those of one attempt at a time."""
        self._reading: dict[AttemptId, AttemptSpec] = {}
        """Attempts that ended, with large results that are being read."""
        self._kept: dict[AttemptId, Place] = {}
        """The places of attempts whose end was told and is not acknowledged yet."""
        self._inputs: collections.Counter[str] = collections.Counter()
        """Attempts that have or will need a file of inputs, where that is to be removed after the last of them."""

    async def stop(self) -> None:
        """Tell nothing more."""
        self._reader.close()
        self._reading.clear()
        if self._publisher is not None:
            await self._publisher.stop()

    @property
    def unacknowledged(self) -> int:
        """The number of ends that are not durable yet, as far as is known."""
        return len(self._kept)

    def is_reading(self, attempt: AttemptId) -> bool:
        """True if it has ended, and its results are being read."""
        return attempt in self._reading

    def uses(self, path: str) -> bool:
        """True for a file that belongs to an attempt that has not ended, or to an end that is not acknowledged."""
        folder = os.path.dirname(path)
        return folder in {os.path.dirname(inputs) for inputs in self._inputs} or any(
            folder == place.path for place in self._kept.values()
        )

    # Before the end

    def expect(self, spec: AttemptSpec) -> None:
        """Count an attempt more that needs its inputs, until `keep` and `acknowledge`, or `leave`."""
        self._inputs[spec.input_uri] += 1

    def leave(self, spec: AttemptSpec) -> None:
        """Count one less: nothing of it is kept."""
        self._let_go_of_inputs(spec.input_uri)

    def keep(self, spec: AttemptSpec) -> None:
        """Keep the place of an attempt that is over until its end is acknowledged."""
        self._kept[spec.id] = place_of(spec)

    async def sweep(self, spared: Iterable[str], is_used: Callable[[str], bool]) -> None:
        """Publish what earlier platforms have left, where files are no objects."""
        if self._publisher is not None:
            await self._publisher.sweep(list(spared), is_used)

    # The end

    def tell(self, spec: AttemptSpec, end: End) -> None:
        """Read what an attempt left, and tell of its end: at once, or when large results are read."""
        try:
            cut_log(spec, end, self._rules, self._tree)
            update = update_of(spec, end, self._rules, self._tree, here_bytes=AT_ONCE_BYTES)
        except TakesLong:
            self._reading[spec.id] = spec
            self._beside(self._read_slowly(spec, end))
        except Exception as error:  # noqa: BLE001 - whatever a task left behind is its own
            self.tell_failure(spec, failure_of(error, spec.id), end.usage)
        else:
            self._tell(update)

    def tell_failure(self, spec: AttemptSpec, error: TaskError, usage: Usage | None = None) -> None:
        """Tell of an end that the executor knows the reason of."""
        self._tell(failure(spec, error, usage))

    async def _read_slowly(self, spec: AttemptSpec, end: End) -> None:
        """Read large results beside the event loop, and those that are very large in another process."""
        async with self._one_at_a_time:
            if self._reading.get(spec.id) is not spec:
                return
            try:
                update = await self._read(spec, end)
            except Exception as error:  # noqa: BLE001 - as in `tell`
                update = failure(spec, failure_of(error, spec.id), end.usage)
        if self._reading.get(spec.id) is spec:  # else it was cancelled meanwhile
            del self._reading[spec.id]
            self._tell(update)

    async def _read(self, spec: AttemptSpec, end: End) -> AttemptUpdate:
        try:
            read = functools.partial(update_of, spec, end, self._rules, self._tree, here_bytes=IN_PROCESS_BYTES)
            return await asyncio.to_thread(read)
        except TakesLong:
            return await self._reader.read(spec, end)

    def _tell(self, update: AttemptUpdate) -> None:
        place = self._kept.get(update.id)
        if place is not None and update.phase == "SUCCEEDED":
            place = self._kept[update.id] = place._replace(succeeded=True)
        if update.deck_uri and place is not None and self._publisher is not None:
            self._beside(self._tell_with_deck(update, place, self._publisher))
        else:
            self._sink(update)

    async def _tell_with_deck(self, update: AttemptUpdate, place: Place, publisher: Publisher) -> None:
        """Tell of an end once its deck is where the update says."""
        if not await publisher.deck(place.path):
            update = msgspec.structs.replace(update, deck_uri="")
        if self._kept.get(update.id) == place:  # else it was cancelled meanwhile
            self._sink(update)

    # After it

    def drop(self, attempt: AttemptId) -> None:
        """Tell nothing more of an attempt, and let go of its place."""
        self._reading.pop(attempt, None)
        place = self._kept.pop(attempt, None)
        if place is not None:
            self._let_go_of_inputs(place.inputs)

    def acknowledge(self, attempts: Iterable[AttemptId], *, running: Container[AttemptId]) -> None:
        """Let go of the places of ends that are durable; not of attempts that were started again meanwhile."""
        places = [self._kept.pop(id) for id in attempts if id in self._kept and id not in running]
        if self._publisher is not None:
            for place in places:
                self._publisher.add(place)
        elif places:
            self._places.add(places)

    def _published(self, place: Place) -> None:
        clear_all([place])
        self._let_go_of_inputs(place.inputs)

    def _let_go_of_inputs(self, path: str) -> None:
        """Count an attempt less that needs these inputs. Where files are objects, they stay."""
        self._inputs[path] -= 1
        if self._inputs[path] <= 0:
            del self._inputs[path]
            if self._publisher is not None:
                self._files.remove_inputs(path, self._root)
