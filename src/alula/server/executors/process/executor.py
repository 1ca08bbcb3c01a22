"""The process executor: runs attempts as processes of this machine.

Follows each attempt through: waiting (`admission`), preparing (`preparing`), running in a fork server (`driver`),
ended (`ends`). All on the event loop's thread; what may block long is done in threads. It keeps nothing
that the platform needs: everything about an attempt that ended stands beside its outputs.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import itertools
import os
import resource
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from pathlib import Path

import msgspec

from alula.core.engine.usage import Usage
from alula.core.errors import FailedPrecondition, TaskError
from alula.core.ids import AttemptId
from alula.server import incidents
from alula.server.beside import done_beside
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec, AttemptUpdate, Sink
from alula.server.executors import checking
from alula.server.executors.admission import Admission, Capacity
from alula.server.executors.failures import failure_of
from alula.server.executors.machine import machine_capacity
from alula.server.executors.process import files, variables
from alula.server.executors.process.attempt import Attempt
from alula.server.executors.process.command import command_of
from alula.server.executors.process.driver import ServerEvents, ServerPool
from alula.server.executors.process.ending import CANCELLED, LOG, Rules, earlier_end, now_us
from alula.server.executors.process.ends import Ends
from alula.server.executors.process.failures import FORK_SERVER_LOST
from alula.server.executors.process.launch import launch_of
from alula.server.executors.process.leftovers import Register, end_marked
from alula.server.executors.process.measures import ExecutorMeasures
from alula.server.executors.process.memory import Cgroups, find_cgroups
from alula.server.executors.process.options import ProcessOptions
from alula.server.executors.process.places import Places
from alula.server.executors.process.preparing import Preparation, Prepared
from alula.server.executors.process.starting import NO_COPIES, Copies, Starter
from alula.server.executors.process.used import Peak, used_so_far, with_peak
from alula.server.executors.process.watch import Watch, Watched
from alula.server.executors.process.wire import End, Ended, Started
from alula.server.measures import Reading
from alula.server.removal import make_folder
from alula.server.staging import ATTEMPTS, Staging
from alula.server.untrusted import Tree

OBJECTS = "objects"
"""Folder of the platform's objects, in the data folder: attempts read and write below it."""
NOTICE_S = 1.0
"""The interval at which waiting attempts are looked at, to report what they wait for."""
NOTICES_MAX = 1000
"""The number of waiting attempts that are looked at."""


