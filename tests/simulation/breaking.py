"""Errors that belong to one execution: where they come up on its way through the platform, and whom they concern.

An execution that is struck is struck again at the same kind of place, once, or for as long as there are faults. It ends
with an incident, or as it would have ended: where a call was for several, it is made again for each.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any

from flyteidl.admin import execution_pb2
from tests.simulation.host import OWNER

from alula.core.ids import ExecutionId
from alula.server.incidents import INTERNAL
from alula.server.runner import opening, owned
from alula.server.services.messages.names import execution_id
from alula.server.store.executions import ExecutionRecord
from alula.server.store.log import Commit
from alula.server.store.query import Query

if TYPE_CHECKING:
    from tests.simulation.world import World

ONCE = frozenset(("log.commit", "inbox.read"))
"""Where an error that stays would keep the execution from ever being ended."""
STRIKES = (1, 1, 2, 1_000)
ALL = Query(limit=100_000)


class Broken(Exception):
    """An error that nobody expects."""


class Breaking:
    """What is struck, and where."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._left: dict[ExecutionId, tuple[str, int]] = {}
        self.strikes: Counter[ExecutionId] = Counter()

    def pass_by(self, place: str, ids: Iterable[ExecutionId]) -> None:
        """Executions come by a place on their way."""
        for id in ids:
            if self._world.store.runs[id].record.phase.is_terminal:
                continue  # what is read of it now is for another
            if id not in self._left and self._world.hit("breaks"):
                self._left[id] = place, 1 if place in ONCE else self._world.random.choice(STRIKES)
            where, left = self._left.get(id, ("", 0))
            if where == place and left and self._world.faulty:
                self._left[id] = place, left - 1
                self.strikes[id] += 1
                self._world.note(f"{id} is struck at {place}")
                raise Broken(f"{id} at {place}")

    def call(self, name: str, given: tuple[Any, ...]) -> None:
        """A runner calls the store."""
        if name in ("log.commit", "log.histories", "inbox.read", "executions.create"):
            self.pass_by(name, _concerned(given[0]))

    @contextlib.contextmanager
    def in_the_engine(self) -> Generator[None]:
        """Errors of the engine: a step that is half done, a log of which no state follows."""
        offer, fold = owned.offer, opening.fold

        def breaking_offer(state: Any, event: Any) -> Any:
            stepped = offer(state, event)
            if stepped is not None:
                self._engine("step", state.created.execution)
            return stepped

        def breaking_fold(plan: Any, log: Any, *rest: Any) -> Any:
            self._engine("fold", log[0].execution)
            return fold(plan, log, *rest)

        owned.offer, opening.fold = breaking_offer, breaking_fold
        try:
            yield
        finally:
            owned.offer, opening.fold = offer, fold

    def _engine(self, place: str, execution: str) -> None:
        life = OWNER.get()
        if life is not None and life.alive:
            self.pass_by(place, [ExecutionId(*execution.split("/"))])

    async def concerned(self) -> set[ExecutionId]:
        """All whose end may differ as another was struck: what started it, and what takes over from one of these."""
        found: set[ExecutionId] = set()
        records: list[ExecutionRecord] = await self._world.store.executions.page(ALL)
        before = -1
        while len(found) > before:
            before = len(found)
            for record in records:
                metadata = execution_pb2.ExecutionSpec.FromString(record.spec).metadata
                cause = found | self.strikes.keys()
                if record.id in cause and metadata.HasField("parent_node_execution"):
                    found.add(execution_id(metadata.parent_node_execution.execution_id))
                if metadata.HasField("reference_execution") and execution_id(metadata.reference_execution) in cause:
                    found.add(record.id)
        return found

    async def check(self, record: ExecutionRecord) -> bool:
        """Whether the execution may have ended in another way than its workflow says."""
        told = record.error if record.error is not None and record.error.code == INTERNAL else None
        if told is not None and not any(_is_named(id, told.message) for id in self.strikes):
            self._world.violated(f"{record.id} has an incident that nothing gave cause to: {told.message}")
        return told is not None or record.id in await self.concerned()


def _is_named(id: ExecutionId, text: str) -> bool:
    return re.search(rf"execution {id}(?![\w-])", text) is not None


def _concerned(given: Any) -> list[ExecutionId]:
    if isinstance(given, ExecutionRecord):
        metadata = execution_pb2.ExecutionSpec.FromString(given.spec).metadata
        return [execution_id(metadata.parent_node_execution.execution_id)]
    return [one.execution if isinstance(one, Commit) else one for one in given]
