"""The runner on a store in memory, with an executor that does what the test says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import identifier_pb2, tasks_pb2
from tests.contract.store.records import execution
from tests.flyte_specs import DOMAIN, PROJECT, identifier, integer, literal_map, task

from alula.core.engine.attempt_info import LogLink
from alula.core.engine.events import AttemptProgressed, AttemptSucceeded, Claimed, Created, SignalSet, decode, encode
from alula.core.engine.records import AttemptPhase, Changes, ExecutionPhase
from alula.core.engine.usage import Usage
from alula.core.errors import AlreadyExists, TaskError, Unavailable
from alula.core.ids import AttemptId, EntityId, ExecutionId
from alula.core.policy.resources import Accelerator, Amounts, Resources
from alula.core.policy.security import RunAs, SecretReference
from alula.server.access import EverybodyMay
from alula.server.blobs.file import FileBlobs
from alula.server.executor import AttemptSpec, AttemptUpdate, Sink
from alula.server.identity import Caller
from alula.server.logs.objects import ObjectLogs
from alula.server.runner.children import Children
from alula.server.runner.runner import Runner
from alula.server.services.abort import terminate_execution
from alula.server.services.launch import create_execution
from alula.server.services.messages.names import execution_identifier
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_task
from alula.server.services.watch import Hub
from alula.server.store.log import Commit
from alula.server.store.query import Query
from alula.server.stores.memory.adapter import MemoryStore

pytestmark = pytest.mark.anyio
ADA = Caller("ada")
ATTEMPTS = Query(limit=100)


@dataclass
class ToldExecutor:
    """Starts nothing; remembers what it was asked, and reports what the test says."""

    submitted: list[AttemptId] = field(default_factory=list)
    cancelled: list[AttemptId] = field(default_factory=list)
    handles: list[tuple[str, bytes]] = field(default_factory=list)
    """With which each was cancelled."""
    specs: list[AttemptSpec] = field(default_factory=list)
    """Of what was submitted."""
    released: list[AttemptId] = field(default_factory=list)
    acknowledged: list[AttemptId] = field(default_factory=list)
    reconciled: list[AttemptId] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    """Whose attempts were reconciled, each time."""
    expected: list[AttemptSpec] = field(default_factory=list)
    used: dict[AttemptId, Usage] = field(default_factory=dict)
    """What attempts that run have used so far."""
    sink: Sink | None = None

    names_jobs: bool = False

    async def start(self, sink: Sink) -> None:
        self.sink = sink

    async def stop(self) -> None:
        return

    def submit(self, spec: AttemptSpec) -> None:
        self.submitted.append(spec.id)
        self.specs.append(spec)

    def cancel(
        self, attempt: AttemptId, *, incarnation: str = "", claim: int = 0, executor: str = "", handle: bytes = b""
    ) -> None:
        self.cancelled.append(attempt)
        self.handles.append((executor, handle))

    async def end_job(self, attempt: AttemptId, *, incarnation: str, executor: str, handle: bytes) -> None:
        self.cancel(attempt, incarnation=incarnation, executor=executor, handle=handle)

    def release(self, attempts: Collection[AttemptId]) -> None:
        self.released.extend(attempts)

    def acknowledge(self, attempts: Collection[AttemptId]) -> None:
        self.acknowledged.extend(attempts)

    def usage(self, attempt: AttemptId) -> Usage | None:
        return self.used.get(attempt)

    async def reconcile(
        self, expected: Collection[AttemptSpec], *, owner: str, spared: Collection[AttemptId] = ()
    ) -> None:
        self.owners.append(owner)
        self.expected = list(expected)
        self.reconciled = [spec.id for spec in expected]
        self.spared = list(spared)

    def report(self, update: AttemptUpdate) -> None:
        assert self.sink is not None
        self.sink(update)

    def run(self, attempt: AttemptId) -> None:
        assert self.sink is not None
        self.sink(AttemptUpdate(attempt, 1, "RUNNING"))

    def succeed(self, attempt: AttemptId, value: int) -> None:
        assert self.sink is not None
        outputs = literal_map(o0=integer(value)).SerializeToString()
        self.sink(AttemptUpdate(attempt, 1, "SUCCEEDED", outputs=outputs))

    def fail(self, attempt: AttemptId, error: TaskError) -> None:
        assert self.sink is not None
        self.sink(AttemptUpdate(attempt, 1, "FAILED", error=error))


class FlakyStore(MemoryStore):
    """Can't be written as many times as `failures` says."""

    failures = 0

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Commit] = []
        """Every commit that was asked for."""
        self._commit = self.log.commit
        self.log.commit = self._flaky_commit

    async def _flaky_commit(self, commits: Collection[Commit]) -> list[bool]:
        self.asked.extend(commits)
        if self.failures:
            self.failures -= 1
            raise Unavailable("StoreUnreachable", "the store is away")
        return await self._commit(list(commits))


