"""Runners as processes on one database, and the test's own place beside them: it registers, launches and looks on."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from flyteidl.admin import execution_pb2, launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import identifier_pb2, tasks_pb2
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from tests.graphs import identifier, integer, task, task_node, workflow
from tests.integration.processes import MARK, Found, marked

from alula.core.engine import events as facts
from alula.core.ids import ExecutionId
from alula.server.access import EverybodyMay
from alula.server.blobs.file import FileBlobs
from alula.server.identity import Caller
from alula.server.logs.objects import ObjectLogs
from alula.server.services.launch import create_execution
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.services.watch import Hub
from alula.server.store.audits import Audit
from alula.server.store.projects import ProjectRecord
from alula.server.stores.sql import connections
from alula.server.stores.sql.adapter import SqlStore

PROGRAM = Path(__file__).with_name("runner_program.py")
LEASE_S = 2.0
PATIENCE_S = 60.0
LOOK_S = 0.005
ADA = Caller("ada")
NOTE = 'echo "$NAME $FLYTE_ATTEMPT_NUMBER" >> "$LEDGER/$FLYTE_INTERNAL_EXECUTION_ID"'
HOLD = 'until [ -e "$LEDGER/$FLYTE_INTERNAL_EXECUTION_ID.go" ]; do sleep 0.01; done'
COMMANDS = {"first": NOTE, "middle": f"{NOTE}; {HOLD}", "last": NOTE}
"""The tasks of the one workflow, a chain: each notes its start, and the one in the middle runs until it is let go."""


def clock() -> int:
    return time.time_ns() // 1000


class Scene:
    """A database, the objects that all share, and the runners; each has a folder of its own for its attempts."""

    def __init__(self, folder: Path, database_url: str, *, pooled: bool = False) -> None:
        self._folder = folder
        self._url = database_url
        self._pooled = pooled
        self._runners: dict[str, subprocess.Popen[bytes]] = {}
        self._ledger = folder / "ledger"
        self.store = SqlStore(database_url, clock=clock, pooled=pooled)
        self._platform = Platform(
            store=self.store,
            blobs=FileBlobs(folder / "objects", folder / "signing.key"),
            logs=ObjectLogs(FileBlobs(folder / "objects", folder / "signing.key")),
            access=EverybodyMay(),
            hub=Hub(),
            clock=clock,
            random_bytes=secrets.token_bytes,
            domains=("d",),
        )
        self._looking = connections.reading_engine(connections.normalised(database_url), pooled=pooled)
        self._writing = connections.writing_engine(connections.normalised(database_url), pooled=pooled)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Scene]:
        self._ledger.mkdir()
        await self.store.start()
        await self._register()
        try:
            yield self
        finally:
            for runner in self._runners.values():
                runner.kill()
                runner.wait()
            self._looking.dispose()
            self._writing.dispose()
            await self.store.stop()

    # Runners

    async def start(self, name: str) -> None:
        """Start a runner; it is ready when the database knows it."""
        words = [self._url, str(self._folder / "objects"), str(self._folder / name), name, str(LEASE_S)]
        words += ["pooled"] if self._pooled else []
        with (self._folder / f"{name}.log").open("ab") as log:
            self._runners[name] = subprocess.Popen(
                [sys.executable, str(PROGRAM), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, MARK: str(self._folder)},
            )
        await self.says_that_it_lives(name)

    async def says_that_it_lives(self, name: str) -> None:
        """Until its lease is prolonged once more."""
        before = self._lease(name)
        await until(lambda: self._lease(name) > before)

    async def halt(self, name: str) -> None:
        """Stop it where it stands, but not while it holds up everybody: in SQLite one transaction at a time writes."""
        self._stop(name)
        while not self._may_write():
            self.go_on(name)
            await asyncio.sleep(LOOK_S)
            self._stop(name)

    def _stop(self, name: str) -> None:
        """SIGSTOP; its threads go on, and may begin a transaction, until the system says that all of them stand."""
        runner = self._runners[name]
        runner.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, runner.pid, os.WSTOPPED)

    def go_on(self, name: str) -> None:
        self._runners[name].send_signal(signal.SIGCONT)

    def attempts(self) -> list[Found]:
        """The shells that attempts are, whosever they are; for a moment also one that is about to be a `sleep`."""
        pids = [runner.pid for runner in self._runners.values()]
        living = [each for each in marked(str(self._folder)) if each.name == "sh"]
        return [each for each in living if all(each.is_attempt_of(pid) for pid in pids)]

    def said(self, name: str) -> str:
        """The log of a runner's process."""
        return (self._folder / f"{name}.log").read_text()

    # Executions

    async def launch(self, name: str) -> ExecutionId:
        request = execution_pb2.ExecutionCreateRequest(project="p", domain="d", name=name)
        request.spec.launch_plan.CopyFrom(identifier(identifier_pb2.LAUNCH_PLAN, "chain"))
        request.spec.envs.values.add(key="LEDGER", value=str(self._ledger))
        request.inputs.literals["x"].CopyFrom(integer(1))
        await create_execution(self._platform, ADA, request)
        return ExecutionId("p", "d", name)

    def let_go(self, id: ExecutionId) -> None:
        """The task in the middle may end, wherever it runs."""
        (self._ledger / f"{id.name}.go").touch()

    def begun(self, id: ExecutionId) -> Counter[tuple[str, int]]:
        """How often each attempt has begun, by task and number."""
        ledger = self._ledger / id.name
        lines = ledger.read_text().splitlines() if ledger.exists() else []
        return Counter((name, int(attempt)) for name, attempt in map(str.split, lines))

    def owner(self, id: ExecutionId) -> str:
        return str(self._select("SELECT owner FROM executions WHERE name = :name", name=id.name)[0][0])

    async def log(self, id: ExecutionId) -> list[facts.Event]:
        return [facts.decode(event) for event in await self.store.log.read(id)]

    async def has_ended(self, id: ExecutionId) -> bool:
        record = await self.store.executions.get(id)
        return record is not None and record.phase.is_terminal

    # Inside

    async def _register(self) -> None:
        await self.store.projects.put(ProjectRecord("p", "p"), Audit(0, "ada", "create", "project p"))
        tasks = [_task(name, command) for name, command in COMMANDS.items()]
        for each in tasks:
            request = task_pb2.TaskCreateRequest(id=each.id, spec=task_pb2.TaskSpec(template=each))
            await create_task(self._platform, ADA, request, Registrant())
        nodes = [task_node(f"n{i}", of, after=[f"n{i - 1}"] if i else [], x=".x") for i, of in enumerate(tasks)]
        chain = workflow("chain", nodes)
        spec = workflow_pb2.WorkflowSpec(template=chain)
        await create_workflow(self._platform, ADA, workflow_pb2.WorkflowCreateRequest(id=chain.id, spec=spec))
        plan = launch_plan_pb2.LaunchPlanCreateRequest(
            id=identifier(identifier_pb2.LAUNCH_PLAN, "chain"),
            spec=launch_plan_pb2.LaunchPlanSpec(workflow_id=chain.id),
        )
        await create_launch_plan(self._platform, ADA, plan)

    def _lease(self, name: str) -> int:
        rows = self._select("SELECT lease_until FROM runners WHERE owner = :name", name=name)
        return rows[0][0] if rows else 0

    def _may_write(self) -> bool:
        if self._url.startswith("postgresql"):
            return True
        try:
            with self._writing.begin():
                return True
        except OperationalError:
            return False

    # `Any`: of whatever table is asked.
    def _select(self, statement: str, **values: str) -> list[Any]:
        with self._looking.connect() as connection:
            return list(connection.execute(text(statement), values))


def _task(name: str, command: str) -> tasks_pb2.TaskTemplate:
    template = task(name, outputs={})
    template.container.args[:] = ["sh", "-c", command]
    template.container.env.add(key="NAME", value=name)
    return template


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Look again and again."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            is_so = condition()
            if is_so if isinstance(is_so, bool) else await is_so:
                return
            await asyncio.sleep(LOOK_S)
