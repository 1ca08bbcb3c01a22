"""Reading an execution that was claimed: its log, and the objects that the log names, become a state in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from alula.core.engine import events as facts
from alula.core.engine.records import Changes
from alula.core.engine.step import fold, outstanding, start
from alula.server.blob import Blobs
from alula.server.runner.definitions import Definitions
from alula.server.runner.owned import Owned
from alula.server.runner.timers import taken_over
from alula.server.services.history import decode_log, read_named
from alula.server.store.log import History

IN_LINE_MAX = 2_000
"""Nodes and events together, up to which a state is made on the event loop. A larger one is made in a thread, as no
other task has it yet, and others must not wait for it."""

P = ParamSpec("P")
T = TypeVar("T")


class Opening:
    """The opening of executions that `owner` has claimed."""

    def __init__(self, owner: str, blobs: Blobs, definitions: Definitions, clock: Callable[[], int]) -> None:
        self._owner = owner
        self._blobs = blobs
        self._definitions = definitions
        self._clock = clock

    async def open(self, history: History) -> Owned:
        """The execution as its log says, with its actions to do, and the event that `owner` has it now.

        Raises the errors of the stores, and any error that a log of another version may cause.
        """
        record, log = history.record, decode_log(history.log, history.next_seq)
        plan = await self._definitions.plan(record.workflow)
        named = await read_named(record.id, log, self._blobs)
        created = log[0]
        beside = asyncio.to_thread if len(plan.nodes) + len(log) > IN_LINE_MAX else _in_line
        if len(log) == 1 and isinstance(created, facts.Created):
            state, actions, changes = await beside(start, plan, created, named.graphs, named.recovery)
            owned = Owned(record, state, log)
            owned.add(actions, changes)
        else:
            state = await beside(fold, plan, log, named.graphs, named.recovery, named.loaded)
            owned = Owned(record, state, log)
            owned.add(taken_over(list(outstanding(owned.state)), self._clock()), Changes())
        if len(log) == 1 or not owned.state.phase.is_terminal:  # nothing follows an end
            owned.log(facts.Claimed(self._clock(), self._owner))
        return owned


async def _in_line(make: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """The same as `asyncio.to_thread`, without the thread."""
    return make(*args, **named)
