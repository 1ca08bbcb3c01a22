"""Doing what the engine asked for, once the commit that says so is durable.

What is done at once is: handing attempts to the executor, setting timers. What takes time runs beside the runner's
loop and ends in an event that arrives there: answers of the catalog, launches of children, graphs of dynamic tasks,
large values.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, MutableMapping, Sequence
from typing import Any

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
from alula.core.errors import AlulaError, NotFound, TaskError
from alula.core.ids import AttemptId, ExecutionId
from alula.core.literals.offloading import Aside, reads_references
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec, AttemptUpdate, Executor
from alula.server.runner.again import OBJECT_TRIES, RETRY_S, again, passes
from alula.server.runner.attempts import attempt_spec
from alula.server.runner.cache import Lookups
from alula.server.runner.children import Children
from alula.server.runner.definitions import Definitions
from alula.server.runner.dynamic import keep_graph
from alula.server.runner.owned import Owned
from alula.server.runner.timers import Timers
from alula.server.services import layout, values
from alula.server.store import Store

logger = logging.getLogger(__name__)

INPUTS_WAIT_S = 10.0
"""How long a platform that starts waits for the inputs of one attempt."""

Arrive = Callable[[ExecutionId, Event], None]
Broke = Callable[[ExecutionId, Exception, str], None]


class Effects:
    """`owned` are the executions of the runner, by reference; `arrive` takes what comes of it all, `broke` an error
    that belongs to one execution. While the runner's lease `has_lapsed`, no attempt is started."""

    def __init__(
        self,
        *,
        store: Store,
        executor: Executor,
        blobs: Blobs,
        children: Children,
        definitions: Definitions,
        clock: Callable[[], int],
        owned: MutableMapping[ExecutionId, Owned],
        arrive: Arrive,
        broke: Broke,
        has_lapsed: Callable[[], bool],
    ) -> None:
        self._executor = executor
        self._blobs = blobs
        self._children = children
        self._definitions = definitions
        self._clock = clock
        self._owned = owned
        self._arrive = arrive
        self._broke = broke
        self._has_lapsed = has_lapsed
        self._timers = Timers(self._timer_fired)
        self._lookups = Lookups(store, blobs, clock)
        self._looked_up: set[tuple[ExecutionId, int, int, Stage]] = set()
        """(execution, scope, node, stage) for which the catalog is asked."""
        self._tasks: set[asyncio.Task[Any]] = set()

    async def stop(self) -> None:
        """Leave everything that is under way."""
        running = list(self._tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._timers.stop()

    @property
    def under_way(self) -> int:
        """How much is done beside the runner's loop."""
        return len(self._tasks)

    async def do(self, owned: Owned, action: Action) -> bool:
        """Carry out any action; False if the lease has lapsed meanwhile, and it is to be done later if at all."""
        if not isinstance(action, StartAttempt):
            self.do_at_once(owned, action)
        elif (spec := await self.spec(owned, action)) is not None:
            if self._has_lapsed():
                return False
            self.submit(owned, spec)
        return True

    def do_at_once(self, owned: Owned, action: Action) -> None:
        """Carry out any action but `StartAttempt`."""
        match action:
            case CancelAttempt():
                id = owned.attempt_id(action)
                owned.attempts.pop(id, None)
                self._executor.cancel(id, executor=action.executor, handle=action.handle)
            case LookUpCache():
                self._look_up(owned.record.id, action)
            case LoadValue():
                self.spawn(owned.record.id, "while a value was loaded", self._load(owned, action))
            case LaunchChild():
                self.spawn(owned.record.id, "while a child was launched", self.launch_child(owned, action))
            case AbortChild():
                self.spawn(owned.record.id, "while a child was aborted", self._children.abort(owned.record, action))
            case Finish():
                id = owned.record.id
                self._owned.pop(id, None)
                self._timers.forget(id)
                self.spawn(id, "while its parent was told of its end", self._tell_parent(owned))
                if owned.state.phase is ExecutionPhase.ABORTED:
                    aborting = self._children.abort_launched(owned.record)
                    self.spawn(id, "while what its tasks launched was aborted", aborting)
            case StartAttempt():
                raise AssertionError("attempts are started by the caller, which builds their specification")
            case SetTimer():
                raise AssertionError("timers are set as soon as they are asked for")

    async def spec(self, owned: Owned, action: StartAttempt) -> AttemptSpec | None:
        """What to `submit`; None when the attempt failed before it could be, or was overtaken."""
        scope = owned.state.scopes.get(action.scope)
        cell = scope.cells.get(action.node) if scope is not None else None
        if scope is None or not isinstance(cell, TaskCell) or cell.attempt != action.attempt:
            owned.attempts.pop(owned.attempt_id(action), None)  # a later event of the same commit ended it
            return None
        plan = scope.plan_node(action.node)
        entity = await self._definitions.registered_task(scope, action.node)
        try:
            return attempt_spec(owned, action, plan, entity, self._blobs)
        except AlulaError as error:
            if passes(error):
                raise
            self._refuse(owned, (action.scope, action.node), action.attempt, error)
            return None

    def submit(self, owned: Owned, spec: AttemptSpec) -> None:
        """Hand an attempt to the executor, when its inputs are as its task can read them."""
        whole = self.whole_inputs(owned, spec)
        if whole is None:
            self._executor.submit(spec)
        else:
            work = self._submit_whole(spec, whole)
            self.spawn(owned.record.id, f"while the inputs of {spec.id} were put together", work)

    async def reconcilable(self, owned: Owned, spec: AttemptSpec) -> AttemptSpec | None:
        """What to reconcile; None for what is to be submitted later, as its inputs can't be had yet."""
        whole = self.whole_inputs(owned, spec)
        if whole is None:
            return spec
        await asyncio.wait((whole,), timeout=INPUTS_WAIT_S)
        if whole.done() and whole.exception() is None:
            return msgspec.structs.replace(spec, inputs=whole.result())
        return None

    async def _submit_whole(self, spec: AttemptSpec, whole: asyncio.Future[bytes]) -> None:
        """Meanwhile the execution may have been read again, and the attempt have come to an end."""
        try:
            inputs = await asyncio.shield(whole)
        except AlulaError as error:
            if passes(error):
                raise
            if (owned := self._in_flight(spec.id)) is not None:
                self._refuse(owned, owned.attempts.pop(spec.id), spec.id.attempt, error)
            return
        while self._has_lapsed():
            await asyncio.sleep(RETRY_S)
        if self._in_flight(spec.id) is not None:
            self._executor.submit(msgspec.structs.replace(spec, inputs=inputs))

    def _in_flight(self, attempt: AttemptId) -> Owned | None:
        """The execution of an attempt that should run now; None if it should not."""
        owned = self._owned.get(attempt.execution)
        place = owned.attempts.get(attempt) if owned is not None else None
        scope = owned.state.scopes.get(place[0]) if owned is not None and place is not None else None
        cell = scope.cells.get(place[1]) if scope is not None and place is not None else None
        is_wanted = isinstance(cell, TaskCell) and cell.attempt == attempt.attempt and cell.stage in IN_FLIGHT
        return owned if is_wanted else None

    def whole_inputs(self, owned: Owned, spec: AttemptSpec) -> asyncio.Future[bytes] | None:
        """Inputs for a task that can't read what was put aside; None where they are that already."""
        if owned.state.created.offload is None or reads_references(spec.task):
            return None
        if owned.whole is None or owned.whole[0] is not spec.inputs:
            whole = self._put_together(owned.record.id, spec.inputs) if values.has_references(spec.inputs) else None
            owned.whole = spec.inputs, whole
        return owned.whole[1]

    def _put_together(self, execution: ExecutionId, inputs: bytes) -> asyncio.Task[bytes]:
        work = again(lambda: values.whole(self._blobs, execution, inputs), tries=OBJECT_TRIES)
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _refuse(self, owned: Owned, place: tuple[int, int], attempt: int, error: AlulaError) -> None:
        """Tell the engine that an attempt can't be made."""
        failed = facts.AttemptFailed(self._clock(), *place, attempt, TaskError(error.code, str(error)))
        self._arrive(owned.record.id, failed)

    async def keep(self, asides: Sequence[Aside], id: ExecutionId, event: Event) -> None:
        """Write the objects that the outputs of an attempt refer to, then tell the engine."""
        await again(lambda: values.keep(self._blobs, asides), tries=OBJECT_TRIES)
        self._arrive(id, event)

    async def keep_asides(self, owned: Owned) -> None:
        """Write the objects that the next commit refers to."""
        asides = owned.asides
        await again(lambda: values.keep(self._blobs, asides), tries=OBJECT_TRIES)
        owned.have_kept(asides)
        owned.is_held = False

    async def expand(self, owned: Owned, update: AttemptUpdate, futures: bytes, place: tuple[int, int]) -> None:
        """A dynamic task gave a graph: make it ready, then tell the engine."""
        scope, node = place
        graph = owned.state.scopes.get(scope)
        if graph is None:  # it was stopped meanwhile
            return
        task = graph.plan_node(node).task
        assert task is not None, f"node {update.id.node_id} has no task"
        prefix = layout.output_prefix(self._blobs, update.id, incarnation=owned.state.created.incarnation)
        kept = await again(
            lambda: keep_graph(
                futures,
                parent=task.template,
                node_id=update.id.node_id,
                prefix=prefix,
                blobs=self._blobs,
                definitions=self._definitions,
            )
        )
        attempt = update.id.attempt
        if isinstance(kept, TaskError):
            self._arrive(update.id.execution, facts.AttemptFailed(update.at, scope, node, attempt, kept))
            return
        uri, plan = kept
        now_owned = self._owned.get(update.id.execution)
        if now_owned is None:
            return
        now_owned.state.graphs[uri] = plan
        returned = facts.GraphReturned(update.at, scope, node, attempt, uri, update.deck_uri, update.at)
        self._arrive(update.id.execution, returned)

    async def _load(self, owned: Owned, action: LoadValue) -> None:
        """Give the state a value that was put aside, then tell the engine."""
        id, error = owned.record.id, None
        try:
            value = await again(lambda: values.load(self._blobs, id, action.uri), tries=OBJECT_TRIES)
        except NotFound as gone:
            error = TaskError(gone.code, str(gone), "SYSTEM")
        else:
            if (now_owned := self._owned.get(id)) is None or action.uri not in now_owned.state.loading:
                return
            now_owned.state.arrived[action.uri] = value
        self._arrive(id, facts.ValueLoaded(self._clock(), action.uri, error))

    async def launch_child(self, owned: Owned, action: LaunchChild) -> None:
        """Launch the child of a node unless it exists, and tell of its end if it has come."""
        try:
            ended = await self._children.launch(owned.record, action)
        except AlulaError as error:
            if not passes(error):
                raise
            logger.warning("child %s can't be launched or asked, trying again soon: %s", action.child, error)
            return
        if ended is not None:
            self._arrive(owned.record.id, ended)

    async def _tell_parent(self, owned: Owned) -> None:
        try:
            await self._children.tell_parent(owned.record, owned.spec)
        except AlulaError as error:
            if not passes(error):
                raise
            logger.warning("the parent of %s will have to ask: %s", owned.record.id, error)

    def released(self, reservations: Iterable[Released]) -> None:
        """Whoever waits for one of these results looks again."""
        self._lookups.released(reservations)

    def _look_up(self, execution: ExecutionId, action: LookUpCache) -> None:
        """Ask the catalog, unless that is under way already."""
        stage = "AWAITING" if action.wait else "RESERVING" if action.holder else "LOOKING_UP"
        place = (execution, action.scope, action.node, stage)
        if place not in self._looked_up:
            self._looked_up.add(place)
            self.spawn(execution, "while the catalog was asked", self._answer(execution, action, stage))

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
                event = await self._lookups.answer(action, is_wanted)
            if event is not None:
                self._arrive(execution, event)
        finally:
            self._looked_up.discard((execution, action.scope, action.node, stage))

    def _timer_fired(self, execution: ExecutionId, timer: SetTimer) -> None:
        fired = facts.TimerFired(self._clock(), timer.scope, timer.node, timer.attempt, timer.kind, timer.at)
        deck_uri = self._deck_in_flight(execution, timer)
        if deck_uri:
            self.spawn(execution, "while a deck was looked for", self._time_out(execution, fired, deck_uri))
        else:
            self._arrive(execution, fired)

    def _deck_in_flight(self, execution: ExecutionId, timer: SetTimer) -> str:
        """Where the attempt that a clock ends may have shown something; empty if it ends none."""
        owned = self._owned.get(execution)
        scope = owned.state.scopes.get(timer.scope) if owned is not None else None
        cell = scope.cells.get(timer.node) if scope is not None else None
        if owned is None or scope is None or not isinstance(cell, TaskCell):
            return ""
        if cell.stage not in IN_FLIGHT:
            return ""
        index = timer.node if scope.is_compact else -1
        attempt = AttemptId(execution, scope.node_id(timer.node), cell.attempt, index)
        prefix = layout.output_prefix(self._blobs, attempt, incarnation=owned.state.created.incarnation)
        return f"{prefix}/{layout.DECK}"

    async def _time_out(self, execution: ExecutionId, fired: facts.TimerFired, deck_uri: str) -> None:
        """End an attempt by its clock. It says nothing more itself, so its deck is looked for."""
        try:
            is_there = await self._blobs.size(deck_uri) is not None
        except AlulaError as error:
            logger.warning("the deck of an attempt that timed out can't be looked for: %s", error)
            is_there = False
        self._arrive(execution, msgspec.structs.replace(fired, deck_uri=deck_uri if is_there else ""))

    def set_timers(self, owned: Owned, *, again: bool = False) -> None:
        """Set those that the execution asks for; `again` when it was read."""
        for timer in owned.take_timers():
            self._timers.set(owned.record.id, timer, again=again)

    def forget(self, execution: ExecutionId) -> None:
        """It is not this runner's any more."""
        self._timers.forget(execution)

    def spawn(self, execution: ExecutionId, doing: str, work: Coroutine[object, object, None]) -> None:
        """Do something for an execution beside the runner's loop. It ends with an error that comes of that."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:  # noqa: BLE001  (whatever it is, nobody else waits for it)
                self._broke(execution, error, doing)

        self.beside(guarded())

    def beside(self, work: Coroutine[object, object, None]) -> None:
        """Do something beside the runner's loop that raises nothing."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def event_of(update: AttemptUpdate, place: tuple[int, int]) -> Event | None:
    """The engine's event for the end of an attempt; None if the update tells of none."""
    scope, node = place
    attempt = update.id.attempt
    match update.phase:
        case "SUCCEEDED":
            outputs = update.outputs or b""
            return facts.AttemptSucceeded(update.at, scope, node, attempt, outputs, update.deck_uri, update.at)
        case "FAILED":
            assert update.error is not None, "a failed attempt says why"
            return facts.AttemptFailed(update.at, scope, node, attempt, update.error, update.deck_uri, update.at)
        case _:
            return None


def progress_of(update: AttemptUpdate, place: tuple[int, int]) -> facts.AttemptProgressed | None:
    """The engine's event for what an update tells beside an end; None if that is nothing."""
    scope, node = place
    phase = "" if update.phase in ("SUCCEEDED", "FAILED") else update.phase
    says_little = not phase or (phase == "QUEUED" and not update.reason and not update.handle)
    if says_little and update.logs is None and update.info is None:
        return None
    return facts.AttemptProgressed(
        update.at,
        scope,
        node,
        update.id.attempt,
        phase,
        update.where or update.reason,
        update.executor,
        update.handle,
        update.logs,
        update.info,
        update.at if phase else 0,
    )
