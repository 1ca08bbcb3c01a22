"""One endpoint, asked with patience: what is tried again, how often, and what comes of it.

The protocol has no way to ask for a job twice and get one. So a request to make one is not repeated for ever once
answers to it were lost: each may have left a job that nobody knows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from flyteidl.admin import agent_pb2

from alula.core.errors import TaskError, Unavailable
from alula.server.executors.back_off import back_off_s
from alula.server.executors.calls import Calls
from alula.server.executors.connector.channel import Away, Channel, Refused
from alula.server.executors.connector.handle import Handle
from alula.server.executors.connector.options import ConnectorOptions, Endpoint
from alula.server.executors.connector.reading import Goes, seen_in
from alula.server.executors.connector.refusals import failure_of_refusal
from alula.server.executors.failures import NotStarted

LOST_MAX = 5
"""The number of requests for one job whose answers may be lost, before the attempt fails."""
END_TRIES = 4
"""How often a job is asked to end, before that is left to the heartbeat."""
_FINAL = frozenset(("INVALID_ARGUMENT", "UNIMPLEMENTED"))
"""Statuses of a refusal that no later call gets over."""
_Answer = TypeVar("_Answer")
_log = logging.getLogger(__name__)
Troubled = Callable[[str], None]


class LetGo(Exception):
    """The attempt was let go of before a call for it was made."""


class Connector:
    """An endpoint, from its start to `close`."""

    def __init__(self, endpoint: Endpoint, options: ConnectorOptions) -> None:
        name = f"endpoint `{endpoint.name}`"
        self.name = endpoint.name
        self._options = options
        self._channel = Channel(endpoint, options)
        self.calls = Calls(options.calls, name)
        self._executions = Calls(options.calls, name)
        """Calls that last as long as the work of a task."""

    async def close(self) -> None:
        await self._channel.close()

    async def list(self) -> list[agent_pb2.Agent]:
        return list(await self.calls.once(self._channel.list))

    async def create(
        self, request: agent_pb2.CreateTaskRequest, is_wanted: Callable[[], bool], troubled: Troubled
    ) -> bytes:
        """The name of a new job. Raises `NotStarted`, and `LetGo`."""
        return await self._begun(self.calls, lambda: self._channel.create(request), is_wanted, troubled)

    async def execute(
        self,
        request: agent_pb2.CreateTaskRequest,
        is_wanted: Callable[[], bool],
        troubled: Troubled,
        begins: Callable[[], None],
    ) -> agent_pb2.Resource:
        """The result of a task that the call itself does. Raises as `create`."""

        async def work() -> agent_pb2.Resource:
            begins()
            return await self._channel.execute(request)

        return await self._begun(self._executions, work, is_wanted, troubled)

    async def _begun(
        self,
        calls: Calls,
        begin: Callable[[], Awaitable[_Answer]],
        is_wanted: Callable[[], bool],
        troubled: Troubled,
    ) -> _Answer:
        async def once() -> _Answer:
            if not is_wanted():
                raise LetGo
            return await begin()

        lost = 0
        while True:
            try:
                return await calls.once(once)
            except Refused as refused:
                raise NotStarted(failure_of_refusal(refused, self.name)) from refused
            except Away as away:
                lost += away.may_have_acted
                if lost == LOST_MAX:
                    raise NotStarted(self._lost(away)) from away
                troubled(f"endpoint `{self.name}` does not take requests now: {away}")

    def _lost(self, away: Away) -> TaskError:
        message = (
            f"endpoint `{self.name}` did not answer {LOST_MAX} requests for the job, and may have made some: {away}"
        )
        return TaskError("ConnectorAnswerLost", message, "SYSTEM", recoverable=True)

    async def look(self, job: Handle, output_prefix: str, troubled: Troubled) -> agent_pb2.Resource:
        """The state of a job. Raises `Refused`; an endpoint that is away is waited for."""
        return await self.calls.patiently(lambda: self._channel.get(job, output_prefix), troubled=troubled)

    async def end(self, job: Handle) -> None:
        """End a job. One that is over is left as it is. Raises `Unavailable` if that can't be said.

        One try: who wants more makes it again.
        """
        try:
            async with asyncio.timeout(2 * self._options.timeout_s):
                await self.calls.once(lambda: self._channel.delete(job))
        except (Away, TimeoutError) as error:
            raise Unavailable("JobNotEnded", f"endpoint `{self.name}` can't be asked to end a job: {error}") from error
        except Refused as refused:
            await self._check_end(job, refused)

    async def end_soon(self, job: Handle, of: object) -> None:
        """End a job, with some tries. Raises nothing."""
        for tries in range(1, END_TRIES + 1):
            try:
                return await self.end(job)
            except Unavailable as error:
                if tries == END_TRIES:
                    _log.warning("the job of %s may still run: %s", of, error)
                else:
                    await asyncio.sleep(back_off_s(tries, self._options.poll_max_s))
        return None

    async def _check_end(self, job: Handle, refused: Refused) -> None:
        """See whether a job is over that its connector did not end."""
        if refused.status == "NOT_FOUND":
            return
        if refused.status in _FINAL:
            _log.warning("endpoint %s can't end a job of type %s: %s", self.name, job.task_type, refused)
            return
        try:
            resource = await self.calls.once(lambda: self._channel.get(job, ""))
        except (Away, Refused) as error:
            if isinstance(error, Refused) and error.status == "NOT_FOUND":
                return
            raise Unavailable("JobNotEnded", f"endpoint `{self.name}` failed to end a job: {refused}") from error
        if isinstance(seen_in(resource), Goes):
            raise Unavailable("JobNotEnded", f"endpoint `{self.name}` failed to end a job: {refused}")
