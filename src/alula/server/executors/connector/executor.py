"""The connector executor: each attempt is a job of a connector, made by `CreateTask` and looked at by `GetTask`.

    submit ─► endpoint of the type ─► inputs, request ─► create ─► handle is told ─► look, ever less often ─► update
    cancel, end_job ─► delete

A connector can't list its jobs, and makes a new one each time that it is asked. So the handle of a job is told before
anything else is, and jobs are made in the lane of their attempt, to the end: one that nobody was told of and nobody
wants any more is deleted.

The time between the making of a job and the commit of its handle stays open: a crash there, or an answer that is lost,
leaves a job that nobody knows. A connector that names its jobs by the attempt's id or its output prefix, which are the
same in each request for it, leaves none.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterable
from functools import partial

from flyteidl.admin import agent_pb2
from flyteidl.core import tasks_pb2

from alula.core.engine.usage import Usage
from alula.core.errors import TaskError, Unavailable
from alula.core.ids import AttemptId
from alula.server.beside import done_beside
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec, AttemptUpdate, Sink
from alula.server.executors.connector import measures
from alula.server.executors.connector.attempt import Attempt
from alula.server.executors.connector.connector import Connector, LetGo
from alula.server.executors.connector.directory import Directory
from alula.server.executors.connector.following import Follower
from alula.server.executors.connector.handle import Handle, handle_in
from alula.server.executors.connector.options import ConnectorOptions
from alula.server.executors.connector.requests import request_of
from alula.server.executors.failures import NotStarted, failure_of
from alula.server.executors.followed import now_us
from alula.server.executors.lanes import Lanes
from alula.server.executors.stored_inputs import StoredInputs
from alula.server.measures import Reading

START_S = 2.0
"""The time that the start waits for endpoints to say which connectors they have."""
STOP_S = 3.0
"""The time in which jobs that are being made at the stop are finished, and deleted."""
HANDLE_MAX_BYTES = 64 * 1024
"""The limit on a connector's name of a job, which stands in the log."""


