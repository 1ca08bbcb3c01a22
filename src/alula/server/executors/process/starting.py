"""Start an attempt whose environment, code and files are ready: as a fork or as a program.

An entry point is called in a fork of a server that has imported its modules, if these allow a fork, else in a fresh
process; any other command is a program. Every process is the child of a fork server, which contains and reaps it.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Hashable, Mapping
from typing import NamedTuple

import msgspec

from alula.core.policy.forking import FORK_VARIABLE, NO_FORK
from alula.server.executors.command import RENAMES_RESULTS
from alula.server.executors.failures import NotStarted
from alula.server.executors.process import variables
from alula.server.executors.process.attempt import Attempt
from alula.server.executors.process.driver import FORK_SERVER, ForkServer, ServerKey, ServerPool, Verdict
from alula.server.executors.process.ending import LOG, RECORD
from alula.server.executors.process.environments import Environment
from alula.server.executors.process.failures import FORK_SERVER_LOST, command_not_found, missing_entry
from alula.server.executors.process.launch import Launch
from alula.server.executors.process.wire import Run
from alula.server.executors.results import OUTPUTS

KEYS_MAX = 1000
"""The number of kinds of attempts that are remembered."""
WRITTEN = Verdict(False, "a task has changed files beside its modules, where all forks would see that")
UNWANTED = Verdict(False, "the task does not want a fork")

Execute = Callable[[tuple[str, ...], str], None]
"""Executes a program in a process of its own; the text describes that process."""


Step = Callable[[Attempt, Callable[[Attempt], None]], None]
"""Does something with an attempt, unless that is over; what goes wrong is its failure."""


class Copies(NamedTuple):
    """The copies of an attempt's code: one from which fork servers import, and its own."""

    shared: str
    private: str


NO_COPIES = Copies("", "")