class ProcessExecutor:
    """An `Executor` for one machine. `data` is the platform's data folder, which no other executor uses; `way_back`
    are the variables by which attempts reach the platform. `objects` is its object store; by default, a folder there.

    Attempts read and write files. Where objects are elsewhere these stand below a folder of their own (`staging`), and
    a specification is given the paths at the door; what else has to be an object is published (`publishing`).

    Processes can't be handed over to another runner: a new owner runs its attempts anew, in the same output folders.
    So a released attempt is killed at once, and nothing is written, read or removed in its folders any more.
    All processes that are marked by the data folder belong to its platform, whatever it is called.
    """

    def __init__(
        self,
        data: Path,
        options: ProcessOptions | None = None,
        *,
        platform: Mapping[str, str] | None = None,
        way_back: Mapping[str, str] | None = None,
        objects: Blobs | None = None,
    ) -> None:
        self._options = options or ProcessOptions()
        data = self._data = data.absolute()
        self._work = data / "work"
        self._home = data / "home"
        platform = os.environ if platform is None else platform
        kept = variables.inherited(platform, home=str(self._home), also=self._options.inherit)
        self._base = {**kept, **(way_back or {})}
        self._objects = objects
        self._staging = Staging.of(f"{data}/{OBJECTS}" if objects is None else objects.uri(), f"{data}/{ATTEMPTS}")
        # As the platform was started: it raises its own, and some programs close all files that they might have.
        self._open_files = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._register = Register(self._work / "servers", data)
        self._tree = Tree(self._staging.folder)
        self._places = Places(self._work / "needless")
        self._files = files.Files(self._tree, self._places)
        capacity = machine_capacity(
            cpu_millicores=self._options.cpu_millicores, memory_bytes=self._options.memory_bytes
        )
        self._admission: Admission[int] = Admission(capacity)
        self._attempts: dict[AttemptId, Attempt] = {}
        self._by_number: dict[int, Attempt] = {}
        self._wanted_again: dict[AttemptId, AttemptSpec] = {}
        """Attempts that were cancelled, submitted once more, and have not ended yet."""
        self._numbers = itertools.count(1)
        self._preparation = Preparation(
            data,
            self._work,
            self._options,
            variables=variables.for_uv(platform),
            inherited=self._base,
            blobs=objects if self._staging.is_apart else None,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        """All that goes on beside the event loop."""
        self._pump_due = False
        self._notice: asyncio.TimerHandle | None = None
        self._cgroups: Cgroups | None = None
        self._measures = ExecutorMeasures()

    # The contract

    @property
    def names_jobs(self) -> bool:
        return False

    async def start(self, sink: Sink) -> None:
        """Begin, and end processes that an earlier platform on this data folder left running."""
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._clear_work)
        self._pool = ServerPool(
            ServerEvents(self._on_started, self._on_ended, self._on_lost),
            self._register,
            keep=self._options.fork_servers,
            idle_s=self._options.fork_server_idle_s,
            leftover_grace_s=self._options.leftover_grace_s,
            import_timeout_s=self._options.import_timeout_s,
            open_files=self._open_files,
        )
        self._starter = Starter(
            self._pool,
            self._base,
            step=self._step,
            waits=self._tell_later,
            is_written=self._preparation.shared.is_written,
        )
        self._preparation.start()
        self._watch = Watch(self._over_limit, log_limit_bytes=self._options.log_limit_bytes)
        options = self._options
        self._ends = Ends(
            Rules(options.log_limit_bytes, options.tolerate_leftovers, options.result_limit_bytes, self._staging),
            self._tree,
            self._files,
            self._places,
            objects=self._objects if self._staging.is_apart else None,
            sink=sink,
            beside=self._beside,
        )

    async def stop(self) -> None:
        self._watch.close()
        if self._notice is not None:
            self._notice.cancel()
        for task in self._tasks:
            task.cancel()
        self._preparation.give_up()
        self._wanted_again.clear()
        self._attempts.clear()
        await self._ends.stop()
        for number in self._by_number:
            self._admission.discard(number)
        self._by_number.clear()
        await self._pool.close()
        await self._places.stop()
        await self._preparation.close()
        if self._cgroups is not None:
            self._cgroups.close()
        self._attempts.clear()
        self._by_number.clear()

    def submit(self, spec: AttemptSpec) -> None:
        self._submit(self._here(spec))

    def _here(self, spec: AttemptSpec) -> AttemptSpec:
        """The specification with the files of this machine in the place of objects elsewhere."""
        if not self._staging.is_apart:
            return spec
        path = self._staging.path
        return msgspec.structs.replace(spec, input_uri=path(spec.input_uri), output_prefix=path(spec.output_prefix))

    def _submit(self, spec: AttemptSpec) -> None:
        running = self._attempts.get(spec.id)
        if running is not None:
            if running.cancelled:  # it is wanted again before its processes are gone
                self._wanted_again[spec.id] = spec
            return
        if self._ends.is_reading(spec.id):
            return
        try:
            attempt, request = self._checked(spec)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with an attempt is its failure
            self._loop.call_soon(self._ends.tell_failure, spec, failure_of(error, spec.id))
            return
        self._ends.expect(spec)
        self._attempts[spec.id] = attempt
        self._by_number[attempt.number] = attempt
        self._admission.add(attempt.number, request, at=attempt.queued_at, budget=spec.queueing_budget_s)
        self._pump_soon()

    def _checked(self, spec: AttemptSpec) -> tuple[Attempt, Capacity]:
        """A new attempt and its request. Raises if it can't run here."""
        files.check(spec)
        command = command_of(spec)
        checking.check(spec, command)
        attempt = Attempt(spec, next(self._numbers), launch_of(command), self._loop.time())
        request = self._request(spec)
        self._admission.check(request)
        return attempt, request

    def _request(self, spec: AttemptSpec) -> Capacity:
        """The CPU and memory that an attempt takes of the machine. An eager task only waits for the runs that it
        launches: if it held CPU meanwhile, they might never get any."""
        asked, options = spec.resources.requests, self._options
        cpu = 0 if spec.task.metadata.is_eager else asked.cpu_millicores or options.default_cpu_millicores
        return Capacity(cpu, asked.memory_bytes or options.default_memory_bytes)

    def cancel(
        self, attempt: AttemptId, *, incarnation: str = "", claim: int = 0, executor: str = "", handle: bytes = b""
    ) -> None:
        self._drop(attempt, grace_s=self._options.kill_grace_s, is_recorded=True)

    async def end_job(self, attempt: AttemptId, *, incarnation: str, executor: str, handle: bytes) -> None:
        """Nothing: it gives no handles."""

    def release(self, attempts: Collection[AttemptId]) -> None:
        for attempt in attempts:
            self._drop(attempt, grace_s=0, is_recorded=False)

    def _drop(self, attempt: AttemptId, *, grace_s: float, is_recorded: bool) -> None:
        """Report nothing more of an attempt, and end its processes."""
        self._wanted_again.pop(attempt, None)
        self._ends.drop(attempt)
        found = self._attempts.get(attempt)
        if found is None or found.cancelled:
            return
        found.cancelled = True
        if found.server is None:
            self._forget(found)
        else:
            found.server.kill(found.number, cause=CANCELLED, grace_s=grace_s, is_recorded=is_recorded)

    def acknowledge(self, attempts: Collection[AttemptId]) -> None:
        """Acknowledge ends, also of attempts that were started twice, as far as they have ended."""
        self._ends.acknowledge(attempts, running=self._attempts)

    def usage(self, attempt: AttemptId) -> Usage | None:
        running = self._attempts.get(attempt)
        if running is None or not running.pid:
            return None
        return used_so_far(running.pid, self._watch.peak(running.number))

    async def reconcile(
        self, expected: Collection[AttemptSpec], *, owner: str, spared: Collection[AttemptId] = ()
    ) -> None:
        expected = [self._here(spec) for spec in expected]
        if not spared:
            await self._ends.sweep([spec.output_prefix for spec in expected], self._is_used)
        wanted = {*spared, *(spec.id for spec in expected)}
        for id in [each for each in self._attempts if each not in wanted]:
            self.cancel(id)
        for spec in expected:
            try:
                ended = None if spec.id in self._attempts else earlier_end(spec, self._tree)
            except Exception as error:  # noqa: BLE001 - as in `_step`
                self._ends.tell_failure(spec, failure_of(error, spec.id))
                continue
            if ended is None:
                self._submit(spec)
            else:
                self._ends.expect(spec)
                self._ends.keep(spec)
                self._ends.tell(spec, ended)

    def _is_used(self, path: str) -> bool:
        """True for a file that an attempt has or needs."""
        folder = os.path.dirname(path)
        running = self._attempts.values()
        return self._ends.uses(path) or any(folder == attempt.spec.output_prefix for attempt in running)

    def measure(self) -> Iterable[Reading]:
        """Figures of waiting and running attempts and of the fork servers. Call it after `start`."""
        first = self._admission.waiting()
        return self._measures.read(
            self._attempts.values(),
            self._admission,
            self._pool.servers,
            servers_started=self._pool.started,
            oldest_s=self._loop.time() - self._by_number[first[0]].queued_at if first else 0,
            unacknowledged=self._ends.unacknowledged,
        )

    # Waiting

    def _pump_soon(self) -> None:
        if not self._pump_due:
            self._pump_due = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_due = False
        while (number := self._admission.admit()) is not None:
            self._step(self._by_number[number], self._prepare)
        if self._notice is None and self._admission.waiting():
            self._notice = self._loop.call_later(NOTICE_S, self._tell_waiting)

    def _tell_waiting(self) -> None:
        """Report what each attempt waits for that has been waiting for some time."""
        self._notice = None
        now = self._loop.time()
        waiting = self._admission.waiting(limit=NOTICES_MAX)
        for before, number in enumerate(waiting):
            attempt = self._by_number[number]
            if not attempt.reason and now - attempt.queued_at >= NOTICE_S / 2:
                self._tell(attempt, self._admission.reason(number, before=before))
        if waiting:
            self._notice = self._loop.call_later(NOTICE_S, self._tell_waiting)

    def _tell(self, attempt: Attempt, reason: str) -> None:
        if reason != attempt.reason and not attempt.cancelled:
            attempt.reason = reason
            self._sink(AttemptUpdate(attempt.spec.id, now_us(), "QUEUED", reason=reason))

    def _tell_later(self, attempt: Attempt, reason: str) -> None:
        """Report what an attempt waits for, if it waits for long."""
        self._loop.call_later(NOTICE_S, self._tell_unless_started, attempt, reason)

    def _tell_unless_started(self, attempt: Attempt, reason: str) -> None:
        if attempt.server is None and attempt.number in self._by_number:
            self._tell(attempt, reason)

    # Preparing

    def _step(self, attempt: Attempt, step: Callable[[Attempt], None]) -> None:
        """Take the next step with an attempt that is not over. Any error ends this attempt, and it alone."""
        if attempt.is_over:
            return
        try:
            step(attempt)
        except Exception as error:  # noqa: BLE001 - see above
            self._fail(attempt, failure_of(error, attempt.spec.id))

    def _prepare(self, attempt: Attempt) -> None:
        """Find what an attempt needs: at once if all of it is known, else in a task."""
        prepared = self._preparation.known(attempt)
        if prepared is not None:
            self._place(prepared, attempt)
        else:
            self._beside(self._prepare_slowly(attempt))

    async def _prepare_slowly(self, attempt: Attempt) -> None:
        try:
            prepared = await self._preparation.made(attempt, lambda reason: self._tell(attempt, reason))
            await done_beside(len(attempt.spec.inputs), self._files.write_inputs, attempt.spec)
        except Exception as error:  # noqa: BLE001 - as in `_step`
            self._fail(attempt, failure_of(error, attempt.spec.id))
        else:
            self._step(attempt, functools.partial(self._place, prepared))

    def _place(self, prepared: Prepared, attempt: Attempt) -> None:
        """Make its files, and start it there."""
        self._files.write_template(attempt.spec, attempt.launch.argv)
        if not self._files.prepare(attempt.spec):
            ended = None if attempt.again else earlier_end(attempt.spec, self._tree)
            if ended is not None:
                self._end(attempt, ended)
                return
            self._files.clear(attempt.spec.output_prefix)
            attempt.again = False
        limit = attempt.spec.resources.limits.memory_bytes
        if limit and self._cgroups is not None:
            attempt.group = self._cgroups.make(f"{os.getpid()}-{attempt.number}", limit)
            attempt.hold(self._cgroups.remove, attempt.group)
        copies = Copies(prepared.shared, attempt.cwd) if attempt.launch.bundle_uri else NO_COPIES
        self._starter.start(attempt, prepared.environment, copies)

    # Running

    def _on_started(self, event: Started) -> None:
        attempt = self._by_number.get(event.id)
        if attempt is not None and not attempt.cancelled:
            self._step(attempt, functools.partial(self._follow, event))

    def _follow(self, event: Started, attempt: Attempt) -> None:
        attempt.pid = event.pid
        limit = attempt.spec.resources.limits.memory_bytes if attempt.group is None else 0
        log = f"{attempt.spec.output_prefix}/{LOG}"
        server = attempt.server.pid if attempt.server is not None and attempt.is_fork else 0
        self._watch.add(Watched(attempt.number, event.pid, log, limit, attempt.group, server))
        self._announce(attempt, event.at)

    def _over_limit(self, number: int, cause: str, peak: Peak | None) -> None:
        attempt = self._by_number.get(number)
        if attempt is not None and attempt.server is not None:
            figure = peak.figure if peak is not None else None
            attempt.server.kill(number, cause=cause, grace_s=0, peak=figure)

    def _announce(self, attempt: Attempt, at: int) -> None:
        if not attempt.is_announced and not attempt.cancelled:
            attempt.is_announced = True
            self._measures.started(self._loop.time() - attempt.queued_at)
            self._sink(AttemptUpdate(attempt.spec.id, at, "RUNNING", where=attempt.where))

    def _on_ended(self, event: Ended) -> None:
        attempt = self._by_number.get(event.id)
        if attempt is not None:
            attempt.server = None
            self._step(attempt, functools.partial(self._take_end, event))

    def _take_end(self, event: Ended, attempt: Attempt) -> None:
        if self._preparation.shared.note(attempt.shared):
            self._start_sharers_again(attempt.shared)
        if attempt.again and not attempt.cancelled and attempt.failure is None:
            self._start_again(attempt)
            return
        if event.started_at:
            self._announce(attempt, event.started_at)
        self._end(attempt, event)

    def _start_sharers_again(self, shared: str) -> None:
        """Start these attempts again: their shared code was changed while they ran, and one may have read what another
        wrote."""
        sharers = [each for each in self._by_number.values() if each.shared == shared]
        for each in sharers if len(sharers) > 1 else ():
            each.again = True
            if each.server is not None:
                each.server.kill(each.number, cause=CANCELLED, grace_s=0)

    def _start_again(self, attempt: Attempt) -> None:
        """Start an attempt again with code of its own. It keeps its place."""
        self._release(attempt)
        attempt.cwd, attempt.shared, attempt.group = "", "", None
        attempt.is_announced = False
        self._prepare(attempt)

    def _on_lost(self, mark: str, numbers: tuple[int, ...]) -> None:
        """A fork server was killed: end what it left, then report."""
        self._measures.servers_lost += 1
        attempts = [self._by_number[number] for number in numbers]
        self._beside(self._clear_up(mark, attempts))

    async def _clear_up(self, mark: str, attempts: list[Attempt]) -> None:
        sessions = [each.pid for each in attempts if each.pid]
        try:
            await asyncio.to_thread(end_marked, mark, sessions=sessions)
        except Exception as error:  # noqa: BLE001 - what is left of one must not hold up the others
            incidents.report(error, "while what a fork server left was ended")
        for attempt in attempts:
            attempt.server, attempt.is_suspect = None, True
            self._step(attempt, self._report_lost)

    def _report_lost(self, attempt: Attempt) -> None:
        recorded = earlier_end(attempt.spec, self._tree)
        if recorded is not None:
            self._end(attempt, recorded)
        else:
            self._fail(attempt, FORK_SERVER_LOST)

    # Ending

    def _end(self, attempt: Attempt, end: End) -> None:
        self._forget(attempt)
        if attempt.cancelled:
            return
        usage = with_peak(end.usage, attempt.peak)
        if attempt.failure is None:
            self._ends.tell(attempt.spec, msgspec.structs.replace(end, usage=usage))
        else:
            self._ends.tell_failure(attempt.spec, attempt.failure, usage)

    def _fail(self, attempt: Attempt, error: TaskError) -> None:
        """End it with a failure: at once, or when its processes are gone. The first failure counts."""
        if attempt.is_over:
            return
        attempt.failure = attempt.failure or error
        if attempt.server is not None:
            attempt.server.kill(attempt.number, cause=CANCELLED, grace_s=0)
            return
        self._forget(attempt)
        if not attempt.cancelled:
            self._ends.tell_failure(attempt.spec, attempt.failure, with_peak(None, attempt.peak))

    def _beside(self, work: Coroutine[object, object, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _forget(self, attempt: Attempt) -> None:
        """Drop an attempt that is over, so that others get its share of the machine."""
        if attempt.is_over:
            return
        attempt.is_over = True
        self._attempts.pop(attempt.spec.id, None)
        self._by_number.pop(attempt.number, None)
        self._admission.discard(attempt.number)
        self._pump_soon()
        self._release(attempt)
        if not (attempt.cancelled or attempt.is_suspect):
            self._ends.keep(attempt.spec)
        else:
            self._ends.leave(attempt.spec)
        again = self._wanted_again.pop(attempt.spec.id, None)
        if again is not None:
            self._submit(again)

    def _release(self, attempt: Attempt) -> None:
        """Give back what it had while it ran."""
        attempt.peak = self._watch.peak(attempt.number)
        self._watch.discard(attempt.number)
        try:
            attempt.give_back()
        except Exception as error:  # noqa: BLE001 - it has ended all the same
            incidents.report(error, f"while {attempt.spec.id} gave back what it had", attempt.spec.id)

    def _clear_work(self) -> None:
        """End what an earlier platform left, and remove the working folders of its attempts."""
        self._register.end_all()
        self._preparation.clear()
        self._places.go_on()
        make_folder(self._home)
        if self._options.memory_control != "sampled":
            self._cgroups = find_cgroups(f"alula-{hashlib.sha256(bytes(self._data)).hexdigest()[:12]}")
            if self._cgroups is None and self._options.memory_control == "cgroup":
                raise FailedPrecondition(
                    "NoCgroup",
                    "this process may not make a cgroup with a memory limit",
                    fix="use memory_control = auto",
                )