class ConnectorExecutor:
    """An `Executor` on the endpoints of the settings. `blobs` are the platform's objects."""

    def __init__(self, blobs: Blobs, options: ConnectorOptions) -> None:
        self._options = options
        self._inputs = StoredInputs(blobs)
        self._follower = Follower(options, blobs)
        self._followed: dict[AttemptId, Attempt] = {}
        self._made: dict[tuple[AttemptId, str], Handle] = {}
        """The jobs that were made in this life, by attempt and incarnation, until they are over: it may be that their
        handles did not reach the log, and they are asked for again. What was released stays."""
        self._connectors: dict[str, Connector] = {}
        self._refreshing: list[asyncio.Task[None]] = []

    # The contract

    @property
    def names_jobs(self) -> bool:
        return True

    async def start(self, sink: Sink) -> None:
        """Begin. Raises `FailedPrecondition` for certificates that can't be read. An endpoint that is away is waited
        for, by its attempts."""
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        self._lanes = Lanes[AttemptId]()
        self._connectors = {each.name: Connector(each, self._options) for each in self._options.endpoints}
        self._directory = Directory(self._options, self._listed)
        self._refreshing = [
            self._loop.create_task(self._directory.refresh(each), name=f"connectors of {each.name}")
            for each in self._options.endpoints
        ]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                await self._directory.answered()

    async def stop(self) -> None:
        tasks = [*self._refreshing, *(each.task for each in self._followed.values() if each.task is not None)]
        for task in self._refreshing:
            task.cancel()
        for attempt in self._followed.values():
            attempt.let_go()
        self._followed.clear()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._lanes.close(grace_s=STOP_S)
        for connector in self._connectors.values():
            await connector.close()

    def submit(self, spec: AttemptSpec) -> None:
        attempt = self._followed.get(spec.id)
        if attempt is None:
            attempt = self._followed[spec.id] = Attempt(spec, self._sink)
            attempt.task = self._loop.create_task(self._run(attempt), name=f"job of {spec.id}")
        elif attempt.end is not None:
            self._loop.call_soon(attempt.tell_end_again)

    def cancel(
        self, attempt: AttemptId, *, incarnation: str = "", claim: int = 0, executor: str = "", handle: bytes = b""
    ) -> None:
        known = self._leave(attempt)
        if known is not None:
            incarnation, handle = known.spec.incarnation, known.handle
        self._lanes.add(attempt, partial(self._cancelled, attempt, incarnation, handle))

    async def end_job(self, attempt: AttemptId, *, incarnation: str, executor: str, handle: bytes) -> None:
        self._leave(attempt)
        job = handle_in(handle)
        if job is not None:
            connector = self._connectors.get(job.endpoint)
            if connector is None:
                raise Unavailable("EndpointGone", f"endpoint `{job.endpoint}` of its connector is not configured")
            await connector.end(job)
        self._made.pop((attempt, incarnation), None)

    def release(self, attempts: Collection[AttemptId]) -> None:
        for attempt in attempts:
            self._leave(attempt)

    def acknowledge(self, attempts: Collection[AttemptId]) -> None:
        for id in attempts:
            attempt = self._followed.get(id)
            if attempt is not None and attempt.end is not None:
                self._leave(id)
                self._made.pop((id, attempt.spec.incarnation), None)

    def usage(self, attempt: AttemptId) -> Usage | None:
        return None

    async def reconcile(
        self, expected: Collection[AttemptSpec], *, owner: str, spared: Collection[AttemptId] = ()
    ) -> None:
        wanted = {*spared, *(spec.id for spec in expected)}
        self.release([each for each in self._followed if each not in wanted])
        for spec in expected:
            self.submit(spec)

    def wants(self, task: tasks_pb2.TaskTemplate) -> str:
        """The reason why a task that no route is for goes to a connector; empty if it does not."""
        return self._directory.wants(task)

    def measure(self) -> Iterable[Reading]:
        """Figures of its attempts and calls."""
        return measures.read(self._followed.values(), self._connectors.values())

    # What becomes of an attempt

    def _leave(self, id: AttemptId) -> Attempt | None:
        """Follow an attempt no longer. Gives it if it was followed."""
        attempt = self._followed.pop(id, None)
        if attempt is not None:
            attempt.let_go()
        return attempt

    async def _run(self, attempt: Attempt) -> None:
        try:
            end = await self._lived(attempt)
        except LetGo:
            return
        except Exception as error:  # noqa: BLE001 - whatever is wrong with an attempt is its failure
            failure = failure_of(error, attempt.spec.id)
            end = AttemptUpdate(attempt.spec.id, now_us(), "FAILED", error=failure)
        attempt.tell_end(end)

    async def _lived(self, attempt: Attempt) -> AttemptUpdate:
        """The end of an attempt, after all that comes before it. Raises `LetGo`, `NotStarted`, and the errors of the
        store."""
        spec = attempt.spec
        job = handle_in(spec.handle) or self._made.get((spec.id, spec.incarnation))
        if job is None:
            place = await self._directory.place_of(spec.task, attempt.tell_trouble)
            connector = self._connectors[place.endpoint]
            request = await done_beside(len(spec.inputs), request_of, spec)
            await self._inputs.put(spec)
            if place.is_sync:
                return await self._executed(attempt, connector, request)
            job = await self._lanes.ask(spec.id, partial(self._make, attempt, connector, request))
        attempt.where, attempt.handle = f"a job of endpoint `{job.endpoint}`", job.encoded()
        if job.endpoint not in self._connectors:
            raise NotStarted(_gone(job.endpoint))
        return await self._follower.end_of(attempt, self._connectors[job.endpoint], job)

    async def _make(self, attempt: Attempt, connector: Connector, request: agent_pb2.CreateTaskRequest) -> Handle:
        """The new job of an attempt, once it is told of. Raises `LetGo` and `NotStarted`."""
        spec = attempt.spec
        meta = await connector.create(request, lambda: attempt.is_followed, attempt.tell_trouble)
        job = Handle(connector.name, spec.task.type, spec.task.task_type_version, now_us(), meta)
        is_too_large = len(meta) > HANDLE_MAX_BYTES
        if is_too_large or not attempt.is_followed:
            await connector.end_soon(job, spec.id)
            if not is_too_large:
                raise LetGo
            raise NotStarted(_too_large(connector.name, len(meta)))
        self._made[spec.id, spec.incarnation] = job
        attempt.handle = job.encoded()
        attempt.tell("QUEUED", f"endpoint `{connector.name}` has made a job of it")
        return job

    async def _executed(
        self, attempt: Attempt, connector: Connector, request: agent_pb2.CreateTaskRequest
    ) -> AttemptUpdate:
        """The end of an attempt whose work is done in the call. A crash, and an answer that is lost, has it done
        again."""
        attempt.where = f"a call of endpoint `{connector.name}`"
        resource = await connector.execute(
            request, lambda: attempt.is_followed, attempt.tell_trouble, lambda: attempt.tell("RUNNING")
        )
        return await self._follower.end_of_call(attempt, resource)

    async def _cancelled(self, attempt: AttemptId, incarnation: str, handle: bytes) -> None:
        """End the job of an attempt that is not to run, as far as it can be done now. The heartbeat does the rest."""
        made = self._made.pop((attempt, incarnation), None)
        job = made or handle_in(handle)
        if job is not None and (connector := self._connectors.get(job.endpoint)) is not None:
            await connector.end_soon(job, attempt)

    async def _listed(self, endpoint: str) -> list[agent_pb2.Agent]:
        return await self._connectors[endpoint].list()


def _gone(endpoint: str) -> TaskError:
    return TaskError(
        "EndpointGone",
        f"the job of the attempt is at endpoint `{endpoint}`, which the settings do not have any more; it may still "
        "run there. Put the endpoint back into the settings before the platform starts, or recover the run",
        "SYSTEM",
    )


def _too_large(endpoint: str, size: int) -> TaskError:
    return TaskError(
        "HandleTooLarge",
        f"endpoint `{endpoint}` names the job by {size:,} bytes, and {HANDLE_MAX_BYTES:,} are the limit",
        "SYSTEM",
    )