class Starter:
    """Starts attempts. One that can't be started raises an exception: here, or later in a `step`. `is_written` tells if
    something was changed in a shared copy of code; `waits` hears of an attempt that can't start yet, and why."""

    def __init__(
        self,
        pool: ServerPool,
        inherited: Mapping[str, str],
        *,
        step: Step,
        waits: Callable[[Attempt, str], None],
        is_written: Callable[[str], bool],
    ) -> None:
        self._pool = pool
        self._inherited = inherited
        self._step = step
        self._waits = waits
        self._is_written = is_written
        self._keys: dict[Hashable, ServerKey] = {}
        path = frozenset({("PATH", inherited.get("PATH", ""))})
        self._programs = ServerKey(sys.executable, "", (), path)
        """The server that executes programs."""

    def start(self, attempt: Attempt, environment: Environment, code: Copies) -> None:
        launch = attempt.launch
        common, own = variables.split(attempt.spec.environment)
        own.update(attempt.secrets)
        where = f"{environment.python}, {environment.why}"

        def execute(argv: tuple[str, ...], how: str) -> None:
            surroundings = self._surroundings(common, environment, code.private)
            self._execute(attempt, frame_of(attempt, argv, {**surroundings, **own}), f"{how}; {where}")

        if launch.entry:
            key = self._key(launch, frozenset(common.items()), environment, code.shared)
            self._enter(attempt, key, frame_of(attempt, launch.argv, own), where, execute)
        else:
            execute(launch.argv, "a process of its own")

    def _key(
        self, launch: Launch, common: frozenset[tuple[str, str]], environment: Environment, code_folder: str
    ) -> ServerKey:
        """The fork server for such attempts: mostly one that was asked for before."""
        asked = launch.entry, launch.modules, common, environment.python, environment.variables, code_folder
        key = self._keys.get(asked)
        if key is None:
            while len(self._keys) >= KEYS_MAX:
                self._keys.pop(next(iter(self._keys)))
            surroundings = frozenset(self._surroundings(dict(common), environment, code_folder).items())
            key = ServerKey(environment.python, launch.entry, launch.modules, surroundings, code_folder or "/")
            self._keys[asked] = key
        return key

    def _surroundings(self, common: dict[str, str], environment: Environment, code_folder: str) -> dict[str, str]:
        return variables.for_interpreter(
            {**self._inherited, **dict(environment.variables), **common},
            bin_folder=environment.bin_folder,
            code_folder=code_folder,
        )

    def _enter(self, attempt: Attempt, key: ServerKey, frame: Run, where: str, execute: Execute) -> None:
        """Call the entry point: in a fork, or in a fresh process where something speaks against that."""

        def enter(verdict: Verdict, server: ForkServer | None) -> None:
            if verdict.missing_entry:
                raise NotStarted(missing_entry(key.entry, where))
            if verdict.fit and server is not None:
                imported = " and ".join(key.modules) or key.entry
                attempt.shared = key.folder
                how = f"a fork of a process that has imported {imported}"
                run(attempt, server, frame, "; ".join((how, where, *equal(verdict.constants))))
            else:
                execute(
                    (key.interpreter, str(FORK_SERVER), "--once", *frame.argv),
                    f"a fresh process, because {verdict.why}",
                )

        unfit = self._refusal(attempt, key)
        if unfit is not None:
            enter(unfit, None)
        else:
            self._with_server(attempt, key, enter)

    def _refusal(self, attempt: Attempt, key: ServerKey) -> Verdict | None:
        """The verdict that it can't be a fork, if that is known."""
        if attempt.spec.environment.get(FORK_VARIABLE) == NO_FORK:
            return UNWANTED
        return WRITTEN if self._is_written(key.folder) else self._pool.unfit(key)

    def _execute(self, attempt: Attempt, frame: Run, where: str) -> None:
        """Execute a program, in exactly the frame's environment."""
        path = frame.environment["PATH"]
        program = shutil.which(frame.argv[0], path=path)
        if program is None:
            raise NotStarted(command_not_found(frame.argv[0], path))
        executed = msgspec.structs.replace(frame, exec=True, program=program)

        def execute(verdict: Verdict, server: ForkServer) -> None:
            if not verdict.fit:
                raise NotStarted(FORK_SERVER_LOST)
            run(attempt, server, executed, where)

        self._with_server(attempt, self._programs, execute)

    def _with_server(self, attempt: Attempt, key: ServerKey, then: Callable[[Verdict, ForkServer], None]) -> None:
        def known(verdict: Verdict, server: ForkServer) -> None:
            self._step(attempt, lambda _: then(verdict, server))

        server = self._pool.get(key)
        if server.verdict is None:
            imported = " and ".join(key.modules) or key.entry
            self._waits(attempt, f"waits for a process to {f'import {imported}' if imported else 'start it'}")
        server.when_known(known)


def equal(constants: tuple[str, ...]) -> list[str]:
    """Notes on a fork for the author of a task."""
    if not constants:
        return []
    return [f"made once and equal in all forks: {', '.join(constants)}; `@task(fork=False)` makes it anew each time"]


def frame_of(attempt: Attempt, argv: tuple[str, ...], environment: dict[str, str]) -> Run:
    """The frame that makes a fork server start it."""
    prefix, group = attempt.spec.output_prefix, attempt.group
    return Run(
        id=attempt.number,
        argv=argv,
        environment=environment,
        cwd=attempt.cwd,
        log=f"{prefix}/{LOG}",
        record=f"{prefix}/{RECORD}",
        result=f"{prefix}/{OUTPUTS}" if attempt.launch.entry == RENAMES_RESULTS else "",
        join=(group.procs,) if group else (),
        memory_events=group.events if group else "",
        memory_peak=group.peak if group else "",
    )


def run(attempt: Attempt, server: ForkServer, frame: Run, where: str) -> None:
    attempt.where, attempt.is_fork = where, not frame.exec
    server.run(frame)
    attempt.server = server
