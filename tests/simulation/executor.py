"""The executors of a simulated world: clusters whose attempts take virtual time, and the ways to them.

Either each host has one of its own, as the process executor does: what runs there dies with it, what an attempt gave
stands beside its outputs and is found again. Or all hosts share one, which outlives them: answers get lost on the way
there, and at times it can't be reached at all. The ledger is kept of all that was really done.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from tests.attempts.cluster import Channel, Cluster, Course, How, Record
from tests.simulation.tasks import error_of, outcome_of, outputs_of, usage_of

from alula.core.ids import AttemptId
from alula.server.executor import AttemptSpec, AttemptUpdate, Sink

if TYPE_CHECKING:
    from tests.simulation.host import Host, Life
    from tests.simulation.world import World

LATE_S = 30.0
TAKES_S = (0.05, 0.05, 1.0, 10.0, 300.0)
"""How long attempts run; the longest outlive the world's end when nobody stops them."""
AWAY_S = 120.0
"""How long the shared cluster can't be reached, at most."""
UNDER_WAY_S = 120.0
"""How long a request is under way, at most."""
RETRY_S = 1.0
SHARED = "cluster"


class Machine:
    """Where attempts run: a host, or what all hosts share."""

    def __init__(self, world: World, host: Host | None) -> None:
        self._world = world
        self._host = host
        self.name = host.name if host is not None else SHARED
        self._gone: set[AttemptId] = set()
        """Attempts that got lost, as a living runner of this host was told."""

    def cluster(self) -> Cluster:
        if self._host is None:
            return Cluster(self, name=self.name, names_jobs=self._world.faults.handles)
        return Cluster(
            self,
            name=self.name,
            hands_over=False,
            records=self._world.records,
            names_jobs=self._world.faults.handles,
        )

    def host_died(self, cluster: Cluster) -> None:
        """The runner of this host has died: nobody knows any more what it was told."""
        for attempt in self._gone:
            self._world.ledger.ended(attempt, self.name, "died")
        self._gone.clear()
        if self._world.faults.executors_die:
            for attempt in list(cluster.running):
                cluster.stop(attempt, "died")

    # What its cluster asks

    def clock(self) -> int:
        return self._host.clock() if self._host is not None else self._world.now_us

    def started(self, spec: AttemptSpec) -> None:
        if str(spec.id) in self._world.with_job:
            self._world.violated(f"I16: {spec.id} has a job whose handle is durable, and is given another")
        self._world.ledger.started(spec.id, self.name)

    def course(self, spec: AttemptSpec) -> Course:
        world = self._world
        spec = msgspec.structs.replace(spec, inputs=world.blobs.whole(spec.inputs).SerializeToString())
        usage = usage_of(world.seed, spec.id)
        outcome = outcome_of(world.behaviour, spec, world.tried(spec.id))
        if outcome == "hang":
            return Course(None, None, usage)
        takes_s = world.random.choice(TAKES_S) * world.random.uniform(0.5, 1.5)
        if world.may_lose(spec.id):
            return Course(takes_s, None, usage)
        if outcome != "ok":
            return Course(takes_s, Record("FAILED", error=error_of(outcome)), usage)
        graph = world.library.graphs.get(spec.task.id.name)
        if graph is not None:
            futures = graph.SerializeToString(deterministic=True)
            return Course(takes_s, Record("SUCCEEDED", futures=futures), usage)
        return Course(takes_s, Record("SUCCEEDED", outputs=outputs_of(spec)), usage)

    def ended(self, attempt: AttemptId, how: How) -> None:
        world = self._world
        if how in ("lost", "vanished"):
            world.lost(attempt, self.name)
            if self._host is None:
                how = "vanished"  # the runner that heard of it may have lost the execution, or may die first
            elif how == "lost":
                self._gone.add(attempt)
        elif how in ("SUCCEEDED", "FAILED"):
            if world.ran_on(attempt) and not world.may_be_forgotten(attempt):
                world.violated(f"I7: {attempt} ran on after its execution had ended")
            world.happened(attempt.execution)
        world.ledger.ended(attempt, self.name, how)


