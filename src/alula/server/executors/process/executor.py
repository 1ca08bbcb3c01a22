"""The process executor: runs attempts as processes of this machine.

Follows each attempt through: waiting (`admission`), preparing (`environments`, `bundles`), running in a fork server
(`driver`), ended (`ending`). All on the event loop's thread; what may block long is done in threads. It keeps nothing
that the platform needs: everything about an attempt that ended stands beside its outputs.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import shutil
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from alula.core.errors import AlulaError, FailedPrecondition, TaskError
from alula.core.ids import AttemptId
from alula.server.executor import AttemptSpec, AttemptUpdate, Sink
from alula.server.executors.process import files, variables
from alula.server.executors.process.admission import Admission, Capacity
from alula.server.executors.process.bundles import NO_CODE, Bundles, Code
from alula.server.executors.process.command import command_of
from alula.server.executors.process.driver import FORK_SERVER, ForkServer, ServerEvents, ServerKey, ServerPool, Verdict
from alula.server.executors.process.ending import CANCELLED, LOG, RECORD, Rules, cut_log, recorded_end, update_of
from alula.server.executors.process.environments import Environment, Environments, Wanted
from alula.server.executors.process.failures import (
    FORK_SERVER_LOST,
    command_not_found,
    missing_entry,
    system_error,
    task_error,
)
from alula.server.executors.process.launch import Launch, launch_of
from alula.server.executors.process.leftovers import Register, sweep
from alula.server.executors.process.machine import machine_capacity
from alula.server.executors.process.memory import Cgroups, Group, find_cgroups
from alula.server.executors.process.options import ProcessOptions
from alula.server.executors.process.watch import Watch, Watched
from alula.server.executors.process.wire import End, Ended, Run, Started
from alula.server.executors.process.work_folders import WorkFolders

NOTICE_S = 1.0
"""How often is looked for attempts that have been waiting, to say what for."""
NOTICES_MAX = 1000
"""How many of them are looked at."""


class Attempt:
    """What the executor knows of one attempt until its end is reported."""

    __slots__ = (
        "cancelled",
        "cwd",
        "group",
        "launch",
        "number",
        "phase",
        "queued_at",
        "reason",
        "server",
        "spec",
        "where",
    )

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
        self.cwd = ""
        self.group: Group | None = None
        """Its cgroup, where one limits its memory."""
        self.cancelled = False


class ProcessExecutor:
    """An `Executor` for one machine. `data` is the platform's data folder, which no other executor uses."""

    def __init__(
        self, data: Path, options: ProcessOptions | None = None, *, platform: Mapping[str, str] | None = None
    ) -> None:
        self._options = options or ProcessOptions()
        data = self._data = data.absolute()
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
        self._environments = Environments(
            data / "environments", self._options.environments, make=self._options.build_environments
        )
        self._preparing: set[asyncio.Task[None]] = set()
        self._folders = WorkFolders(self._work)
        self._pump_due = False
        self._notice: asyncio.TimerHandle | None = None
        self._cgroups: Cgroups | None = None
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
        self._watch = Watch(self._over_limit, log_limit_bytes=self._options.log_limit_bytes)

    async def stop(self) -> None:
        self._watch.close()
        if self._notice is not None:
            self._notice.cancel()
        for task in self._preparing:
            task.cancel()
        self._environments.close()
        self._attempts.clear()
        self._by_number.clear()
        await self._pool.close()
        await asyncio.to_thread(self._folders.remove_all)
        if self._cgroups is not None:
            self._cgroups.close()
        self._attempts.clear()
        self._by_number.clear()

    def submit(self, spec: AttemptSpec) -> None:
        if spec.id in self._attempts:
            return
        try:
            files.check(spec)
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
            found.server.kill(found.number, cause=CANCELLED, grace_s=self._options.kill_grace_s)
        elif found.phase == "waiting":
            self._forget(found)

    async def reconcile(self, expected: Collection[AttemptSpec]) -> None:
        wanted = {spec.id for spec in expected}
        for id in [each for each in self._attempts if each not in wanted]:
            self.cancel(id)
        for spec in expected:
            ended = None if spec.id in self._attempts else recorded_end(spec.output_prefix)
            if ended is None:
                self.submit(spec)
            else:
                self._report_end(spec, ended)

    # Waiting

    def _pump_soon(self) -> None:
        if not self._pump_due:
            self._pump_due = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_due = False
        while (number := self._admission.admit()) is not None:
            self._prepare(self._by_number[number])
        if self._notice is None and self._admission.waiting():
            self._notice = self._loop.call_later(NOTICE_S, self._tell_waiting)

    def _tell_waiting(self) -> None:
        """Say what those wait for that have been waiting for some time."""
        self._notice = None
        now = self._loop.time()
        waiting = self._admission.waiting(limit=NOTICES_MAX)
        for number in waiting:
            attempt = self._by_number[number]
            if not attempt.reason and now - attempt.queued_at >= NOTICE_S / 2:
                self._tell(attempt, self._admission.reason(number))
        if waiting:
            self._notice = self._loop.call_later(NOTICE_S, self._tell_waiting)

    def _tell(self, attempt: Attempt, reason: str) -> None:
        if reason != attempt.reason and not attempt.cancelled:
            attempt.reason = reason
            self._sink(AttemptUpdate(attempt.spec.id, now_us(), "QUEUED", reason=reason))

    # Preparing

    def _prepare(self, attempt: Attempt) -> None:
        """Find out where it can run: at once where everything is known, else in a task."""
        attempt.phase = "preparing"
        spec, uri = attempt.spec, attempt.launch.bundle_uri
        wanted = Wanted(spec.task.container.image, spec.interpreter, spec.interpreter_host)
        environment = self._environments.known(wanted)
        code = self._bundles.known(uri) if uri else NO_CODE
        if environment is not None and code is not None:
            self._place(attempt, environment, code)
        else:
            task = self._loop.create_task(self._prepare_slowly(attempt, wanted))
            self._preparing.add(task)
            task.add_done_callback(self._preparing.discard)

    async def _prepare_slowly(self, attempt: Attempt, wanted: Wanted) -> None:
        uri = attempt.launch.bundle_uri
        try:
            environment = await self._environments.made(wanted, lambda reason: self._tell(attempt, reason))
            code = await self._bundles.unpacked(uri) if uri else NO_CODE
        except AlulaError as error:
            self._fail(attempt, task_error(error))
        except OSError as error:
            self._fail(attempt, system_error(error))
        else:
            self._place(attempt, environment, code)

    def _place(self, attempt: Attempt, environment: Environment, code: Code) -> None:
        """Fork from the imports where that is possible, else execute a program."""
        if attempt.cancelled:
            self._forget(attempt)
            return
        launch, spec = attempt.launch, attempt.spec
        shared, own = variables.split(spec.environment)
        surroundings = variables.for_interpreter(
            {**self._base, **shared}, bin_folder=environment.bin_folder, code_folder=code.folder
        )
        where = f"{environment.python}, {environment.why}"
        try:
            if not files.prepare(spec):
                ended = recorded_end(spec.output_prefix)
                if ended is not None:
                    self._end(attempt, ended)
                    return
                files.clear(spec.output_prefix)
            if launch.entry:
                key = ServerKey(environment.python, launch.entry, launch.modules, frozenset(surroundings.items()))
                self._enter(attempt, key, self._frame(attempt, code, own), where)
            else:
                frame = self._frame(attempt, code, {**surroundings, **own})
                self._execute(attempt, frame, f"a process of its own; {where}")
        except OSError as error:
            self._fail(attempt, system_error(error))

    def _frame(self, attempt: Attempt, code: Code, environment: dict[str, str]) -> Run:
        """How a fork server starts it. Raises OSError where its cgroup can't be made."""
        spec = attempt.spec
        if spec.memory_limit_bytes and self._cgroups is not None:
            attempt.group = self._cgroups.make(f"{os.getpid()}-{attempt.number}", spec.memory_limit_bytes)
        group = attempt.group
        attempt.cwd = self._folders.take(code.folder)
        return Run(
            id=attempt.number,
            argv=attempt.launch.argv,
            environment=environment,
            cwd=attempt.cwd,
            links=code.links,
            log=f"{spec.output_prefix}/{LOG}",
            record=f"{spec.output_prefix}/{RECORD}",
            join=(group.procs,) if group else (),
            memory_events=group.events if group else "",
            memory_peak=group.peak if group else "",
        )

    def _enter(self, attempt: Attempt, key: ServerKey, frame: Run, where: str) -> None:
        """Call the entry point: in a fork, or in a fresh process where its imports don't bear a fork."""
        unfit = self._pool.unfit(key)

        def enter(verdict: Verdict, server: ForkServer | None = None) -> None:
            if attempt.cancelled:
                self._forget(attempt)
            elif verdict.missing_entry:
                self._fail(attempt, missing_entry(key.entry, where))
            elif verdict.fit and server is not None:
                imported = " and ".join(key.modules) or key.entry
                self._run(attempt, server, frame, f"a fork of a process that has imported {imported}; {where}")
            else:
                fresh = msgspec.structs.replace(
                    frame,
                    argv=(key.interpreter, str(FORK_SERVER), "--once", *frame.argv),
                    environment={**dict(key.environment), **frame.environment},
                )
                self._execute(attempt, fresh, f"a fresh process, because {verdict.why}; {where}")

        if unfit is not None:
            enter(unfit)
        else:
            self._pool.get(key).when_known(enter)

    def _execute(self, attempt: Attempt, frame: Run, where: str) -> None:
        """Execute a program, in exactly the frame's environment."""
        program = shutil.which(frame.argv[0], path=frame.environment["PATH"])
        if program is None:
            self._fail(attempt, command_not_found(frame.argv[0], frame.environment["PATH"]))
            return
        frame = msgspec.structs.replace(frame, exec=True, program=program)
        try:
            server = self._pool.get(self._exec_key)
        except OSError as error:
            self._fail(attempt, system_error(error))
            return

        def run(verdict: Verdict, server: ForkServer) -> None:
            if attempt.cancelled:
                self._forget(attempt)
            elif verdict.fit:
                self._run(attempt, server, frame, where)
            else:
                self._fail(attempt, FORK_SERVER_LOST)

        server.when_known(run)

    # Running

    def _run(self, attempt: Attempt, server: ForkServer, frame: Run, where: str) -> None:
        attempt.phase = "running"
        attempt.server = server
        attempt.where = where
        server.run(frame)

    def _on_started(self, event: Started) -> None:
        attempt = self._by_number[event.id]
        if attempt.cancelled:
            return
        limit = attempt.spec.memory_limit_bytes if attempt.group is None else 0
        self._watch.add(Watched(attempt.number, event.pid, f"{attempt.spec.output_prefix}/{LOG}", limit))
        self._sink(AttemptUpdate(attempt.spec.id, event.at, "RUNNING", where=attempt.where))

    def _over_limit(self, number: int, cause: str, resident_bytes: int) -> None:
        attempt = self._by_number.get(number)
        if attempt is not None and attempt.server is not None:
            attempt.server.kill(number, cause=cause, grace_s=0, resident_bytes=resident_bytes)

    def _on_ended(self, event: Ended) -> None:
        self._end(self._by_number[event.id], event)

    def _on_lost(self, numbers: tuple[int, ...]) -> None:
        """A fork server was killed: end what it left, then report."""
        attempts = [self._by_number[number] for number in numbers]
        task = self._loop.create_task(self._clear_up(attempts))
        self._preparing.add(task)
        task.add_done_callback(self._preparing.discard)

    async def _clear_up(self, attempts: list[Attempt]) -> None:
        folders = [folder for each in attempts for folder in (each.cwd, f"{each.spec.output_prefix}/")]
        await asyncio.to_thread(sweep, tuple(folders))
        for attempt in attempts:
            shutil.rmtree(attempt.cwd, ignore_errors=True)
            recorded = recorded_end(attempt.spec.output_prefix)
            if recorded is not None:
                self._end(attempt, recorded)
            else:
                self._fail(attempt, FORK_SERVER_LOST)

    # Ending

    def _end(self, attempt: Attempt, end: End) -> None:
        self._forget(attempt)
        if not attempt.cancelled:
            self._report_end(attempt.spec, end)

    def _report_end(self, spec: AttemptSpec, end: End) -> None:
        try:
            cut_log(spec, end, self._rules)
            update = update_of(spec, end, self._rules)
        except OSError as error:
            self._report_failure(spec, system_error(error))
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
        self._watch.discard(attempt.number)
        if attempt.cwd:
            self._folders.give_back(attempt.cwd)
        if attempt.group is not None and self._cgroups is not None:
            self._cgroups.remove(attempt.group)
        self._pump_soon()

    def _clear_work(self) -> None:
        """End what an earlier platform left, and remove the working folders of its attempts."""
        self._register.end_all()
        sweep((f"{self._folders.folder}/", f"{self._data}/objects/"))
        self._folders.remove_all()
        self._home.mkdir(parents=True, exist_ok=True)
        if self._options.memory_control != "sampled":
            self._cgroups = find_cgroups(f"alula-{hashlib.sha256(bytes(self._data)).hexdigest()[:12]}")
            if self._cgroups is None and self._options.memory_control == "cgroup":
                raise FailedPrecondition(
                    "NoCgroup",
                    "this process may not make a cgroup with a memory limit",
                    fix="use memory_control = auto",
                )


def now_us() -> int:
    return time.time_ns() // 1000