@dataclass
class World:
    platform: Platform
    store: FlakyStore
    executor: ToldExecutor
    runners: list[Runner] = field(default_factory=list)

    async def run(self, name: str) -> Runner:
        runner = Runner(
            store=self.store,
            executor=self.executor,
            blobs=self.platform.blobs,
            children=Children(self.platform),
            clock=self.platform.clock,
            runner_id=name,
            platform_id="here",
        )
        await runner.start()
        self.runners.append(runner)
        return runner

    async def _register(self) -> None:
        with contextlib.suppress(AlreadyExists):
            await create_task(self.platform, ADA, task("t"), Registrant())

    async def launch(self, name: str = "", task_name: str = "t", **spec: object) -> ExecutionId:
        await self._register()
        request = execution_pb2.ExecutionCreateRequest(
            project=PROJECT, domain=DOMAIN, name=name, inputs=literal_map(x=integer(1))
        )
        request.spec.MergeFrom(execution_pb2.ExecutionSpec(**spec))  # type: ignore[arg-type]
        request.spec.launch_plan.CopyFrom(identifier(identifier_pb2.TASK, task_name))
        id = await create_execution(self.platform, ADA, request)
        return ExecutionId(id.project, id.domain, id.name)

    async def phase(self, id: ExecutionId) -> ExecutionPhase:
        record = await self.store.executions.get(id)
        assert record is not None
        return record.phase


@pytest.fixture
async def world(tmp_path: Path, anyio_backend: str) -> AsyncIterator[World]:
    ticks = iter(range(1_000_000, 10**12))
    store = FlakyStore()
    blobs = FileBlobs(tmp_path / "objects", tmp_path / "key")
    await store.start()
    await blobs.start()
    platform = Platform(
        store=store,
        blobs=blobs,
        logs=ObjectLogs(blobs),
        access=EverybodyMay(),
        hub=Hub(),
        clock=lambda: next(ticks),
        random_bytes=lambda count: next(ticks).to_bytes(count, "big"),
    )
    world = World(platform, store, ToldExecutor())
    yield world
    for runner in world.runners:
        await runner.stop()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def test_a_launched_execution_is_claimed_run_and_ended(world: World) -> None:
    await world.run("one")
    id = await world.launch()
    await until(lambda: world.executor.submitted)
    (attempt,) = world.executor.submitted
    world.executor.succeed(attempt, 7)
    async with asyncio.timeout(5):
        while not (await world.phase(id)).is_terminal:
            await asyncio.sleep(0)
    record = await world.store.executions.get(id)
    assert record is not None
    assert record.outputs == literal_map(o0=integer(7)).SerializeToString(deterministic=True)


@pytest.mark.parametrize("end", ["success", "failure"])
async def test_an_end_is_acknowledged_when_it_is_durable(world: World, end: str) -> None:
    await world.run("one")
    id = await world.launch()
    await until(lambda: world.executor.submitted)
    (attempt,) = world.executor.submitted
    world.store.failures = 1
    if end == "success":
        world.executor.succeed(attempt, 7)
    else:
        world.executor.fail(attempt, TaskError("Broken", "gone"))
    await until(lambda: not world.store.failures)
    assert world.executor.acknowledged == []
    async with asyncio.timeout(5):
        while not (await world.phase(id)).is_terminal:
            await asyncio.sleep(0.001)
    await until(lambda: world.executor.acknowledged)
    assert world.executor.acknowledged == [attempt]


