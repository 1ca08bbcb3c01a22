"""The calls of an eager task on a platform: each is an execution, under a name that follows from the call.

So an attempt that begins again finds what it has launched before. A retry launches again what has failed. All of them
carry the name of the run as a label, by which the platform ends them when it has to.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import cached_property
from typing import TypeVar

from flyteidl.admin import execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2, literals_pb2

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import AlreadyExists, AlulaError, Unavailable
from alula.core.ids import ExecutionId, eager_execution_name
from alula.core.literals.hashing import hash_literal_map
from alula.sdk.authoring.alone import alone_by_its_settings
from alula.sdk.authoring.launch_plan import LaunchPlan
from alula.sdk.authoring.map_task import MapTask
from alula.sdk.authoring.reference import Reference
from alula.sdk.authoring.task import Task
from alula.sdk.authoring.workflow import Workflow
from alula.sdk.calling import Runner
from alula.sdk.client.connection import Connection
from alula.sdk.client.endpoint import find_endpoint
from alula.sdk.client.ends import AWAY_MAX_S, Ends
from alula.sdk.client.launch import LAUNCHED_BY, LaunchSettings, launch
from alula.sdk.client.outage import Outage
from alula.sdk.client.register import register_known
from alula.sdk.client.rpcs import GET_EXECUTION, GET_EXECUTION_DATA, TERMINATE_EXECUTION
from alula.sdk.client.run_view import to_execution_id
from alula.sdk.client.upload import RemoteStore
from alula.sdk.failures import EagerException
from alula.sdk.serialize.interfaces import input_literal, returned_value
from alula.sdk.serialize.referenced import identifier_of
from alula.sdk.serialize.settings import SerializationSettings
from alula.sdk.task_context.context import ExecutionParameters

ROOT = "eager-root-exec"
"""The label with the name of the outermost such run."""
ROOT_VARIABLE = "_F_EE_ROOT"
AT_ONCE = 8
"""Calls that are launched, or whose results are read, at the same time."""
RETRY_S = 0.5

Callee = Task[..., object] | Workflow[..., object] | LaunchPlan | Reference[..., object]
Result = TypeVar("Result")


class Call:
    """One call, from its launch to its result."""

    def __init__(self, callee: Callee, values: Mapping[str, object]) -> None:
        self.callee = callee
        self.values = values
        self.run = ""
        """The name of its run; empty before that is launched."""
        self.cancelled = False
        self.result: Future[object] = Future()
        self.result.set_running_or_notify_cancel()  # nobody cancels it: the run decides


class Calls:
    """The calls of one attempt. A context manager that gives what runs them."""

    def __init__(self, context: ExecutionParameters, settings: SerializationSettings, place: str) -> None:
        """`place` tells the node, or item of a node, from all others of the run."""
        self._context = context
        self._settings = settings
        self._place = place
        self._parent = ExecutionId(*context.execution_id)
        self._connection = Connection(find_endpoint(None))
        where = {"project": self._parent.project, "domain": self._parent.domain}
        self._store = RemoteStore(self._connection, **where)
        self._ends = Ends(self._connection, **where)
        self._pool = ThreadPoolExecutor(AT_ONCE, "alula-calls")
        self._lock = threading.Lock()
        self._equal_calls: Counter[str] = Counter()
        self._registered: dict[tuple[type, str], identifier_pb2.Identifier] = {}
        self._registering = threading.Lock()

    def __enter__(self) -> Runner:
        return self.run

    def __exit__(self, *_: object) -> None:
        self._ends.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._connection.close()

    def run(self, entity: Callee | MapTask[object], values: Mapping[str, object], awaited: bool) -> object:
        """Launch a run of an entity and wait for its result; if `awaited`, a coroutine that does so.

        Raises `EagerException` if the run fails.
        """
        call = Call(alone_by_its_settings(entity) if isinstance(entity, MapTask) else entity, values)
        return self._waited_for(call) if awaited else self._begun(call).result()

    async def _waited_for(self, call: Call) -> object:
        try:
            return await asyncio.wrap_future(self._begun(call))
        except asyncio.CancelledError:
            call.cancelled = True
            if call.run:
                await asyncio.to_thread(self._abort, call.run)
            raise

    def _begun(self, call: Call) -> Future[object]:
        context = copy_context()  # values of files want to know whose attempt this is

        def launch() -> None:
            call.run = self._launched(call)
            if call.cancelled:
                self._abort(call.run)
            self._ends.of(call.run).add_done_callback(lambda end: self._pool.submit(context.run, finish, end))

        def finish(end: Future[execution_pb2.Execution]) -> None:
            with _failing(call):
                call.result.set_result(self._result(call, end.result()))

        def begin() -> None:
            with _failing(call):
                launch()

        self._pool.submit(context.run, begin)
        return call.result

    def _launched(self, call: Call) -> str:
        """The name of the run of a call, which may be there from before. Raises the platform's errors."""
        callee, at = call.callee, call.callee.location
        id = self._identifier(callee)
        inputs = literals_pb2.LiteralMap()
        for name, value in call.values.items():
            literal = input_literal(callee.interface, name, value, at=at, store=self._store)
            inputs.literals[name].CopyFrom(literal)
        said = f"{self._place}\0{id.resource_type}\0{id.name}\0{hash_literal_map(inputs)}"
        with self._lock:
            number = self._equal_calls[said]
            self._equal_calls[said] += 1
        task = self._context.task_id.name
        name = ""
        for retry in range(self._context.attempt + 1):
            name = eager_execution_name(self._parent, task, id.name, f"{said}\0{number}\0{retry}".encode())
            if self._is_new(name, id, inputs) or retry == self._context.attempt or not self._has_failed(name):
                break
        return name

    def _identifier(self, callee: Callee) -> identifier_pb2.Identifier:
        """The id by which an entity is launched, after it is registered."""
        id = identifier_pb2.Identifier()
        if isinstance(callee, Reference):
            id.CopyFrom(identifier_of(callee))
        else:
            with self._registering:
                key = type(callee), callee.name
                if key not in self._registered:
                    self._registered[key] = _patiently(lambda: register_known(self._connection, callee, self._settings))
                id.CopyFrom(self._registered[key])
        if id.resource_type == identifier_pb2.WORKFLOW:
            id.resource_type = identifier_pb2.LAUNCH_PLAN
        return id

    def _is_new(self, name: str, id: identifier_pb2.Identifier, inputs: literals_pb2.LiteralMap) -> bool:
        """Launch it under this name. False if there is such a run."""
        project, domain = self._parent.place
        settings = self._launch_settings(name)
        try:
            _patiently(lambda: launch(self._connection, id, inputs, project=project, domain=domain, settings=settings))
        except AlreadyExists:
            return False
        return True

    def _launch_settings(self, name: str) -> LaunchSettings:
        """As those of the run that calls, where Flyte hands them on to the runs of launch plans."""
        own = self._own_spec
        root = os.environ.get(ROOT_VARIABLE) or self._parent.name
        variables = {pair.key: pair.value for pair in own.envs.values}
        tier = own.quality_of_service.tier
        return LaunchSettings(
            name=name,
            overwrite_cache=own.overwrite_cache,
            interruptible=own.interruptible.value if own.HasField("interruptible") else None,
            max_parallelism=own.max_parallelism,
            quality_of_service=core_execution_pb2.QualityOfService.Tier.Name(tier).lower() if tier else "",
            environment={**variables, ROOT_VARIABLE: root},
            labels={LAUNCHED_BY: self._parent.name, ROOT: root},
        )

    @cached_property
    def _own_spec(self) -> execution_pb2.ExecutionSpec:
        return self._read(self._parent.name).spec

    def _has_failed(self, name: str) -> bool:
        phase = ExecutionPhase(self._read(name).closure.phase)
        return phase.is_terminal and phase is not ExecutionPhase.SUCCEEDED

    def _read(self, name: str) -> execution_pb2.Execution:
        id = to_execution_id(ExecutionId(*self._parent.place, name))
        request = execution_pb2.WorkflowExecutionGetRequest(id=id)
        return _patiently(lambda: self._connection.call(GET_EXECUTION, request))

    def _result(self, call: Call, ended: execution_pb2.Execution) -> object:
        if ended.closure.phase != ExecutionPhase.SUCCEEDED:
            raise _failure(call, self._read(call.run).closure)
        request = execution_pb2.WorkflowExecutionGetDataRequest(id=ended.id)
        data = _patiently(lambda: self._connection.call(GET_EXECUTION_DATA, request))
        return returned_value(call.callee.interface, data.full_outputs.literals, self._context.store)

    def _abort(self, name: str) -> None:
        id = to_execution_id(ExecutionId(*self._parent.place, name))
        cause = f"the call in {self._parent} was cancelled"
        with contextlib.suppress(AlulaError):  # it has ended; else the platform ends it with the run that calls
            self._connection.call(TERMINATE_EXECUTION, execution_pb2.ExecutionTerminateRequest(id=id, cause=cause))


@contextlib.contextmanager
def _failing(call: Call) -> Generator[None]:
    try:
        yield
    except BaseException as error:  # noqa: BLE001  it is raised where the call stands
        call.result.set_exception(error)


def _failure(call: Call, closure: execution_pb2.ExecutionClosure) -> EagerException:
    what = f"`{call.callee.name}`, run {call.run}"
    if closure.phase == ExecutionPhase.ABORTED:
        message = f"{what}, was aborted: {closure.abort_metadata.cause}"
        return EagerException(message, code="RemoteChildWorkflowExecutionFailed", execution=call.run)
    first_line = closure.error.message.partition("\n")[0]
    return EagerException(f"{what}, failed: {first_line}", code=closure.error.code, execution=call.run)


def _patiently(ask: Callable[[], Result]) -> Result:
    """The answer of a platform that may be away for a while. What is asked for may be asked twice."""
    outage = Outage(grace_s=AWAY_MAX_S)
    while True:
        try:
            return ask()
        except Unavailable as error:
            outage.goes_on(error, None)
            time.sleep(RETRY_S)
