"""An executor in memory: attempts that live in a cluster, outside of all platforms, and a platform's executor on it.

Its attempts do what `Outside` says. The contract suite holds it to what every executor must do; the simulation lets
platforms live and die on it, with a worse `Channel` between them and the cluster.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from alula.core.engine.usage import Usage
from alula.core.errors import TaskError
from alula.core.ids import AttemptId
from alula.core.literals.offloading import Aside, lightened
from alula.server.executor import AttemptSpec, AttemptUpdate, Sink

INTERRUPTED = TaskError("Interrupted", "the machine went away", kind="SYSTEM", recoverable=True)
How = Literal["SUCCEEDED", "FAILED", "cancelled", "died", "lost", "vanished", "removed"]
"""`lost` is what an executor hears of, `vanished` what none does; `removed` is an end that nobody acknowledged."""


@dataclass
class Record:
    """How an attempt ended; kept until that is acknowledged."""

    phase: Literal["SUCCEEDED", "FAILED"]
    outputs: bytes | None = None
    asides: Sequence[Aside] = ()
    futures: bytes | None = None
    error: TaskError | None = None
    at: int = 0
    owner: str = ""
    handle: bytes = b""
    usage: Usage | None = None


@dataclass
class Course:
    """What an attempt does once it runs."""

    takes_s: float | None
    """None for ever, unless it is stopped or told to end."""
    end: Record | None
    """None if it gets lost, and leaves nothing."""
    usage: Usage | None = None
    """What it uses of its machine."""


@dataclass
class Running:
    spec: AttemptSpec
    owner: str
    course: Course
    timer: asyncio.TimerHandle | None = None
    handle: bytes = b""


class Outside(Protocol):
    """What attempts do, and the witness of what really happens."""

    def clock(self) -> int: ...

    def started(self, spec: AttemptSpec) -> None:
        """An attempt begins, and nobody has been told of it."""
        ...

    def course(self, spec: AttemptSpec) -> Course: ...

    def ended(self, attempt: AttemptId, how: How) -> None: ...


class Channel:
    """How requests and news travel between an executor and its cluster: at once, and once."""

    def request(self, call: Callable[[], None]) -> None:
        """Have the cluster do this, sooner or later; requests keep their order."""
        call()

    async def ask(self, call: Callable[[], None]) -> None:
        """The same, and wait until it is done."""
        call()

    def tell(self, sink: Sink, update: AttemptUpdate) -> None:
        asyncio.get_running_loop().call_soon(sink, update)


class Cluster:
    """Attempts and the ends of those that are over, by id.

    With `hands_over` it is shared by all platforms. Without, it is of one machine and goes with its platform: what is
    released is stopped, and ends lie in `records`, where others may find them. With `names_jobs` it finds an attempt by
    the handle only that it gave it: whoever asks without gets a new one, and what was there comes to nothing. It can't
    tell then what is there.
    """

    def __init__(
        self,
        outside: Outside,
        *,
        name: str = "cluster",
        hands_over: bool = True,
        records: dict[AttemptId, Record] | None = None,
        names_jobs: bool = False,
    ) -> None:
        self.name = name
        self.hands_over = hands_over
        self.names_jobs = names_jobs
        self._jobs = 0
        """How many jobs have had a name."""
        self.running: dict[AttemptId, Running] = {}
        self.records: dict[AttemptId, Record] = {} if records is None else records
        self.claims: dict[AttemptId, int] = {}
        """The greatest claim of each attempt, also of those that are gone: a real cluster forgets these."""
        self.followers: list[ClusterExecutor] = []
        self._outside = outside

    def now(self) -> int:
        return self._outside.clock()

    def refuses(self, attempt: AttemptId, claim: int) -> bool:
        """Whether a greater claim has the attempt; else this one has it."""
        greatest = self.claims.get(attempt, 0)
        if self.hands_over and not self.names_jobs and claim and claim < greatest:
            return True
        self.claims[attempt] = max(claim, greatest)
        return False

    def create(self, spec: AttemptSpec, owner: str) -> None:
        """Have an attempt run, unless it does or did; it belongs to who asked for it last."""
        if self.names_jobs:
            self._find(spec)
        if (record := self.records.get(spec.id)) is not None:
            record.owner = owner
            self.stop(spec.id, "cancelled")  # it ended on another machine, and is not to run on here
        elif (running := self.running.get(spec.id)) is not None:
            running.owner = owner
        elif (error := refusal(spec)) is not None:
            self.records[spec.id] = Record("FAILED", error=error, at=self.now(), owner=owner)
        else:
            self._start(spec, owner)

    def _find(self, spec: AttemptSpec) -> None:
        """Leave only the job of this handle; one that is gone has failed."""
        handle = self.handle_of(spec.id)
        if handle != spec.handle and handle:
            self.stop(spec.id, "died")
            if self.records.pop(spec.id, None) is not None:
                self._outside.ended(spec.id, "removed")
        if handle != spec.handle and spec.handle:
            self.records[spec.id] = Record("FAILED", error=INTERRUPTED, at=self.now(), handle=spec.handle)

    def handle_of(self, attempt: AttemptId) -> bytes:
        """The name of its job; empty if there is none, or it needs no name."""
        job = self.records.get(attempt) or self.running.get(attempt)
        return job.handle if job is not None else b""

    def _new_name(self, attempt: AttemptId) -> bytes:
        self._jobs += 1
        return f"{attempt}#{self._jobs}".encode() if self.names_jobs else b""

    def _start(self, spec: AttemptSpec, owner: str) -> None:
        self._outside.started(spec)
        name = self._new_name(spec.id)
        running = self.running[spec.id] = Running(spec, owner, Course(None, None), handle=name)
        for follower in self.followers:
            follower.runs(spec.id)
        running.course = course = self._outside.course(spec)
        if course.takes_s is not None:
            running.timer = asyncio.get_running_loop().call_later(course.takes_s, self.end, spec.id)

    def end(self, attempt: AttemptId) -> None:
        """It ends by itself."""
        running = self.running[attempt]
        record = running.course.end
        if record is None:
            self._lose(attempt)
            return
        if record.outputs is not None:
            record.outputs, record.asides = lightened(record.outputs, running.spec.offload)
        self.stop(attempt, record.phase)
        record.at, record.owner, record.handle = self.now(), running.owner, running.handle
        record.usage = running.course.usage
        # Where it has also run on another machine, the end that was there first stands.
        record = self.records.setdefault(attempt, record)
        for follower in self.followers:
            follower.ended(attempt, record)

    def _lose(self, attempt: AttemptId) -> None:
        """It leaves nothing: an executor that does not hear of it now finds no trace, and starts it again."""
        followers = [follower for follower in self.followers if follower.follows(attempt)]
        self.stop(attempt, "lost" if followers else "vanished")
        for follower in followers:
            follower.lost(attempt)

    def stop(self, attempt: AttemptId, how: How) -> None:
        running = self.running.pop(attempt, None)
        if running is not None:
            if running.timer is not None:
                running.timer.cancel()
            self._outside.ended(attempt, how)

    def delete(self, attempt: AttemptId, handle: bytes = b"") -> None:
        """Nothing of it is to stay, whoever it belongs to."""
        if self.handle_of(attempt) != handle:
            return  # there is no such job
        self.stop(attempt, "cancelled")
        if self.hands_over and self.records.pop(attempt, None) is not None:
            self._outside.ended(attempt, "removed")

    def forget(self, attempt: AttemptId) -> None:
        if attempt not in self.running:
            self.records.pop(attempt, None)

    def sweep(self, owner: str, expected: Collection[AttemptId]) -> None:
        """Delete what a platform has here and does not expect."""
        if self.names_jobs:
            return
        found = {id: running.owner for id, running in self.running.items()}
        if self.hands_over:
            found |= {id: record.owner for id, record in self.records.items()}
        for id, of in found.items():
            if of == owner and id not in expected:
                self.delete(id, self.handle_of(id))


class ClusterExecutor:
    """One life of a platform's executor on a cluster. Keeps nothing that the next life needs."""

    def __init__(self, cluster: Cluster, channel: Channel | None = None) -> None:
        self._cluster = cluster
        self._channel = channel or Channel()
        self._sink: Sink | None = None
        self._owner = ""
        self.followed: set[AttemptId] = set()
        self._adopted: set[AttemptId] = set()
        """Those whose request has arrived. Until then one that is there is another's, and nothing is told of it."""
        self.announced: set[AttemptId] = set()
        """Those that were reported to run."""
        self._handles: dict[AttemptId, bytes] = {}
        """The names of the jobs that it had made: those that were there before, the platform knows."""
        self._lost: set[AttemptId] = set()
        """Those that were reported to be lost: what asked for them is not asked again."""

    # The contract

    @property
    def names_jobs(self) -> bool:
        return self._cluster.names_jobs

    async def start(self, sink: Sink) -> None:
        self._sink = sink
        self._cluster.followers.append(self)

    async def stop(self) -> None:
        self._sink = None
        self._cluster.followers.remove(self)

    def submit(self, spec: AttemptSpec) -> None:
        self.followed.add(spec.id)
        self._lost.discard(spec.id)
        self._channel.request(functools.partial(self._create, spec))

    def cancel(
        self, attempt: AttemptId, *, incarnation: str = "", claim: int = 0, executor: str = "", handle: bytes = b""
    ) -> None:
        self._leave(attempt)
        self._channel.request(functools.partial(self._delete, attempt, claim, handle))

    async def end_job(self, attempt: AttemptId, *, incarnation: str, executor: str, handle: bytes) -> None:
        self._leave(attempt)
        await self._channel.ask(functools.partial(self._cluster.delete, attempt, handle))

    def release(self, attempts: Collection[AttemptId]) -> None:
        for attempt in attempts:
            self._leave(attempt)
            if not self._cluster.hands_over:
                self._cluster.stop(attempt, "cancelled")

    def acknowledge(self, attempts: Collection[AttemptId]) -> None:
        for attempt in attempts:
            self._leave(attempt)
            self._channel.request(functools.partial(self._cluster.forget, attempt))

    def usage(self, attempt: AttemptId) -> Usage | None:
        running = self._cluster.running.get(attempt)
        return running.course.usage if running is not None and attempt in self.followed else None

    async def reconcile(
        self, expected: Collection[AttemptSpec], *, owner: str, spared: Collection[AttemptId] = ()
    ) -> None:
        self._owner = owner
        wanted = {*spared, *(spec.id for spec in expected)}
        for attempt in self.followed - wanted:
            self._leave(attempt)
        await self._channel.ask(functools.partial(self._cluster.sweep, owner, wanted))
        for spec in expected:
            self.submit(spec)

    # What the cluster tells

    def follows(self, attempt: AttemptId) -> bool:
        return attempt in self._adopted

    def runs(self, attempt: AttemptId) -> None:
        if attempt in self._adopted and attempt not in self.announced:
            self.announced.add(attempt)
            now, handle = self._cluster.now(), self._cluster.handle_of(attempt)
            if handle:
                self._tell(AttemptUpdate(attempt, now, "INITIALIZING", reason="it is prepared", handle=handle))
            self._tell(AttemptUpdate(attempt, now, "RUNNING", where=self._cluster.name, handle=handle))

    def ended(self, attempt: AttemptId, record: Record) -> None:
        if attempt in self._adopted:
            self.announced.discard(attempt)
            self._tell(
                AttemptUpdate(
                    attempt,
                    record.at,
                    record.phase,
                    outputs=record.outputs,
                    asides=record.asides,
                    futures=record.futures,
                    error=record.error,
                    usage=record.usage,
                )
            )

    def lost(self, attempt: AttemptId) -> None:
        self.ended(attempt, Record("FAILED", error=INTERRUPTED, at=self._cluster.now()))
        self._lost.add(attempt)

    def _create(self, spec: AttemptSpec) -> None:
        if spec.id not in self.followed or spec.id in self._lost:
            return  # it is not wanted any more, or was here already
        made = self._handles.get(spec.id)
        if made is not None:
            spec = msgspec.structs.replace(spec, handle=made)
        if self._cluster.refuses(spec.id, spec.claim):
            greatest = self._cluster.claims[spec.id]
            self._tell(AttemptUpdate(spec.id, self._cluster.now(), "TAKEN", claim=greatest))
            return
        self._adopted.add(spec.id)
        self._cluster.create(spec, self._owner)
        if not spec.handle:
            self._handles[spec.id] = self._cluster.handle_of(spec.id)
        if (record := self._cluster.records.get(spec.id)) is not None:
            self.ended(spec.id, record)
        else:
            self.runs(spec.id)

    def _delete(self, attempt: AttemptId, claim: int, handle: bytes) -> None:
        if not self._cluster.refuses(attempt, claim):
            self._cluster.delete(attempt, self._handles.pop(attempt, handle))

    def _leave(self, attempt: AttemptId) -> None:
        self.followed.discard(attempt)
        self._adopted.discard(attempt)
        self.announced.discard(attempt)

    def _tell(self, update: AttemptUpdate) -> None:
        if self._sink is not None:
            self._channel.tell(functools.partial(self._hand, self._sink), update)

    def _hand(self, sink: Sink, update: AttemptUpdate) -> None:
        if sink is self._sink and update.id in self.followed:
            if update.phase == "TAKEN":
                self._leave(update.id)
            sink(update)


def refusal(spec: AttemptSpec) -> TaskError | None:
    """Why a cluster would not take an attempt, if so."""
    asked = spec.resources.requests
    if asked.cpu_millicores < 0 or asked.memory_bytes < 0:
        return TaskError("InvalidResources", "an attempt can't ask for less than nothing")
    words = [*spec.task.container.command, *spec.task.container.args, *spec.environment, *spec.environment.values()]
    if any("\0" in word for word in words):
        return TaskError("BadCommand", "a command and its variables can't hold a NUL")
    return None