async def test_what_was_open_goes_on_with_the_next_runner(world: World) -> None:
    first = await world.run("one")
    await world.launch()
    await until(lambda: world.executor.submitted)
    await first.stop()
    await world.run("two")
    assert world.executor.reconciled == world.executor.submitted
    assert world.executor.owners == ["here", "here"]


async def test_large_executions_begin_and_go_on_in_threads(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alula.server.runner.opening.IN_LINE_MAX", 0)
    first = await world.run("one")
    await world.launch()
    await until(lambda: world.executor.submitted)
    await first.stop()
    await world.run("two")
    assert world.executor.reconciled == world.executor.submitted


async def test_an_abort_that_comes_with_a_retry_stops_both(world: World) -> None:
    await world.run("one")
    id = await world.launch()
    await until(lambda: world.executor.submitted)
    (attempt,) = world.executor.submitted
    # Both facts arrive before the runner's next turn: the retry is asked for and taken back in one commit.
    world.executor.fail(attempt, TaskError("Lost", "gone", kind="SYSTEM", recoverable=True))
    request = execution_pb2.ExecutionTerminateRequest(cause="enough")
    request.id.project, request.id.domain, request.id.name = id
    await terminate_execution(world.platform, ADA, request)
    async with asyncio.timeout(5):
        while not (await world.phase(id)).is_terminal:
            await asyncio.sleep(0)
    assert await world.phase(id) is ExecutionPhase.ABORTED
    again = await world.launch()
    await until(lambda: world.executor.submitted[-1].execution == again)


async def test_what_can_not_be_run_ends_whatever_mail_it_has(world: World) -> None:
    id = ExecutionId(PROJECT, DOMAIN, "unknown")
    given = execution(id, workflow=EntityId(PROJECT, DOMAIN, "nothing", "v1"))
    created = Created(1, given.workflow, b"")
    await world.store.executions.create(given, encode(created), world.platform.audit(ADA, "launch", "it"))
    await world.store.inbox.post(id, encode(SignalSet(2, "go", b"")), world.platform.audit(ADA, "signal", "it"))
    await world.run("one")
    assert await world.phase(id) is ExecutionPhase.FAILED
    assert await world.store.inbox.read([id]) == []


@pytest.mark.parametrize("event", [b"from another version", encode(AttemptSucceeded(3, 7, 7, 7, b""))])
async def test_an_execution_whose_log_can_not_be_read_does_not_stop_the_others(world: World, event: bytes) -> None:
    broken, other = await world.launch("broken"), await world.launch("other")
    await world.store.log.commit([Commit(broken, 1, [event], Changes())])
    await world.run("one")
    assert [attempt.execution for attempt in world.executor.reconciled] == [other]
    record = await world.store.executions.get(broken)
    assert record is not None and record.error is not None
    assert record.phase is ExecutionPhase.FAILED and "incident" in record.error.message
    assert (await world.store.log.read(broken))[1] == event


async def test_mail_that_can_not_be_read_ends_the_execution_it_is_for_and_no_other(world: World) -> None:
    await world.run("one")
    broken = await world.launch("broken")
    await until(lambda: world.executor.submitted)
    await world.store.inbox.post(broken, b"from another version", world.platform.audit(ADA, "signal", "it"))
    await until(lambda: world.executor.cancelled)
    async with asyncio.timeout(5):
        while await world.phase(broken) is not ExecutionPhase.FAILED:
            await asyncio.sleep(0)
    other = await world.launch("other")
    await until(lambda: world.executor.submitted[-1].execution == other)


async def test_an_abort_before_the_first_dispatch_starts_nothing(world: World) -> None:
    id = await world.launch()
    request = execution_pb2.ExecutionTerminateRequest(cause="at once")
    request.id.project, request.id.domain, request.id.name = id
    await terminate_execution(world.platform, ADA, request)
    await world.run("one")
    async with asyncio.timeout(5):
        while not (await world.phase(id)).is_terminal:
            await asyncio.sleep(0)
    assert await world.phase(id) is ExecutionPhase.ABORTED
    again = await world.launch()
    await until(lambda: world.executor.submitted and world.executor.submitted[-1].execution == again)


async def test_nothing_is_dispatched_before_it_is_durable(world: World) -> None:
    await world.run("one")
    world.store.failures = 1
    await world.launch()
    await until(lambda: not world.store.failures)
    assert not world.executor.submitted
    await until(lambda: world.executor.submitted)


async def test_start_and_end_of_a_short_attempt_are_one_commit(world: World) -> None:
    await world.run("one")
    id = await world.launch()
    await until(lambda: world.executor.submitted)
    (attempt,) = world.executor.submitted
    before = len(world.store.asked)
    world.executor.run(attempt)
    for _ in range(10):
        await asyncio.sleep(0)
    world.executor.succeed(attempt, 7)
    async with asyncio.timeout(5):
        while not (await world.phase(id)).is_terminal:
            await asyncio.sleep(0)
    (commit,) = world.store.asked[before:]
    assert [type(decode(event)) for event in commit.events] == [AttemptProgressed, AttemptSucceeded]


async def test_the_start_of_a_long_attempt_is_written_before_its_end(world: World) -> None:
    await world.run("one")
    id = await world.launch()
    await until(lambda: world.executor.submitted)
    (attempt,) = world.executor.submitted
    world.executor.run(attempt)
    async with asyncio.timeout(5):
        while [each.phase for each in await world.store.attempts.page(id, attempt.node_id, ATTEMPTS)] != [
            AttemptPhase.RUNNING
        ]:
            await asyncio.sleep(0.001)


async def test_a_runner_whose_execution_was_taken_over_lets_go_of_it(world: World) -> None:
    await world.run("one")
    id = await world.launch()
    await until(lambda: world.executor.submitted)
    (attempt,) = world.executor.submitted
    far = 10**15
    assert await world.store.ownership.claim("thief", now=far, lease_us=1, limit=10) == [id]
    world.executor.run(attempt)
    await until(lambda: world.executor.released)
    assert (world.executor.released, world.executor.cancelled) == ([attempt], [])
    attempts = await world.store.attempts.page(id, attempt.node_id, ATTEMPTS)
    assert [record.phase for record in attempts] == [AttemptPhase.QUEUED]


async def test_each_runner_asks_for_an_attempt_under_a_greater_claim(world: World) -> None:
    for number in range(3):
        runner = await world.run(f"runner-{number}")
        if not number:
            id = await world.launch()
            await until(lambda: world.executor.submitted)
        else:
            world.executor.specs += world.executor.expected
        await runner.stop()
        world.runners.clear()
    claims = [spec.claim for spec in world.executor.specs]
    log = [decode(event) for event in await world.store.log.read(id)]
    assert claims == [number for number, event in enumerate(log) if isinstance(event, Claimed)]


async def test_an_attempt_that_a_greater_claim_has_is_let_go_of_or_submitted_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.run("one")
    id = await world.launch()
    await until(lambda: world.executor.submitted)
    (attempt,) = world.executor.submitted
    world.executor.report(AttemptUpdate(attempt, 1, "TAKEN", claim=40))
    await until(lambda: len(world.executor.submitted) == 2)  # it is this runner's, so the executor knows an older store
    assert world.executor.specs[-1].claim == 41

    far = 10**15
    assert await world.store.ownership.claim("thief", now=far, lease_us=1, limit=10) == [id]
    world.executor.report(AttemptUpdate(attempt, 1, "TAKEN", claim=50))
    await until(lambda: "was taken over by another runner" in caplog.text)
    assert (world.executor.released, world.executor.cancelled) == ([], [])
    assert len(world.executor.submitted) == 2


async def test_a_job_is_written_with_its_handle_at_once_and_given_to_the_next_runner(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alula.server.runner.turns.STARTED_WAIT_S", 3600)
    first = await world.run("one")
    id = await world.launch()
    await until(lambda: world.executor.submitted)
    (attempt,) = world.executor.submitted
    before = len(world.store.asked)
    world.executor.report(AttemptUpdate(attempt, 1, "QUEUED", executor="remote", handle=b"job-1"))
    await until(lambda: world.store.asked[before:])
    await first.stop()
    world.runners.clear()

    await world.run("two")
    (spec,) = world.executor.expected
    assert (spec.id, spec.executor, spec.handle) == (attempt, "remote", b"job-1")
    world.executor.report(AttemptUpdate(attempt, 1, "SUCCEEDED", outputs=b"", logs=(LogLink("all", "https://l"),)))
    async with asyncio.timeout(5):
        while not (await world.phase(id)).is_terminal:
            await asyncio.sleep(0)
    (row,) = await world.store.attempts.page(id, attempt.node_id, ATTEMPTS)
    assert (row.phase, row.executor, row.logs) == (AttemptPhase.SUCCEEDED, "remote", (LogLink("all", "https://l"),))


async def test_a_job_that_must_not_run_is_cancelled_by_its_handle(world: World) -> None:
    await world.run("one")
    id = await world.launch()
    await until(lambda: world.executor.submitted)
    (attempt,) = world.executor.submitted
    world.executor.report(AttemptUpdate(attempt, 1, "RUNNING", executor="remote", handle=b"job-1"))
    request = execution_pb2.ExecutionTerminateRequest(id=execution_identifier(id), cause="enough")
    await terminate_execution(world.platform, ADA, request)
    await until(lambda: world.executor.cancelled)
    assert world.executor.handles == [("remote", b"job-1")]


async def test_an_executor_gets_all_that_run_and_task_say_of_an_attempt(world: World) -> None:
    given = task("secretive")
    template = given.spec.template
    template.metadata.interruptible = True
    template.security_context.secrets.add(group="db", key="password")
    template.container.resources.requests.add(name=tasks_pb2.Resources.EPHEMERAL_STORAGE, value="1Ki")
    template.extended_resources.gpu_accelerator.device = "nvidia-a100"
    await create_task(world.platform, ADA, given, Registrant())
    await world.run("one")
    await world.launch(
        task_name="secretive",
        labels={"values": {"team": "a"}},
        annotations={"values": {"why": "b"}},
        security_context={"run_as": {"k8s_service_account": "robot"}},
    )
    await until(lambda: world.executor.specs)
    (spec,) = world.executor.specs
    assert (spec.labels, spec.annotations, spec.run_as) == ({"team": "a"}, {"why": "b"}, RunAs(service_account="robot"))
    assert (spec.interruptible, spec.secrets) == (True, (SecretReference("db", "password"),))
    asked = Amounts(ephemeral_storage_bytes=1024)
    assert spec.resources == Resources(asked, accelerator=Accelerator("nvidia-a100"))


async def test_an_execution_that_comes_back_in_a_claim_is_begun_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another runner had it while the claim was under way, and has made its attempts its own."""
    await world.run("one")
    id = await world.launch()
    await until(lambda: world.executor.submitted)
    claim = world.store.ownership.claim

    async def claim_late(owner: str, *, now: int, lease_us: int, **_: object) -> list[ExecutionId]:
        if owner != "thief" and await world.store.ownership.owner(id) == "one":
            await claim("thief", now=10**15, lease_us=1, limit=10)
            await world.store.ownership.release("thief")
        return await claim(owner, now=now, lease_us=lease_us, limit=10)

    monkeypatch.setattr(world.store.ownership, "claim", claim_late)
    await world.launch("two")
    await until(lambda: len(world.executor.submitted) >= 3)
    attempt = world.executor.submitted[0]
    claims = [spec.claim for spec in world.executor.specs if spec.id == attempt]
    assert world.executor.released == [attempt]
    assert len(claims) == 2 and claims[0] < claims[1]
