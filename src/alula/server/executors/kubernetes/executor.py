"""The Kubernetes executor: each attempt is an object of a cluster, by default a pod.

    submit ─► create, or adopt what is ours ─► watch ─► end: results and log are read ─► update
    acknowledge, cancel, sweep ─► finalizer off, delete

The cluster is the only record. An object is named by the attempt's id, so it is not made twice; its finalizer keeps it
until the end of the attempt is durable, so it is not lost either, whoever deletes it. An object without our finalizer
that is being deleted was cancelled by us; one with it was deleted by somebody else. What the watch tells is a hint:
after each gap all is listed again.

All on the event loop's thread. What concerns one object is done one thing after the other (`lanes`), calls are made
again until they are answered (`calls`), and what an object means is decided by its plugin, which is pure.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping

import msgspec

from alula.core.engine.usage import Usage
from alula.core.ids import AttemptId
from alula.server import incidents
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec, AttemptUpdate, Sink
from alula.server.executors.calls import Calls
from alula.server.executors.failures import failure_of
from alula.server.executors.followed import Taken, now_us
from alula.server.executors.identity import identity_text
from alula.server.executors.kubernetes import measures, naming
from alula.server.executors.kubernetes.asking import Asker
from alula.server.executors.kubernetes.attempt import Attempt
from alula.server.executors.kubernetes.connection import Connection, connect
from alula.server.executors.kubernetes.ending import Ender
from alula.server.executors.kubernetes.making import Maker, NotMade
from alula.server.executors.kubernetes.namespaces import Namespaces, Values, no_values
from alula.server.executors.kubernetes.objects import Key, Object
from alula.server.executors.kubernetes.options import KubernetesOptions
from alula.server.executors.kubernetes.plugin import Plugin
from alula.server.executors.kubernetes.plugins.pod import POD
from alula.server.executors.kubernetes.removing import Remover
from alula.server.executors.kubernetes.shared_folder import shared_folder
from alula.server.executors.kubernetes.watching import Listener, Watcher
from alula.server.executors.lanes import Lanes
from alula.server.executors.progress import Ended, Runs, Waits
from alula.server.measures import Reading

NOTICE_S = 1.0
"""A wait that is over sooner is not told of: most pods begin before, and each update is an event of a log."""
STOP_S = 3.0
"""The time that the stop gives to removals under way: nobody else would do them, should the platform not come back
under its name."""
EVENTS_S = 10.0
"""The time after which the events of an object that does not begin are asked for, again and again."""


class KubernetesExecutor:
    """An `Executor` on one cluster. `blobs` are the platform's objects, `variables` those by which pods reach it,
    `cluster_values` those of projects for the templates of namespaces."""

    def __init__(
        self,
        blobs: Blobs,
        options: KubernetesOptions,
        *,
        variables: Mapping[str, str] | None = None,
        cluster_values: Values = no_values,
        plugin: Plugin = POD,
        connect: Callable[[KubernetesOptions], Connection] = connect,
    ) -> None:
        self._blobs = blobs
        self._options = options
        self._variables = dict(variables or {})
        self._cluster_values = cluster_values
        self._namespaces: Namespaces | None = None
        self._plugin = plugin
        self._connect = connect
        self._followed: dict[AttemptId, Attempt] = {}
        self._at: dict[Key, Attempt] = {}
        """The followed attempts by the name of their object."""
        self._sweeps: list[set[AttemptId]] = []
        """The attempts that each sweep under way leaves alone."""
        self._owner = ""
        self._beside: set[asyncio.Task[None]] = set()

    # The contract

    @property
    def names_jobs(self) -> bool:
        return False

    async def start(self, sink: Sink) -> None:
        """Begin. Raises `FailedPrecondition` for settings that name no cluster, or objects that pods can't reach. A
        cluster that is away is waited for."""
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        options, blobs, resource = self._options, self._blobs, self._plugin.resource
        shared = shared_folder(blobs.uri(), options.shared_folder)
        connection = self._connection = await asyncio.to_thread(self._connect, options)
        calls = self._calls = Calls(options.calls, "the API server of the cluster")
        namespaces = self._namespaces = Namespaces(connection, calls, options, self._cluster_values, self._spawn)
        await namespaces.start()
        self._maker = Maker(connection, calls, self._plugin, options, blobs, shared, self._variables, namespaces)
        self._ender = Ender(connection, options, blobs)
        self._remover = Remover(connection, calls, resource, grace_s=options.kill_grace_s)
        self._asker = Asker(connection, calls, self._look, self._spawn)
        self._lanes = Lanes[Key]()
        listener = Listener(self._known, self._changed, self._deleted)
        self._watcher = Watcher(connection, calls, resource, self._everywhere, naming.SELECTOR, listener)
        self._spawn(self._watcher.run())

    async def stop(self) -> None:
        for task in self._beside:
            task.cancel()
        for attempt in self._followed.values():
            attempt.let_go()
        self._followed.clear()
        self._at.clear()
        await asyncio.gather(*self._beside, return_exceptions=True)
        await self._lanes.close(grace_s=STOP_S)
        await self._connection.close()

    def submit(self, spec: AttemptSpec) -> None:
        attempt = self._followed.get(spec.id)
        if attempt is None:
            attempt = self._followed[spec.id] = Attempt(spec, self._key(spec.id, spec.incarnation), self._sink)
            self._at[attempt.key] = attempt
            self._lanes.add(attempt.key, lambda: self._begin(attempt))
        elif attempt.end is not None:
            self._loop.call_soon(attempt.tell_end_again)

    def cancel(
        self, attempt: AttemptId, *, incarnation: str = "", claim: int = 0, executor: str = "", handle: bytes = b""
    ) -> None:
        known, seen = self._followed.get(attempt), None
        if known is not None:
            incarnation, seen = known.spec.incarnation, known.latest
            self._leave(attempt)
        elif not incarnation:
            self._spawn(self._sweep(set(), only=attempt))
        key, identity = self._key(attempt, incarnation), identity_text(attempt, incarnation)

        def is_meant(found: Object) -> bool:
            return naming.is_of(found, identity) and (not claim or naming.claim_of(found) <= claim)

        self._lanes.add(key, lambda: self._remover.remove(key, is_meant, seen=seen))

    async def end_job(self, attempt: AttemptId, *, incarnation: str, executor: str, handle: bytes) -> None:
        """Nothing: it gives no handles."""

    def release(self, attempts: Collection[AttemptId]) -> None:
        for attempt in attempts:
            self._leave(attempt)
            for spared in self._sweeps:
                spared.add(attempt)

    def acknowledge(self, attempts: Collection[AttemptId]) -> None:
        for id in attempts:
            attempt = self._followed.get(id)
            if attempt is not None and attempt.end is not None:
                self.cancel(id)

    def usage(self, attempt: AttemptId) -> Usage | None:
        return None

    async def reconcile(
        self, expected: Collection[AttemptSpec], *, owner: str, spared: Collection[AttemptId] = ()
    ) -> None:
        self._owner = naming.label_value(owner)
        wanted = {*spared, *(spec.id for spec in expected)}
        for id in [each for each in self._followed if each not in wanted]:
            spec = self._followed[id].spec
            self.cancel(id, incarnation=spec.incarnation, claim=spec.claim)
        for spec in expected:
            self.submit(spec)
        self._spawn(self._sweep(set(spared)))

    def measure(self) -> Iterable[Reading]:
        """Figures of its attempts and calls. Call it after `start`."""
        return measures.read(self._followed.values(), self._calls, self._watcher)

    def trouble(self) -> str:
        """What an operator has to mend in the cluster; empty for nothing."""
        return self._namespaces.trouble() if self._namespaces is not None else ""

    # Following

    def _key(self, attempt: AttemptId, incarnation: str) -> Key:
        return self._namespace(attempt), naming.name_of(attempt, incarnation)

    def _namespace(self, attempt: AttemptId) -> str:
        project, domain, _ = attempt.execution
        return self._options.namespace_of(project, domain, self._connection.namespace)

    @property
    def _everywhere(self) -> str:
        """The namespace of all attempts; empty if they are in many."""
        return "" if self._options.has_many_namespaces else self._options.namespace or self._connection.namespace

    def _leave(self, id: AttemptId) -> None:
        """Follow an attempt no longer."""
        attempt = self._followed.pop(id, None)
        if attempt is not None:
            del self._at[attempt.key]
            attempt.let_go()

    # What becomes of an attempt

    async def _begin(self, attempt: Attempt) -> None:
        if not attempt.is_followed:
            return
        try:
            found = await self._maker.make(attempt, owner=self._owner, now=now_us, tell=attempt.tell_wait)
        except Taken as taken:
            self._lose(attempt, taken)
        except NotMade as error:
            self._ends(attempt, AttemptUpdate(attempt.spec.id, now_us(), "FAILED", error=error.failure))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with an attempt is its failure
            self._fails(attempt, error)
        else:
            if found is not None and attempt.is_followed:
                attempt.begin(found)
                if attempt.vanished == attempt.uid:
                    self._deleted(attempt.key, attempt.uid, None)
                self._look(attempt)

    def _look(self, attempt: Attempt) -> None:
        """See how far an attempt is, and report it."""
        found = attempt.latest
        if found is None or not attempt.is_begun or attempt.is_ending:
            return
        now = now_us()
        try:
            progress, again_at = self._plugin.phase_of(found, now, self._options)
        except Exception as error:  # noqa: BLE001 - as above
            self._fails(attempt, error)
            return
        match progress:
            case Waits():
                again_at = self._wait(attempt, progress, now, again_at)
            case Runs():
                attempt.tell_run(progress)
            case Ended():
                self._end(attempt, found, progress)
        delay = (again_at - now) / 1_000_000
        attempt.look_later(self._loop.call_later(max(delay, 0.01), self._look, attempt) if again_at else None)

    def _wait(self, attempt: Attempt, waits: Waits, now: int, again_at: int) -> int:
        """Report a wait that lasts. Gives the time at which to look again."""
        if attempt.waits_in != waits.phase:
            attempt.waits_in, attempt.waits_since = waits.phase, now
        notice_at = attempt.waits_since + round(NOTICE_S * 1_000_000)
        if now < notice_at:
            return min(again_at or notice_at, notice_at)
        if waits.phase == "INITIALIZING":
            ask_at = max(attempt.waits_since, attempt.asked_at) + round(EVENTS_S * 1_000_000)
            if now >= ask_at:
                attempt.asked_at = now
                self._asker.ask(attempt)
            else:
                again_at = min(again_at or ask_at, ask_at)
            if attempt.trouble and attempt.trouble not in waits.reason:
                waits = msgspec.structs.replace(waits, reason=f"{waits.reason}: {attempt.trouble}")
        attempt.tell_wait(waits)
        return again_at

    def _end(self, attempt: Attempt, found: Object, ended: Ended) -> None:
        attempt.is_ending = True
        if ended.runs is not None:
            attempt.tell_run(ended.runs)
        self._lanes.add(attempt.key, lambda: self._finish(attempt, found, ended))

    async def _finish(self, attempt: Attempt, found: Object, ended: Ended) -> None:
        if not attempt.is_followed:
            return
        try:
            if ended.must_stop and ended.error is not None:
                await self._remover.give_up(found, ended.error, claim=attempt.spec.claim)
            self._ends(attempt, await self._ender.end_of(attempt.spec, found, ended))
        except Taken as taken:
            self._lose(attempt, taken)
        except Exception as error:  # noqa: BLE001 - as above
            self._fails(attempt, error)

    def _lose(self, attempt: Attempt, taken: Taken) -> None:
        if attempt.is_followed:
            self._leave(attempt.spec.id)
            attempt.tell_taken(taken.claim)

    def _fails(self, attempt: Attempt, error: Exception) -> None:
        failure = failure_of(error, attempt.spec.id)
        self._ends(attempt, AttemptUpdate(attempt.spec.id, now_us(), "FAILED", error=failure))

    def _ends(self, attempt: Attempt, update: AttemptUpdate) -> None:
        attempt.is_ending = True
        attempt.look_later(None)
        attempt.tell_end(update)

    # What the cluster tells

    def _known(self) -> dict[Key, str]:
        return {key: attempt.uid for key, attempt in self._at.items() if attempt.is_begun and not attempt.is_ending}

    def _changed(self, found: Object) -> None:
        attempt = self._at.get(found.key)
        if attempt is None:
            return
        if not attempt.is_begun:
            attempt.unread = found.kept()
            attempt.nudge()
        elif attempt.uid == found.metadata.uid:
            attempt.latest = found.kept()
            self._look(attempt)

    def _deleted(self, key: Key, uid: str, found: Object | None) -> None:
        attempt = self._at.get(key)
        if attempt is None:
            return
        if not attempt.is_begun:
            attempt.vanished = uid
            attempt.nudge()
        if not attempt.is_begun or attempt.is_ending or attempt.uid != uid or attempt.latest is None:
            return
        last = found.kept() if found is not None else attempt.latest
        try:
            ended = self._plugin.gone(last, now_us())
        except Exception as error:  # noqa: BLE001 - as above
            self._fails(attempt, error)
        else:
            self._end(attempt, last, ended)

    async def _sweep(self, spared: set[AttemptId], *, only: AttemptId | None = None) -> None:
        """Stop what belongs to this platform, and is neither followed nor let go of meanwhile; `only` one attempt,
        whatever its incarnation."""
        owner, resource, namespace = self._owner, self._plugin.resource, self._everywhere

        def is_meant(now: Object) -> bool:
            identity = naming.identity_of(now)
            if identity is None or naming.owner_of(now) != owner or now.key in self._at:
                return False
            return identity.id not in spared and only in (None, identity.id)

        query = {"labelSelector": f"{naming.SELECTOR},{naming.OWNER}={owner}"}
        self._sweeps.append(spared)
        try:
            found, _ = await self._calls.patiently(lambda: self._connection.list(resource, namespace, query))
            removals = [
                self._lanes.do(each.key, functools.partial(self._remover.remove, each.key, is_meant, seen=each))
                for each in found
                if is_meant(each)
            ]
            await asyncio.gather(*removals)
        finally:
            self._sweeps = [each for each in self._sweeps if each is not spared]

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = self._loop.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._beside.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            incidents.report(error, "while pods of this platform were looked for")
