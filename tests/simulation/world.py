"""One simulated world from a seed: hosts with runners on one store, people who launch, answer and abort, faults."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

from flyteidl.admin import execution_pb2, launch_plan_pb2, signal_pb2, task_pb2, workflow_pb2
from flyteidl.core import identifier_pb2, literals_pb2
from tests.attempts.cluster import Cluster, Record
from tests.graphs import identifier, integer
from tests.objects.memory import MemoryBlobs
from tests.simulation.breaking import Breaking, Broken
from tests.simulation.duties import CONSUMER, Heard
from tests.simulation.executor import SHARED, Machine
from tests.simulation.faults import Faults
from tests.simulation.feeds import Feeds
from tests.simulation.host import Host, Port
from tests.simulation.ledger import Ledger
from tests.simulation.oracle import check_end
from tests.simulation.outage import Outage
from tests.simulation.reference import Reference
from tests.simulation.tasks import Behaviour
from tests.simulation.watched_store import WatchedStore
from tests.simulation.workflows import make_library

from alula.core.engine import events as facts
from alula.core.engine.records import AttemptPhase, NodePhase
from alula.core.errors import AlreadyExists, FailedPrecondition, InvalidInput, ResourceExhausted, Unavailable
from alula.core.ids import AttemptId, ExecutionId
from alula.server.access import EverybodyMay
from alula.server.identity import Caller
from alula.server.logs.objects import ObjectLogs
from alula.server.runner.lease import LEASE_US
from alula.server.services.abort import terminate_execution
from alula.server.services.launch import create_execution
from alula.server.services.messages.names import execution_id, execution_identifier
from alula.server.services.platform import Platform
from alula.server.services.recover import FORK_NODES, Fork, fork_execution, recover_execution
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.services.signals import set_signal
from alula.server.services.watch import Hub
from alula.server.store.audits import Audit
from alula.server.store.log import Commit
from alula.server.store.projects import ProjectRecord
from alula.server.store.query import Query
from alula.server.stores.memory.adapter import MemoryStore

EPOCH_US = 1_700_000_000_000_000
PATIENCE_S = 72 * 3600.0
"""After the last fault, by when everything must have ended."""
SETTLE_S = 60.0
TIMEOUT_S = 2 * 3600
"""Of tasks and gates that have one, after all that faults cost: only what hangs meets it."""
ORPHAN_S = 60.0
"""What is left of an execution that has ended is gone then, if all goes well: a paused host has its own to wait for."""
STEPS_MAX = 2_000_000
"""Calls of store and blobs in one world after the last fault: more is going round in circles."""
FAILING_S = 300.0
"""How long a single object fails, at most."""
JUMP_MAX_US = 1_800_000_000
"""How far a clock may be off where its host may die: less than any timeout."""
OFTEN = 0.5
"""What strikes more often at some places than at others strikes no more often than this: else nothing ever ends."""
AGAIN = 0.3
"""How many executions are recovered or forked when they have ended."""
ADA = Caller("ada")


class World:
    def __init__(self, seed: int, faults: Faults) -> None:
        self.seed = seed
        self.faults = faults
        self.random = Random(f"world-{seed}")
        shape = Random(f"shape-{seed}")
        self.library = make_library(shape, timeout_s=TIMEOUT_S + 2 * round(faults.until_s))
        self.max_parallelism = shape.choice((0, 0, 1, 2, 5))
        self.inline_max_bytes = shape.choice((0, 0, 6, 12))
        """Numbers take 6 bytes, lists more."""
        hangs = self.max_parallelism == 0
        self.behaviour = Behaviour(seed, shape.choice((0, 0, 20, 60)), shape.choice((0, 300, 700)), hangs=hangs)
        self.reference = Reference(self.library, self.behaviour)
        self.violations: list[str] = []
        self.started_s = 0.0
        """When a host last began to serve."""
        self._ended_s: dict[tuple[ExecutionId, str], float] = {}
        """When the end of a node was committed, or with "" that of its execution: rows go by clocks that jump."""
        self.notes: list[str] = []
        store = MemoryStore(clock=lambda: self.now_us)
        # A runner that stands still between asking for the time and going by it has a lease as much too short.
        slack_us = 2 * LEASE_US if faults.pause or faults.request_late else 2 * round(faults.latency_s * 1_000_000)
        self.feeds = Feeds(store, self.violated, seed)
        self.store = WatchedStore(store, self.violated, self.feeds, lease_slack_us=slack_us)
        self.store.on_commit.append(self._committed)
        self.blobs = MemoryBlobs()
        self.breaking = Breaking(self)
        self.heard = Heard(self)
        self.ledger = Ledger(self._attempt_started)
        self.records: dict[AttemptId, Record] = {}
        """What attempts left on hosts, with their objects."""
        self.with_job: set[str] = set()
        """Attempts that have a handle by which they are found again, as is durable."""
        self.cluster: Cluster | None = Machine(self, None).cluster() if faults.shared else None
        """The one that all hosts share."""
        self._failing_until_s: dict[str, float] = {}
        """Of each object that was used, until when it can't be."""
        self.outage = Outage()
        self.away_until_s = 0.0
        """Until then it can't be reached."""
        self.under_way_until_s = 0.0
        """Until then requests to it are under way that are late."""
        self._interrupted: set[AttemptId] = set()
        self._last_on: dict[AttemptId, str] = {}
        """The host where an attempt was started last, which may not be the only one that runs it."""
        self._lost_nodes: set[tuple[ExecutionId, str, int]] = set()
        self.launched: set[ExecutionId] = set()
        self.may_abort: set[ExecutionId] = set()
        self._hasty: set[ExecutionId] = set()
        """Executions that somebody aborted at the moment of their end."""
        self.hosts: list[Host] = []
        self.steps = 0
        self._people: set[asyncio.Task[None]] = set()
        self._progress = asyncio.Event()
        self._awaited: dict[ExecutionId, list[Any]] = {}
        """How many things must yet happen to an execution, and the event that tells somebody that they have."""
        self._asked: set[tuple[ExecutionId, str]] = set()
        self._settling = False
        """All has ended, and what faults left behind is being cleared away: none come now."""

    # What hosts and executors ask

    @property
    def now_us(self) -> int:
        return EPOCH_US + round(asyncio.get_running_loop().time() * 1_000_000)

    @property
    def faulty(self) -> bool:
        return not self._settling and asyncio.get_running_loop().time() < self.faults.until_s

    def hit(self, fault: str, *, times: float = 1) -> bool:
        """Whether a fault strikes here, where it is so many times as likely as elsewhere."""
        likely = getattr(self.faults, fault)
        return bool(likely) and self.faulty and self.random.random() < min(likely * times, max(likely, OFTEN))

    def note(self, text: str) -> None:
        self.notes.append(f"{asyncio.get_running_loop().time():12.3f} {text}")

    def violated(self, what: str, error: BaseException | None = None) -> None:
        if error is not None:
            what += "\n" + "".join(traceback.format_exception(error))
        self.note(f"VIOLATED {what}")
        self.violations.append(what)
        self._progress.set()

    def check(self) -> None:
        if self.faulty:
            return  # where a store that fails at every turn keeps a runner from starting for as long as that lasts
        self.steps += 1
        if self.steps == STEPS_MAX:
            self.violated("I11: going round in circles")

    def tried(self, attempt: AttemptId) -> int:
        """Earlier attempts of the node that came to an end of their own."""
        return sum(attempt._replace(attempt=n) not in self._interrupted for n in range(attempt.attempt))

    def is_known_to_run(self, attempt: AttemptId) -> bool:
        """Whether it is durable that the attempt runs."""
        kept = self.store.runs[attempt.execution]
        if attempt.index >= 0:
            item = kept.items[attempt.node_id, attempt.index]
            return item.attempt == attempt.attempt and item.phase is AttemptPhase.RUNNING
        return kept.attempts[attempt.node_id, attempt.attempt].phase is AttemptPhase.RUNNING

    def is_known_to_have_ended(self, attempt: AttemptId) -> bool:
        """Whether it is durable that the attempt has ended."""
        kept = self.store.runs[attempt.execution]
        if attempt.index >= 0:
            item = kept.items[attempt.node_id, attempt.index]
            return item.attempt > attempt.attempt or (item.attempt == attempt.attempt and item.phase.is_terminal)
        return kept.attempts[attempt.node_id, attempt.attempt].phase.is_terminal

    def must_not_run(self, attempt: AttemptId) -> bool:
        """Whether it is durable that the attempt is over, or its execution, or not that it was ever begun: a commit
        that is refused may begin an attempt and cancel it."""
        kept = self.store.runs[attempt.execution]
        begun = kept.items if attempt.index >= 0 else kept.attempts
        key = (attempt.node_id, attempt.index if attempt.index >= 0 else attempt.attempt)
        return kept.record.phase.is_terminal or key not in begun or self.is_known_to_have_ended(attempt)

    def may_be_forgotten(self, attempt: AttemptId) -> bool:
        """Whether it has a job that nobody can know after a crash: one that can't be listed, with a handle that did not
        become durable."""
        return self.faults.handles and str(attempt) not in self.with_job

    def object_fails(self, uri: str) -> bool:
        now_s = asyncio.get_running_loop().time()
        if uri not in self._failing_until_s:
            self._failing_until_s[uri] = now_s + self.random.uniform(0, FAILING_S) if self.hit("object_fails") else 0.0
        return now_s < self._failing_until_s[uri]

    def may_lose(self, attempt: AttemptId) -> bool:
        node = (attempt.execution, attempt.node_id, attempt.index)
        return node not in self._lost_nodes and self.hit("lost")

    def lost(self, attempt: AttemptId, host: str) -> None:
        self._lost_nodes.add((attempt.execution, attempt.node_id, attempt.index))
        self.note(f"{attempt} is lost on {host}")
        if self._last_on[attempt] == host:  # else the end that counts is that of the host which runs it now
            self._interrupted.add(attempt)

    def _attempt_started(self, attempt: AttemptId, host: str) -> None:
        """I2: nothing starts before the decision that starts it is durable. I5, I6: nothing that is done, starts."""
        self.note(f"{attempt} starts on {host}")
        self._last_on[attempt] = host
        self._interrupted.discard(attempt)
        kept = self.store.runs[attempt.execution]
        if attempt.index >= 0:
            item = kept.items.get((attempt.node_id, attempt.index))
            known = item is not None and item.attempt >= attempt.attempt
            phase = item.phase.name if item is not None and item.attempt == attempt.attempt else ""
        else:
            row = kept.attempts.get((attempt.node_id, attempt.attempt))
            known, phase = row is not None, row.phase.name if row is not None else ""
        if not known:
            self.violated(f"I2: {attempt} starts before its start is durable")
        if phase == "SUCCEEDED" and (host == SHARED or kept.owner.startswith(f"{host}-")):
            self.violated(f"I5: {attempt} starts again after its success was committed")
        if self._was_done_before(attempt):
            self.violated(f"I5: {attempt} starts although it had succeeded where it is recovered from")
        if self._is_orphan(attempt.execution):
            self.violated(f"I7: {attempt} starts although nobody waits for its execution any more")
        if self.ledger.starts[attempt] > self.ledger.killed[attempt] and (host == SHARED or self.faults.hosts == 1):
            self.violated(f"I6: {attempt} starts again although it did not die")

    def _is_orphan(self, id: ExecutionId) -> bool:
        """Whether the node that launched it ended longer ago than it takes to notice, once all goes well."""
        spec = execution_pb2.ExecutionSpec.FromString(self.store.runs[id].record.spec)
        if not spec.metadata.HasField("parent_node_execution"):
            return False
        node = spec.metadata.parent_node_execution
        parent = execution_id(node.execution_id)
        if node.node_id not in self.store.runs[parent].nodes:
            self.violated(f"I2: {id} was launched before the node that launches it was durable")
            return False
        return self._ended_long_ago(parent, node.node_id)

    def ran_on(self, attempt: AttemptId) -> bool:
        """Whether the execution of an attempt that ends now ended longer ago than it takes to stop it."""
        return self._ended_long_ago(attempt.execution)

    def _ended_long_ago(self, id: ExecutionId, node_id: str = "") -> bool:
        """Whether it ended longer ago than it takes to clear away what it left, and all has gone well meanwhile."""
        now_s = asyncio.get_running_loop().time()
        well_since_s = max(self.faults.until_s, self.started_s)
        return now_s - max(self._ended_s.get((id, node_id), now_s), well_since_s) > ORPHAN_S

    def _was_done_before(self, attempt: AttemptId) -> bool:
        """Whether it succeeded in the execution that this one recovers."""
        spec = execution_pb2.ExecutionSpec.FromString(self.store.runs[attempt.execution].record.spec)
        is_fork = FORK_NODES in spec.annotations.values
        if is_fork or not spec.metadata.HasField("reference_execution") or attempt.node_id.endswith("fn0"):
            return False
        kept = self.store.runs[execution_id(spec.metadata.reference_execution)]
        if attempt.index >= 0:
            item = kept.items.get((attempt.node_id, attempt.index))
            return item is not None and item.phase is AttemptPhase.SUCCEEDED
        row = kept.nodes.get(attempt.node_id)
        return row is not None and row.phase in (NodePhase.SUCCEEDED, NodePhase.RECOVERED)

    # The course of things

    async def run(self) -> None:
        """From registration to the end of all executions, and what must hold then."""
        handler = _Errors(self)
        logger = logging.getLogger("alula")
        logger.addHandler(handler)
        propagates, logger.propagate = logger.propagate, False
        try:
            await self._register()
            self.hosts = [Host(self, number) for number in range(self.faults.hosts)]
            for host in self.hosts:
                self._go(host.live())
            for number in range(self.random.randint(1, 3)):
                self._go(self._launch(f"e{number}"), name="person")
            if self.faults.clock_jump_s:
                self._go(self._jump())
            with self.breaking.in_the_engine():
                await self._until_settled()
            await self.heard.check_end()
            await self.feeds.check_end()
            await check_end(self)
        finally:
            logger.removeHandler(handler)
            logger.propagate = propagates

    async def _until_settled(self) -> None:
        """Until all has ended and stays so: a child may yet come whose launch was under way when its parent ended."""
        loop = asyncio.get_running_loop()
        deadline = self.faults.until_s + PATIENCE_S
        while not self.violations and loop.time() < deadline:
            await self._until_ended(deadline)
            self._settling = True
            if not self.violations:
                quiet_s = max(self.away_until_s, self.under_way_until_s, loop.time())
                await asyncio.sleep(quiet_s - loop.time() + SETTLE_S)
            if self._all_ended():
                return
            self._settling = False

    def _all_ended(self) -> bool:
        kept = self.store.runs.values()
        return bool(kept) and all(one.record.phase.is_terminal for one in kept)

    async def _until_ended(self, deadline: float) -> None:
        loop = asyncio.get_running_loop()
        while not self.violations:
            self._progress.clear()
            idle = loop.time() >= min(self.faults.until_s, 120.0)
            if idle and self._all_ended() and not self._people_busy():
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(min(deadline, loop.time() + 60.0)):
                    await self._progress.wait()
            if loop.time() >= deadline:
                self.note("out of patience")
                return

    def _people_busy(self) -> bool:
        return any(task.get_name() == "person" for task in self._people)

    def _go(self, work: Any, *, name: str = "") -> None:
        # A context of its own: what a commit sets off does not die with who committed.
        task = asyncio.create_task(work, name=name or "world", context=contextvars.Context())
        self._people.add(task)
        task.add_done_callback(self._went)

    def _went(self, task: asyncio.Task[None]) -> None:
        self._people.discard(task)
        self._progress.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self.violated("the simulation itself failed", error)

    async def _register(self) -> None:
        platform = self._platform(self.store)
        await self.store.outbox.register(CONSUMER)
        await self.store.projects.put(ProjectRecord("p", "p"), Audit(0, "ada", "create", "project p"))
        for template in self.library.tasks.values():
            request = task_pb2.TaskCreateRequest(id=template.id, spec=task_pb2.TaskSpec(template=template))
            await create_task(platform, ADA, request, Registrant())
        for template, subs in self.library.workflows:
            spec = workflow_pb2.WorkflowSpec(template=template, sub_workflows=subs)
            await create_workflow(platform, ADA, workflow_pb2.WorkflowCreateRequest(id=template.id, spec=spec))
            name = identifier(identifier_pb2.LAUNCH_PLAN, template.id.name)
            plan = launch_plan_pb2.LaunchPlanSpec(workflow_id=template.id)
            await create_launch_plan(platform, ADA, launch_plan_pb2.LaunchPlanCreateRequest(id=name, spec=plan))

    def _platform(self, store: Any) -> Platform:
        return Platform(
            store=store,
            blobs=self.blobs,
            logs=ObjectLogs(self.blobs),
            access=EverybodyMay(),
            hub=Hub(),
            clock=lambda: self.now_us,
            random_bytes=Random(f"names-{self.seed}").randbytes,
            domains=("d",),
            max_parallelism=self.max_parallelism,
            inline_max_bytes=self.inline_max_bytes,
        )

    # People: whatever they do they do again until it is acknowledged, and sometimes once more

    async def _call(self, what: str, call: Callable[[Platform], Awaitable[object]], *fine: type[Exception]) -> bool:
        """Whether it was acknowledged; False when it was refused with one of `fine`."""
        platform = self._platform(Port(self.store, None, self, "store"))
        again = self.hit("call_twice")
        while True:
            try:
                await call(platform)
            except (Unavailable, ResourceExhausted):
                await asyncio.sleep(self.random.uniform(0, 5))
                continue
            except fine as error:
                self.note(f"{what}: {error}")
                return False
            self.note(f"{what}: acknowledged")
            if again:
                with contextlib.suppress(Unavailable, ResourceExhausted, *fine):
                    await call(platform)
            return True

    async def _launch(self, name: str) -> None:
        await asyncio.sleep(self.random.uniform(0, 20))
        request = execution_pb2.ExecutionCreateRequest(
            project="p",
            domain="d",
            name=name,
            spec=execution_pb2.ExecutionSpec(
                launch_plan=identifier(identifier_pb2.LAUNCH_PLAN, self.random.choice(self.library.tops))
            ),
            inputs=literals_pb2.LiteralMap(literals={"x": integer(self.random.randint(0, 2))}),
        )
        request.spec.overwrite_cache = self.random.random() < 0.1
        id = ExecutionId("p", "d", name)
        # An answer that got lost makes the next try find its own execution.
        await self._call(f"launch {id}", lambda platform: create_execution(platform, ADA, request), AlreadyExists)
        self.launched.add(id)
        if self.random.random() < self.faults.abort:
            self._go(self._abort(id), name="person")
        if self.random.random() < AGAIN:
            self._go(self._again(id, f"{name}-again"), name="person")

    async def _again(self, origin: ExecutionId, name: str) -> None:
        """Recover an execution that has ended, or fork it from one of its nodes."""
        while not (await self.store.executions.get(origin)).phase.is_terminal:
            await asyncio.sleep(30.0)
        id = ExecutionId("p", "d", name)
        nodes = [row.node_id for row in await self.store.nodes.page(origin, None, Query(limit=1000))]
        if nodes and self.random.random() < 0.5:
            fork = Fork((self.random.choice(nodes),), name=name)
            self.note(f"fork {origin} from {fork.nodes[0]}")
            await self._call(f"fork {id}", lambda it: fork_execution(it, ADA, origin, fork), AlreadyExists)
        else:
            request = execution_pb2.ExecutionRecoverRequest(id=execution_identifier(origin), name=name)
            await self._call(f"recover {id}", lambda it: recover_execution(it, ADA, request), AlreadyExists)
        self.launched.add(id)
        if self.random.random() < self.faults.abort:
            self._go(self._abort(id), name="person")

    def end_refused(self, ids: Sequence[ExecutionId]) -> None:
        """Executions that have ended in the memory of their runner only: just now somebody may abort them."""
        for id in ids:
            if id in self.launched and id not in self._hasty and self.hit("abort"):
                self._hasty.add(id)
                self._go(self._abort(id, at_once=True), name="person")

    async def _abort(self, id: ExecutionId, *, at_once: bool = False) -> None:
        if at_once:
            pass
        elif self.random.random() < 0.5:
            await asyncio.sleep(self.random.choice((0.01, 1.0, 30.0, 300.0)) * self.random.uniform(0.2, 2))
        else:
            await self._some_things(id)
        self.may_abort.add(id)
        self.note(f"abort {id}")
        request = execution_pb2.ExecutionTerminateRequest(id=execution_identifier(id), cause="enough")

        async def abort(platform: Platform) -> None:
            await terminate_execution(platform, ADA, request)
            kept = await self.store.executions.get(id)
            if not kept.phase.is_terminal:
                self.store.acknowledged_aborts.add(id)

        await self._call(f"abort {id}", abort, FailedPrecondition)

    async def _some_things(self, id: ExecutionId) -> None:
        """Wait until some things have happened to an execution: then is when an abort races with what follows."""
        enough = asyncio.Event()
        self._awaited[id] = [self.random.randint(1, 6), enough]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(300.0):
                await enough.wait()

    def happened(self, id: ExecutionId) -> None:
        """An attempt of an execution ended, or somebody answers a gate of it."""
        awaited = self._awaited.get(id)
        if awaited is not None:
            awaited[0] -= 1
            if awaited[0] == 0:
                awaited[1].set()

    def _note_jobs(self, commit: Commit) -> None:
        for event in map(facts.decode, commit.events):
            if isinstance(event, facts.AttemptProgressed) and event.handle:
                self.with_job.add(event.handle.decode().partition("#")[0])

    def _committed(self, commit: Commit) -> None:
        if self.faults.handles:
            self._note_jobs(commit)
        self._progress.set()
        change = commit.changes.execution
        if change is not None:
            self.note(f"{commit.execution} is {change.phase.name}")
        ended = [node.node_id for node in commit.changes.nodes if node.phase.is_terminal]
        if ended and not self.faulty:  # else it may have been impossible to let go of it
            self._go(self._check_let_go(commit.execution, ended))
        of_all = [""] if change is not None and change.phase.is_terminal else []
        now_s = asyncio.get_running_loop().time()
        self._ended_s.update({(commit.execution, node_id): now_s for node_id in ended + of_all})
        for signal in commit.changes.signals:
            asked = (commit.execution, signal.signal_id)
            if signal.value is None and asked not in self._asked:
                self._asked.add(asked)
                self._go(self._answer(*asked), name="person")

    async def _check_let_go(self, id: ExecutionId, node_ids: Sequence[str]) -> None:
        """I13: nobody waits for the result of a node that has ended."""
        await asyncio.sleep(30.0)  # a reservation may have been on its way
        holders = {f"{id}/{node_id}" for node_id in node_ids}
        held = sorted(holders.intersection(self.store.reservations.holders()))
        if held and not self.store.runs[id].record.phase.is_terminal:
            self.violated(f"I13: {held[0]} has ended and keeps its reservation")

    async def _answer(self, id: ExecutionId, signal_id: str) -> None:
        value = self.reference.answers.value(signal_id, approval=signal_id.endswith("-ok"))
        if value is None:
            return
        await asyncio.sleep(self.random.choice((0.0, 0.0, 5.0, 100.0)) * self.random.random())
        self.happened(id)
        literal = integer(int(value))
        if isinstance(value, bool):
            literal.scalar.primitive.boolean = value
        request = signal_pb2.SignalSetRequest(
            id=identifier_pb2.SignalIdentifier(signal_id=signal_id, execution_id=execution_identifier(id)),
            value=literal,
        )
        await self._call(
            f"answer {signal_id} of {id}",
            lambda platform: set_signal(platform, ADA, request),
            FailedPrecondition,
            InvalidInput,
        )

    async def _jump(self) -> None:
        while self.faulty:
            await asyncio.sleep(self.random.uniform(5, 200))
            host = self.random.choice(self.hosts)
            far_us = round(self.faults.clock_jump_s * 1_000_000)
            if self.faults.crash or host.runner is None:
                # Another life will come, or may, where the store fails at the start of this one. What one life has
                # dated, the next one holds against its own clock.
                far_us = min(far_us, JUMP_MAX_US)
            host.skew_us = self.random.randint(-far_us, far_us)
            self.note(f"the clock of {host.name} jumps to {host.skew_us / 1e6:+.1f} s")


class _Errors(logging.Handler):
    """What the platform logs as an error is a fault of its own, not of the world's."""

    def __init__(self, world: World) -> None:
        super().__init__(logging.ERROR)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Broken):
            return
        self._world.violated(f"logged: {record.getMessage()}", error)