class NearBy(Channel):
    """From a runner to the executor of its own host: requests are done at once, news may be late or come twice.

    What is late for a runner that dies or stands still never comes, or when it goes on.
    """

    def __init__(self, life: Life) -> None:
        self._life = life
        self._world = life.host.world

    def tell(self, sink: Sink, update: AttemptUpdate) -> None:
        world = self._world
        if update.phase == "RUNNING" and world.is_known_to_run(update.id) and world.random.random() < 0.5:
            return  # it was adopted, and there is nothing new to say
        for _ in range(2 if world.hit("update_twice") else 1):
            late_s = world.random.uniform(0, LATE_S) if world.hit("update_late") else 0.0
            asyncio.get_running_loop().call_later(late_s, self._deliver, sink, update)

    def _deliver(self, sink: Sink, update: AttemptUpdate) -> None:
        if not self._life.alive:
            return
        loop = asyncio.get_running_loop()
        ready_s = self._ready_s()
        if loop.time() < ready_s:
            loop.call_later(ready_s - loop.time(), self._deliver, sink, update)
        else:
            sink(update)

    def _ready_s(self) -> float:
        """When what is on its way may arrive."""
        return self._life.resume_at


class FarAway(NearBy):
    """From a runner to the cluster that all share: each request takes its time, one after the other, and is made again
    until it is answered. What a runner sent before it stood still arrives."""

    def __init__(self, life: Life) -> None:
        super().__init__(life)
        self._requests: deque[Callable[[], None]] = deque()

    def request(self, call: Callable[[], None]) -> None:
        self._requests.append(call)
        if len(self._requests) == 1:
            self._send(0.0)

    async def ask(self, call: Callable[[], None]) -> None:
        done = asyncio.get_running_loop().create_future()

        def answer() -> None:
            theirs, before = self._of_others(), self._attempts()
            call()
            for attempt in theirs & before - self._attempts():
                self._world.violated(f"I15: {attempt} of another platform was swept by {self._life.name}")
            if not done.done():
                done.set_result(None)

        self.request(answer)
        await done

    def _attempts(self) -> set[AttemptId]:
        cluster = self._life.host.cluster
        return {*cluster.running, *cluster.records}

    def _of_others(self) -> set[AttemptId]:
        """Attempts that belong to another platform, or that one goes on with."""
        cluster, own = self._life.host.cluster, self._life.host.name
        owned = {id for each in (cluster.running, cluster.records) for id, of in each.items() if of.owner != own}
        lives = [host.life for host in self._world.hosts if host is not self._life.host and host.life is not None]
        followed = {
            id
            for life in lives
            if life.executor is not None
            for id in life.executor.announced
            if self._world.store.runs[id.execution].owner == life.name  # else it does not know yet that it is lost
        }
        return owned | {id for id in followed if not self._world.must_not_run(id)}

    def _send(self, after_s: float) -> None:
        loop, world = asyncio.get_running_loop(), self._world
        after_s += world.random.uniform(0, world.faults.latency_s)
        if world.hit("request_late"):
            after_s += world.random.uniform(0, UNDER_WAY_S)
            world.under_way_until_s = max(world.under_way_until_s, loop.time() + after_s)
            self._life.stand_still("a request that is under way")
        loop.call_later(after_s, self._arrive)

    def _arrive(self) -> None:
        world, now_s = self._world, asyncio.get_running_loop().time()
        if not self._life.alive:
            return
        if now_s >= world.away_until_s and world.hit("cluster_away"):
            world.away_until_s = now_s + world.random.uniform(0, AWAY_S)
            world.note("the cluster can't be reached")
        if now_s < world.away_until_s:
            self._send(world.away_until_s - now_s)
            return
        self._requests[0]()
        if world.hit("answer_lost"):
            self._send(RETRY_S)
            return
        self._requests.popleft()
        if self._requests:
            self._send(0.0)

    def _ready_s(self) -> float:
        return max(self._life.resume_at, self._world.away_until_s)
