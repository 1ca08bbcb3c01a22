"""Handing attempts to the executor, with inputs as their tasks can read them, and taking them back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from alula.core.engine import events as facts
from alula.core.engine.actions import CancelAttempt, StartAttempt
from alula.core.engine.cells import IN_FLIGHT, TaskCell
from alula.core.engine.events import Event
from alula.core.errors import AlulaError, TaskError
from alula.core.ids import AttemptId, ExecutionId
from alula.core.literals.offloading import reads_references
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec, Executor
from alula.server.runner.again import OBJECT_TRIES, RETRY_S, again
from alula.server.runner.attempts import attempt_spec
from alula.server.runner.definitions import Definitions
from alula.server.runner.errands import Errands
from alula.server.runner.lease import Lease
from alula.server.runner.owned import Owned
from alula.server.services import values
from alula.server.trouble import passes

INPUTS_WAIT_S = 10.0
"""The time that a platform waits at its start for the inputs of one attempt, in seconds."""

Arrive = Callable[[ExecutionId, Event], None]


class Dispatch:
    """The way of attempts to the executor and back. `owned` are the executions of the runner, by reference; `arrive`
    takes the failure of an attempt that can't be made. While the `lease` has lapsed, no attempt is started."""

    def __init__(
        self,
        *,
        executor: Executor,
        blobs: Blobs,
        definitions: Definitions,
        clock: Callable[[], int],
        owned: Mapping[ExecutionId, Owned],
        arrive: Arrive,
        errands: Errands,
        lease: Lease,
    ) -> None:
        self._executor = executor
        self._blobs = blobs
        self._definitions = definitions
        self._clock = clock
        self._owned = owned
        self._arrive = arrive
        self._errands = errands
        self._lease = lease

    async def start(self, owned: Owned, action: StartAttempt) -> bool:
        """Start an attempt. False if the lease has lapsed meanwhile: then it is to be done later, if at all."""
        spec = await self.spec(owned, action)
        if spec is not None:
            if self._lease.has_lapsed():
                return False
            self.submit(owned, spec)
        return True

    def cancel(self, owned: Owned, action: CancelAttempt) -> None:
        """Stop an attempt that must not run, as its log says."""
        id = owned.attempt_id(action)
        owned.attempts.pop(id, None)
        self._executor.cancel(
            id,
            incarnation=owned.state.created.incarnation,
            claim=owned.claim,
            executor=action.executor,
            handle=action.handle,
        )

    async def spec(self, owned: Owned, action: StartAttempt) -> AttemptSpec | None:
        """The attempt to `submit`, or None if it has failed before it could be, or was overtaken."""
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
        """Hand an attempt to the executor, as soon as its task can read its inputs."""
        whole = self._whole_inputs(owned, spec)
        if whole is None:
            self._executor.submit(spec)
        elif _has_come(whole):
            self._executor.submit(msgspec.structs.replace(spec, inputs=whole.result()))
        else:
            work = self._submit_whole(spec, whole)
            self._errands.spawn(owned.record.id, f"while the inputs of {spec.id} were put together", work)

    async def reconcilable(self, owned: Owned, spec: AttemptSpec) -> AttemptSpec | None:
        """The attempt to be reconciled, or None if it is to be submitted later, as its inputs can't be had yet."""
        whole = self._whole_inputs(owned, spec)
        if whole is None:
            return spec
        await asyncio.wait((whole,), timeout=INPUTS_WAIT_S)
        if _has_come(whole):
            return msgspec.structs.replace(spec, inputs=whole.result())
        return None

    async def _submit_whole(self, spec: AttemptSpec, whole: asyncio.Future[bytes]) -> None:
        """Submit an attempt once its inputs are whole, unless its execution does not want it any more."""
        try:
            inputs = await asyncio.shield(whole)
        except AlulaError as error:
            if passes(error):
                raise
            if (owned := self._in_flight(spec.id)) is not None:
                self._refuse(owned, owned.attempts.pop(spec.id), spec.id.attempt, error)
            return
        while self._lease.has_lapsed():
            await asyncio.sleep(RETRY_S)
        if self._in_flight(spec.id) is not None:
            self._executor.submit(msgspec.structs.replace(spec, inputs=inputs))

    def _in_flight(self, attempt: AttemptId) -> Owned | None:
        """The execution of an attempt that should run now, or None if it should not."""
        owned = self._owned.get(attempt.execution)
        place = owned.attempts.get(attempt) if owned is not None else None
        scope = owned.state.scopes.get(place[0]) if owned is not None and place is not None else None
        cell = scope.cells.get(place[1]) if scope is not None and place is not None else None
        is_wanted = isinstance(cell, TaskCell) and cell.attempt == attempt.attempt and cell.stage in IN_FLIGHT
        return owned if is_wanted else None

    def _whole_inputs(self, owned: Owned, spec: AttemptSpec) -> asyncio.Future[bytes] | None:
        """The inputs of a task that can't read values put aside, or None if they are whole already."""
        if owned.state.created.offload is None or reads_references(spec.task):
            return None
        if owned.whole is None or owned.whole[0] is not spec.inputs:
            whole = self._put_together(owned.record.id, spec.inputs) if values.has_references(spec.inputs) else None
            owned.whole = spec.inputs, whole
        return owned.whole[1]

    def _put_together(self, execution: ExecutionId, inputs: bytes) -> asyncio.Task[bytes]:
        return self._errands.beside(
            again(lambda: values.whole(self._blobs, execution, inputs), execution, tries=OBJECT_TRIES)
        )

    def _refuse(self, owned: Owned, place: tuple[int, int], attempt: int, error: AlulaError) -> None:
        """Tell the engine that an attempt can't be made."""
        failed = facts.AttemptFailed(self._clock(), *place, attempt, TaskError(error.code, str(error)))
        self._arrive(owned.record.id, failed)


def _has_come(value: asyncio.Future[bytes]) -> bool:
    return value.done() and not value.cancelled() and value.exception() is None
