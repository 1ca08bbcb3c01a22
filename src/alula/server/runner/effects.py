"""The effects that the engine asked for, once the commit that says so is durable; attempts go by `dispatch`.

Timers are set at once. Work that takes time runs beside the runner's loop and ends in an event that arrives there:
answers of the catalog, launches of children, graphs of dynamic tasks, large values.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from alula.core.engine import events as facts
from alula.core.engine.actions import (
    AbortChild,
    Action,
    CancelAttempt,
    Finish,
    LaunchChild,
    LoadValue,
    LookUpCache,
    SetTimer,
    StartAttempt,
)
from alula.core.engine.cells import IN_FLIGHT, Stage, TaskCell
from alula.core.engine.events import Event
from alula.core.engine.records import ExecutionPhase, Released
from alula.core.engine.usage import Usage
from alula.core.errors import AlulaError, NotFound, TaskError
from alula.core.ids import AttemptId, ExecutionId
from alula.core.literals.offloading import Aside
from alula.server.blob import Blobs
from alula.server.executor import AttemptUpdate
from alula.server.log_subject import about
from alula.server.runner.again import OBJECT_TRIES, again
from alula.server.runner.cache import Lookups
from alula.server.runner.children import Children
from alula.server.runner.definitions import Definitions
from alula.server.runner.dynamic import keep_graph
from alula.server.runner.errands import Errands
from alula.server.runner.owned import Owned
from alula.server.runner.timers import Timers
from alula.server.services import layout, values
from alula.server.services.runnable import Runnable
from alula.server.store import Store
from alula.server.trouble import passes

logger = logging.getLogger(__name__)

Arrive = Callable[[ExecutionId, Event], None]


class Effects:
    """`owned` are the executions of the runner, by reference; `arrive` takes the events that come of it all, `finished`
    the executions whose end is done with."""

    def __init__(
        self,
        *,
        store: Store,
        owner: str,
        blobs: Blobs,
        children: Children,
        definitions: Definitions,
        clock: Callable[[], int],
        owned: Mapping[ExecutionId, Owned],
        arrive: Arrive,
        finished: Callable[[ExecutionId], None],
        usage: Callable[[AttemptId], Usage | None],
        runnable: Runnable,
        errands: Errands,
    ) -> None:
        self._blobs = blobs
        self._children = children
        self._definitions = definitions
        self._clock = clock
        self._owned = owned
        self._arrive = arrive
        self._finished = finished
        self._usage = usage
        self._runnable = runnable
        self._errands = errands
        self._timers = Timers(self._timer_fired)
        self._lookups = Lookups(store, blobs, clock, owner=owner)
        self._looked_up: set[tuple[ExecutionId, int, int, Stage]] = set()
        """(execution, scope, node, stage) for which the catalog is asked."""

    def stop(self) -> None:
        """Stop all timers."""
        self._timers.stop()

    def do(self, owned: Owned, action: Action) -> None:
        """Carry out any action that does not concern an attempt."""
        id, spawn = owned.record.id, self._errands.spawn
        match action:
            case LookUpCache():
                self._look_up(id, action)
            case LoadValue():
                spawn(id, "while a value was loaded", self._load(owned, action))
            case LaunchChild():
                spawn(id, "while a child was launched", self._launch_child(owned, action))
            case AbortChild():
                spawn(id, "while a child was aborted", self._children.abort(owned.record, action))
            case Finish():
                self._finished(id)
                self._timers.forget(id)
                spawn(id, "while its parent was told of its end", self._tell_parent(owned))
                if owned.state.phase is ExecutionPhase.ABORTED:
                    aborting = self._children.abort_launched(owned.record)
                    spawn(id, "while what its tasks launched was aborted", aborting)
            case StartAttempt() | CancelAttempt():
                raise AssertionError("attempts are started and cancelled by `Dispatch`")
            case SetTimer():
                raise AssertionError("timers are set as soon as they are asked for")

    async def keep(self, asides: Sequence[Aside], id: ExecutionId, event: Event) -> None:
        """Write the objects that the outputs of an attempt refer to, then tell the engine."""
        await again(lambda: values.keep(self._blobs, asides), id, tries=OBJECT_TRIES)
        self._arrive(id, event)

    async def keep_asides(self, owned: Owned) -> None:
        """Write the objects that the next commit refers to."""
        asides = owned.asides
        await again(lambda: values.keep(self._blobs, asides), owned.record.id, tries=OBJECT_TRIES)
        owned.have_kept(asides)
        owned.is_held = False

    async def expand(self, owned: Owned, update: AttemptUpdate, futures: bytes, place: tuple[int, int]) -> None:
        """Make the graph of a dynamic task ready, then tell the engine."""
        scope, node = place
        graph = owned.state.scopes.get(scope)
        if graph is None:  # it was stopped meanwhile
            return
        task = graph.plan_node(node).task
        assert task is not None, f"node {update.id.node_id} has no task"
        id = owned.record.id
        prefix = layout.output_prefix(self._blobs, update.id, incarnation=owned.state.created.incarnation)
        kept = await again(
            lambda: keep_graph(
                futures,
                parent=task.template,
                node_id=update.id.node_id,
                prefix=prefix,
                blobs=self._blobs,
                definitions=self._definitions,
                refused=lambda closure: self._runnable.refused(closure, id.place, owned.state.created.wishes),
            ),
            update.id.execution,
        )
        attempt = update.id.attempt
        if isinstance(kept, TaskError):
            failed = facts.AttemptFailed(update.at, scope, node, attempt, kept, usage=update.usage)
            self._arrive(update.id.execution, failed)
            return
        uri, plan = kept
        now_owned = self._owned.get(update.id.execution)
        if now_owned is None:
            return
        now_owned.state.graphs[uri] = plan
        deck_uri, usage = update.deck_uri, update.usage
        returned = facts.GraphReturned(update.at, scope, node, attempt, uri, deck_uri, update.at, usage)
        self._arrive(update.id.execution, returned)

    async def _load(self, owned: Owned, action: LoadValue) -> None:
        """Give the state a value that was put aside, then tell the engine."""
        id, error = owned.record.id, None
        try:
            value = await again(lambda: values.load(self._blobs, id, action.uri), id, tries=OBJECT_TRIES)
        except NotFound as gone:
            error = TaskError(gone.code, str(gone), "SYSTEM")
        else:
            if (now_owned := self._owned.get(id)) is None or action.uri not in now_owned.state.loading:
                return
            now_owned.state.arrived[action.uri] = value
        self._arrive(id, facts.ValueLoaded(self._clock(), action.uri, error))

    async def _launch_child(self, owned: Owned, action: LaunchChild) -> None:
        """Launch the child of a node unless it exists, and tell of its end if it has come."""
        try:
            ended = await self._children.launch(owned.record, action)
        except AlulaError as error:
            if not passes(error):
                raise
            told = "child %s can't be launched or asked, trying again soon: %s"
            logger.warning(told, action.child, error, extra=about(owned.record.id))
            return
        if ended is not None:
            self._arrive(owned.record.id, ended)

    async def _tell_parent(self, owned: Owned) -> None:
        try:
            await self._children.tell_parent(owned.record, owned.spec)
        except AlulaError as error:
            if not passes(error):
                raise
            id = owned.record.id
            logger.warning("the parent of %s will have to ask: %s", id, error, extra=about(id))

    def released(self, reservations: Iterable[Released]) -> None:
        """Let the nodes that wait for one of these results look again."""
        self._lookups.released(reservations)

    def _look_up(self, execution: ExecutionId, action: LookUpCache) -> None:
        """Ask the catalog, unless that is under way already."""
        stage = "AWAITING" if action.wait else "RESERVING" if action.holder else "LOOKING_UP"
        place = (execution, action.scope, action.node, stage)
        if place not in self._looked_up:
            self._looked_up.add(place)
            self._errands.spawn(execution, "while the catalog was asked", self._answer(execution, action, stage))

    async def _answer(self, execution: ExecutionId, action: LookUpCache, stage: Stage) -> None:
        def is_wanted() -> bool:
            owned = self._owned.get(execution)
            scope = owned.state.scopes.get(action.scope) if owned is not None else None
            cell = scope.cells.get(action.node) if scope is not None else None
            return isinstance(cell, TaskCell) and cell.stage is stage

        event = None
        try:
            # The execution may be lost and come back while the catalog is asked: then the node wants it again.
            while event is None and is_wanted():
                event = await self._lookups.answer(execution, action, is_wanted)
            if event is not None:
                self._arrive(execution, event)
        finally:
            self._looked_up.discard((execution, action.scope, action.node, stage))

    def _timer_fired(self, execution: ExecutionId, timer: SetTimer) -> None:
        fired = facts.TimerFired(self._clock(), timer.scope, timer.node, timer.attempt, timer.kind, timer.at)
        attempt = self._in_flight(execution, timer)
        if attempt is None:
            self._arrive(execution, fired)
        else:
            fired = msgspec.structs.replace(fired, usage=self._usage(attempt))
            self._errands.spawn(execution, "while a deck was looked for", self._time_out(attempt, fired))

    def _in_flight(self, execution: ExecutionId, timer: SetTimer) -> AttemptId | None:
        """The attempt that a clock ends; None if there is none."""
        owned = self._owned.get(execution)
        scope = owned.state.scopes.get(timer.scope) if owned is not None else None
        cell = scope.cells.get(timer.node) if scope is not None else None
        if owned is None or scope is None or not isinstance(cell, TaskCell):
            return None
        if cell.stage not in IN_FLIGHT:
            return None
        return AttemptId(execution, scope.node_id(timer.node), cell.attempt, timer.node if scope.is_compact else -1)

    async def _time_out(self, attempt: AttemptId, fired: facts.TimerFired) -> None:
        """End an attempt by its clock. It says nothing more itself, so its deck is looked for."""
        owned = self._owned.get(attempt.execution)
        if owned is None:
            return
        prefix = layout.output_prefix(self._blobs, attempt, incarnation=owned.state.created.incarnation)
        deck_uri = f"{prefix}/{layout.DECK}"
        try:
            is_there = await self._blobs.size(deck_uri) is not None
        except AlulaError as error:
            told = "the deck of an attempt that timed out can't be looked for: %s"
            logger.warning(told, error, extra=about(attempt.execution))
            is_there = False
        if is_there:
            fired = msgspec.structs.replace(fired, deck_uri=deck_uri)
        self._arrive(attempt.execution, fired)

    def set_timers(self, owned: Owned, *, again: bool = False) -> None:
        """Set the timers that the execution asks for; `again` if it was read anew."""
        for timer in owned.take_timers():
            self._timers.set(owned.record.id, timer, again=again)

    def forget(self, execution: ExecutionId) -> None:
        """Forget the timers of an execution that is not this runner's any more."""
        self._timers.forget(execution)
