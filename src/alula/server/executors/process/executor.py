"""The process executor: runs attempts as processes of this machine.

Follows each attempt through: waiting (`admission`), preparing (`environments`, `bundles`), running in a fork server
(`driver`), ended (`ending`). All on the event loop's thread; what may block long is done in threads. It keeps nothing
that the platform needs: everything about an attempt that ended stands beside its outputs.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from alula.core.errors import AlulaError, TaskError
from alula.core.ids import AttemptId, unique_key
from alula.server.blob import FULL_DISK
from alula.server.executor import AttemptSpec, AttemptUpdate, Sink
from alula.server.executors.process import files, variables
from alula.server.executors.process.admission import Admission, Capacity
from alula.server.executors.process.bundles import Bundles, links_of
from alula.server.executors.process.command import command_of
from alula.server.executors.process.driver import FORK_SERVER, ForkServer, ServerEvents, ServerKey, ServerPool, Verdict
from alula.server.executors.process.ending import LOG, RECORD, Rules, recorded_end, update_of
from alula.server.executors.process.environments import Environment, platform_environment
from alula.server.executors.process.launch import Launch, launch_of
from alula.server.executors.process.leftovers import Register, sweep
from alula.server.executors.process.machine import machine_capacity
from alula.server.executors.process.options import ProcessOptions
from alula.server.executors.process.wire import End, Ended, Run, Started

QUEUED_AFTER_S = 1.0
"""How long an attempt waits before it is reported as waiting."""


class Attempt:
    """What the executor knows of one attempt until its end is reported."""

    __slots__ = ("cancelled", "launch", "number", "phase", "queued_at", "reason", "server", "spec", "where")

    def __init__(self, spec: AttemptSpec, number: int, launch: Launch, queued_at: float) -> None:
        self.spec = spec
        self.number = number
        self.launch = launch
        self.queued_at = queued_at
        self.phase: Literal["waiting", "preparing", "running"] = "waiting"
        self.reason = ""
        """What was last said about its waiting."""
        self.server: ForkServer | None = None
        self.where = ""
        self.cancelled = False


class Place(NamedTuple):
    """Where an attempt can run: an environment and its unpacked code."""

    environment: Environment
    code: Path | None
    links: tuple[tuple[str, str], ...] = ()


class ProcessExecutor:
    """An `Executor` for one machine. `data` is the platform's data folder, which no other executor uses."""

    def __init__(
        self, data: Path, options: ProcessOptions | None = None, *, platform: Mapping[str, str] | None = None
    ) -> None:
        self._options = options or ProcessOptions()
        self._work = data / "work"
        self._home = data / "home"
        self._base = variables.inherited(os.environ if platform is None else platform, home=str(self._home))
        self._bundles = Bundles(data / "bundles")
        self._register = Register(self._work / "servers")
        self._rules = Rules(self._options.log_limit_bytes, self._options.tolerate_leftovers)
        capacity = machine_capacity(
            cpu_millicores=self._options.cpu_millicores, memory_bytes=self._options.memory_bytes
        )
        self._admission: Admission[int] = Admission(capacity)
        self._attempts: dict[AttemptId, Attempt] = {}
        self._by_number: dict[int, Attempt] = {}
        self._numbers = itertools.count(1)
        self._preparing: set[asyncio.Task[None]] = set()
        self._pump_due = False
        self._exec_key = ServerKey(sys.executable, "", (), frozenset({("PATH", self._base.get("PATH", ""))}))

    # The contract

    async def start(self, sink: Sink) -> None:
        """Also ends what an earlier platform on this data folder left running."""
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
        )

    async def stop(self) -> None:
        for task in self._preparing:
            task.cancel()
        await self._pool.close()
        self._attempts.clear()
        self._by_number.clear()

    def submit(self, spec: AttemptSpec) -> None:
        if spec.id in self._attempts:
            return
        try:
            launch = launch_of(command_of(spec))
        except AlulaError as error:
            self._loop.call_soon(self._report_failure, spec, task_error(error))
            return
        attempt = Attempt(spec, next(self._numbers), launch, self._loop.time())
        request = Capacity(
            spec.cpu_millicores or self._options.default_cpu_millicores,
            spec.memory_bytes or self._options.default_memory_bytes,
        )
        refusal = self._admission.refusal(request)
        if refusal is not None:
            self._loop.call_soon(self._report_failure, spec, refusal)
            return
        self._attempts[spec.id] = attempt
        self._by_number[attempt.number] = attempt
        self._admission.add(attempt.number, request)
        self._pump_soon()

    def cancel(self, attempt: AttemptId) -> None:
        found = self._attempts.get(attempt)
        if found is None or found.cancelled:
            return
        found.cancelled = True
        if found.server is not None:
            found.server.kill(found.number, cause="Cancelled", grace_s=self._options.kill_grace_s)
        elif found.phase == "waiting":
            self._forget(found)

    async def reconcile(self, expected: Collection[AttemptSpec]) -> None:
        wanted = {spec.id for spec in expected}
        for id in [each for each in self._attempts if each not in wanted]:
            self.cancel(id)
        for spec in expected:
            if spec.id not in self._attempts:
                ended = recorded_end(spec.output_prefix)
                if ended is None:
                    self.submit(spec)
                else:
                    self._sink(update_of(spec, ended, self._rules))

    # Waiting

    def _pump_soon(self) -> None:
        if not self._pump_due:
            self._pump_due = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_due = False
        while (number := self._admission.admit()) is not None:
            self._prepare(self._by_number[number])

    # Preparing

    def _prepare(self, attempt: Attempt) -> None:
        """Find out where it can run: at once where everything is known, else in a task."""
        attempt.phase = "preparing"
        task = self._loop.create_task(self._prepare_slowly(attempt))
        self._preparing.add(task)
        task.add_done_callback(self._preparing.discard)

    async def _prepare_slowly(self, attempt: Attempt) -> None:
        try:
            environment = platform_environment()
            uri = attempt.launch.bundle_uri
            code = await self._bundles.folder_of(uri) if uri else None
            place = Place(environment, code, links_of(code) if code else ())
        except AlulaError as error:
            self._fail(attempt, task_error(error))
            return
        self._place(attempt, place)

    def _place(self, attempt: Attempt, place: Place) -> None:
        if attempt.cancelled:
            self._forget(attempt)
            return
        try:
            files.prepare(attempt.spec)
            self._choose_server(attempt, place)
        except AlulaError as error:
            self._fail(attempt, task_error(error))
        except OSError as error:
            self._fail(attempt, system_error(error))

    def _choose_server(self, attempt: Attempt, place: Place) -> None:
        """Fork from the imports where that is possible, else execute a program."""
        launch = attempt.launch
        shared, own = variables.split(attempt.spec.environment)
        surroundings = variables.for_interpreter(
            {**self._base, **shared},
            bin_folder=place.environment.bin_folder,
            code_folder=str(place.code) if place.code else "",
        )
        where = f"{place.environment.python}, {place.environment.why}"
        frame = Run(
            id=attempt.number,
            argv=launch.argv,
            environment=own,
            cwd=str(self._work / f"{attempt.number}-{unique_key(attempt.spec.id)}"),
            links=place.links,
            log=f"{attempt.spec.output_prefix}/{LOG}",
            record=f"{attempt.spec.output_prefix}/{RECORD}",
        )
        if not launch.entry:
            self._execute(attempt, frame, launch.argv, {**surroundings, **own}, f"a process of its own; {where}")
            return
        key = ServerKey(place.environment.python, launch.entry, launch.modules, frozenset(surroundings.items()))
        unfit = self._pool.unfit(key)

        def enter(verdict: Verdict, server: ForkServer | None = None) -> None:
            if attempt.cancelled:
                self._forget(attempt)
            elif verdict.missing_entry:
                self._fail(attempt, missing_entry(launch.entry, place.environment))
            elif verdict.fit and server is not None:
                self._run(attempt, server, frame, f"a fork of {' and '.join(launch.modules) or launch.entry}; {where}")
            else:
                argv = (key.interpreter, str(FORK_SERVER), "--once", *launch.argv)
                self._execute(
                    attempt, frame, argv, {**surroundings, **own}, f"a fresh process, because {verdict.why}; {where}"
                )

        if unfit is not None:
            enter(unfit)
        else:
            self._pool.get(key).when_known(enter)

    def _execute(
        self, attempt: Attempt, frame: Run, argv: tuple[str, ...], environment: dict[str, str], where: str
    ) -> None:
        program = shutil.which(argv[0], path=environment["PATH"])
        if program is None:
            self._fail(attempt, command_not_found(argv[0], environment["PATH"]))
            return
        frame = msgspec.structs.replace(frame, exec=True, program=program, argv=argv, environment=environment)
        server = self._pool.get(self._exec_key)
        server.when_known(lambda _verdict, server: self._run(attempt, server, frame, where))

    # Running

    def _run(self, attempt: Attempt, server: ForkServer, frame: Run, where: str) -> None:
        attempt.phase = "running"
        attempt.server = server
        attempt.where = where
        server.run(frame)

    def _on_started(self, event: Started) -> None:
        attempt = self._by_number[event.id]
        if not attempt.cancelled:
            self._sink(AttemptUpdate(attempt.spec.id, event.at, "RUNNING", where=attempt.where))

    def _on_ended(self, event: Ended) -> None:
        self._end(self._by_number[event.id], event)

    def _on_lost(self, numbers: tuple[int, ...]) -> None:
        """A fork server died: report what it had recorded, the rest is the platform's own failure."""
        attempts = [self._by_number[number] for number in numbers]
        for attempt in attempts:
            recorded = recorded_end(attempt.spec.output_prefix)
            if recorded is not None:
                self._end(attempt, recorded)
            else:
                self._fail(attempt, FORK_SERVER_LOST)

    # Ending

    def _end(self, attempt: Attempt, end: End) -> None:
        self._forget(attempt)
        if attempt.cancelled:
            return
        try:
            update = update_of(attempt.spec, end, self._rules)
        except OSError as error:
            self._report_failure(attempt.spec, system_error(error))
        else:
            self._sink(update)

    def _fail(self, attempt: Attempt, error: TaskError) -> None:
        self._forget(attempt)
        if not attempt.cancelled:
            self._report_failure(attempt.spec, error)

    def _report_failure(self, spec: AttemptSpec, error: TaskError) -> None:
        self._sink(AttemptUpdate(spec.id, now_us(), "FAILED", error=error))

    def _forget(self, attempt: Attempt) -> None:
        self._attempts.pop(attempt.spec.id, None)
        self._by_number.pop(attempt.number, None)
        self._admission.discard(attempt.number)
        self._pump_soon()

    def _clear_work(self) -> None:
        """End what an earlier platform left, and remove the working folders of its attempts."""
        self._register.end_all()
        sweep(self._work)
        for each in self._work.iterdir():
            if each.name != self._register.folder.name:
                shutil.rmtree(each, ignore_errors=True)
        self._home.mkdir(parents=True, exist_ok=True)


def now_us() -> int:
    return time.time_ns() // 1000


FORK_SERVER_LOST = TaskError(
    "ForkServerLost", "the fork server that ran the attempt was killed from outside", "SYSTEM", recoverable=True
)


def task_error(error: AlulaError) -> TaskError:
    """A refusal of ours as the failure of an attempt."""
    return TaskError(error.code, str(error))


def system_error(error: OSError) -> TaskError:
    """The machine failed, not the task: worth another attempt."""
    code = "DiskFull" if error.errno in FULL_DISK else "MachineFailed"
    return TaskError(code, f"the attempt could not be started or read: {error}", "SYSTEM", recoverable=True)


def missing_entry(entry: str, environment: Environment) -> TaskError:
    return TaskError(
        "EntryPointNotFound",
        f"the environment {environment.python} ({environment.why}) has no command `{entry}`; install the package "
        "that brings it there, or map the task's image to another environment",
    )


def command_not_found(name: str, path: str) -> TaskError:
    return TaskError("CommandNotFound", f"there is no program `{name}` on the task's PATH ({path})")
