"""A simulated executor: attempts take virtual time, leave what they gave with the objects, and may get lost.

It behaves as the process executor does: what it knows of a running attempt dies with it, what an attempt gave stands
beside its outputs and is found again. It keeps the ledger of all that was really done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from tests.simulation.tasks import error_of, outcome_of, outputs_of

from alula.core.errors import TaskError
from alula.core.ids import AttemptId
from alula.server.executor import AttemptSpec, AttemptUpdate, Sink

if TYPE_CHECKING:
    from tests.simulation.host import Host

LATE_S = 30.0
TAKES_S = (0.05, 0.05, 1.0, 10.0, 300.0)
"""How long attempts run; the longest outlive the world's end when nobody stops them."""


@dataclass
class Running:
    spec: AttemptSpec
    end: asyncio.TimerHandle | None = None


@dataclass
class Record:
    """What an attempt left when it ended; kept with its objects."""

    phase: str
    outputs: bytes | None = None
    futures: bytes | None = None
    error: TaskError | None = None
    at: int = 0
    """When it ended, by the clock of its host then."""


class SimulatedExecutor:
    def __init__(self, host: Host) -> None:
        self._host = host
        self._world = host.world
        self._running: dict[AttemptId, Running] = {}
        self._gone: set[AttemptId] = set()
        self._sink: Sink | None = None
        self._life = ""
        self._is_reconciled = False
        """Whether the runner knows what runs: before that it can't make anything of an update."""

    @property
    def running(self) -> Collection[AttemptId]:
        return self._running.keys()

    def begin(self, life: str, sink: Sink) -> None:
        """A new life of the host's runner: attempts of the last one that still run are adopted or stopped by it."""
        self._life, self._sink, self._is_reconciled = life, sink, False

    def end(self, life: str) -> None:
        if self._life == life:
            self._sink = None

    def host_died(self) -> None:
        self._sink = None
        for attempt in self._gone:
            self._world.ledger.ended(attempt, self._host.name, "died")
        self._gone.clear()
        if self._world.faults.executors_die:
            for attempt in list(self._running):
                self._stop(attempt, "died")

    def submit(self, spec: AttemptSpec) -> None:
        if spec.id in self._running:
            return
        record = self._world.records.get(spec.id)
        if record is not None:
            self._tell(spec.id, record)
            return
        loop, world = asyncio.get_running_loop(), self._world
        inputs = world.blobs.whole(spec.inputs).SerializeToString()
        spec = msgspec.structs.replace(spec, inputs=inputs)
        running = self._running[spec.id] = Running(spec)
        world.ledger.started(spec.id, self._host.name)
        world.interrupted.discard(spec.id)
        self._send(AttemptUpdate(spec.id, self._host.clock(), "RUNNING", where=self._host.name))
        tried = world.tried(spec.id)
        outcome = outcome_of(world.behaviour, spec, tried)
        if outcome == "hang":
            return
        takes_s = world.random.choice(TAKES_S) * world.random.uniform(0.5, 1.5)
        if world.may_lose(spec.id):
            running.end = loop.call_later(takes_s, self._lose, spec)
        elif outcome == "ok":
            running.end = loop.call_later(takes_s, self._succeed, spec)
        else:
            running.end = loop.call_later(takes_s, self._finish, spec, Record("FAILED", error=error_of(outcome)))

    def cancel(self, attempt: AttemptId) -> None:
        if attempt in self._running:
            self._stop(attempt, "cancelled")

    def release(self, attempts: Collection[AttemptId]) -> None:
        """Each host has processes of its own: nobody else can go on with them."""
        for attempt in attempts:
            self.cancel(attempt)

    def acknowledge(self, attempts: Collection[AttemptId]) -> None:
        for attempt in attempts:
            if not self._world.is_known_to_have_ended(attempt):
                self._world.violated(f"I5: the end of {attempt} was acknowledged and is not durable")
            if attempt not in self._running:
                self._world.records.pop(attempt, None)

    def reconcile(self, expected: Collection[AttemptSpec]) -> None:
        self._is_reconciled = True
        wanted = {spec.id for spec in expected}
        for attempt in [each for each in self._running if each not in wanted]:
            self._stop(attempt, "cancelled")
        for spec in expected:
            if spec.id in self._running:
                if self._world.is_known_to_run(spec.id) and self._world.random.random() < 0.5:
                    continue  # it is adopted, and there is nothing new to say
                self._send(AttemptUpdate(spec.id, self._host.clock(), "RUNNING", where=self._host.name))
            else:
                self.submit(spec)

    def _stop(self, attempt: AttemptId, how: str) -> None:
        running = self._running.pop(attempt)
        if running.end is not None:
            running.end.cancel()
        self._world.ledger.ended(attempt, self._host.name, how)

    def _lose(self, spec: AttemptSpec) -> None:
        """It is gone and has left nothing: who does not listen to this one update has it started again."""
        del self._running[spec.id]
        self._world.lost(spec.id)
        if self._sink is None or not self._is_reconciled:
            self._world.ledger.ended(spec.id, self._host.name, "died")
        else:
            self._world.ledger.ended(spec.id, self._host.name, "lost")
            self._gone.add(spec.id)
            self._deliver(self._sink, AttemptUpdate(spec.id, self._host.clock(), "FAILED", error=error_of("system")))

    def _succeed(self, spec: AttemptSpec) -> None:
        graph = self._world.library.graphs.get(spec.task.id.name)
        if graph is not None:
            self._finish(spec, Record("SUCCEEDED", futures=graph.SerializeToString(deterministic=True)))
        else:
            self._finish(spec, Record("SUCCEEDED", outputs=outputs_of(spec)))

    def _finish(self, spec: AttemptSpec, record: Record) -> None:
        del self._running[spec.id]
        if self._world.ran_on(spec.id):
            self._world.violated(f"I7: {spec.id} ran on after its execution had ended")
        # Another host may have run it too, and left its record first: what stands is not replaced.
        record.at = self._host.clock()
        record = self._world.records.setdefault(spec.id, record)
        self._world.ledger.ended(spec.id, self._host.name, record.phase)
        self._world.happened(spec.id.execution)
        self._tell(spec.id, record)

    def _tell(self, attempt: AttemptId, record: Record) -> None:
        update = AttemptUpdate(
            attempt,
            record.at,
            record.phase,  # type: ignore[arg-type]
            outputs=record.outputs,
            futures=record.futures,
            error=record.error,
        )
        self._send(update)

    def _send(self, update: AttemptUpdate) -> None:
        """To whoever listens now; when nobody does it is gone, and only the record is left."""
        world = self._world
        if self._sink is None:
            return
        for _ in range(2 if world.hit("update_twice") else 1):
            delay_s = world.random.uniform(0, LATE_S) if world.hit("update_late") else 0.0
            asyncio.get_running_loop().call_later(delay_s, self._deliver, self._sink, update)

    def _deliver(self, sink: Sink, update: AttemptUpdate) -> None:
        life = self._host.life
        if sink is not self._sink or life is None:
            return
        now = asyncio.get_running_loop().time()
        if now < life.resume_at:
            asyncio.get_running_loop().call_later(life.resume_at - now, self._deliver, sink, update)
        else:
            sink(update)
