"""The course of a job: it is looked at, ever less often, until it has ended."""

from __future__ import annotations

import asyncio
import random

import msgspec
from flyteidl.admin import agent_pb2

from alula.core.engine.attempt_info import AttemptInfo
from alula.core.error_text import short_message
from alula.core.errors import TaskError
from alula.server.beside import done_beside
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec, AttemptUpdate
from alula.server.executors.back_off import back_off_s
from alula.server.executors.connector.attempt import Attempt
from alula.server.executors.connector.channel import Refused
from alula.server.executors.connector.connector import Connector
from alula.server.executors.connector.handle import Handle
from alula.server.executors.connector.options import ConnectorOptions
from alula.server.executors.connector.reading import Done, Failed, Goes, seen_in
from alula.server.executors.followed import now_us
from alula.server.executors.progress import Ended, Runs
from alula.server.executors.results import Results, interpreted
from alula.server.executors.stored_results import end_of, update_of

AGE_SHARE = 0.1
"""An end is noticed after this share of the job's age at the latest, within the limits of the settings."""


class Follower:
    """Follows the jobs of one executor."""

    def __init__(self, options: ConnectorOptions, blobs: Blobs) -> None:
        self._options = options
        self._blobs = blobs

    async def end_of(self, attempt: Attempt, connector: Connector, job: Handle) -> AttemptUpdate:
        """The end of an attempt that has a job, and all news of it before. Raises the errors of the store."""
        spec, failures = attempt.spec, 0
        while True:
            try:
                resource = await connector.look(job, spec.output_prefix, attempt.tell_trouble)
            except Refused as refused:
                failures += 1
                if failures == self._options.failures_max:
                    await connector.end_soon(job, spec.id)
                    return update_of(spec, _lost(connector, failures, refused), at=now_us())
                attempt.tell_trouble(short_message(f"it can't be looked at: {refused}", max_bytes=2000))
            else:
                failures = 0
                seen = seen_in(resource)
                if not isinstance(seen, Goes):
                    return await self._ended(attempt, seen)
                attempt.tell(seen.phase, seen.message, logs=seen.logs, info=seen.info)
            pause_s = pause_of((now_us() - job.created_at) / 1_000_000, self._options)
            await asyncio.sleep(max(pause_s, back_off_s(failures, self._options.poll_max_s) if failures else 0.0))

    async def end_of_call(self, attempt: Attempt, resource: agent_pb2.Resource) -> AttemptUpdate:
        """The end of an attempt whose work a call has done."""
        seen = seen_in(resource)
        if isinstance(seen, Goes):
            said = f"the connector gave the phase {seen.phase} as the result of the task: {seen.message}"
            seen = Failed(TaskError("JobFailed", said), seen.logs, seen.info)
        return await self._ended(attempt, seen)

    async def _ended(self, attempt: Attempt, seen: Done | Failed) -> AttemptUpdate:
        if not attempt.has_run:  # it has since, between two looks
            attempt.tell("RUNNING")
        end = await self._outcome(attempt.spec, seen)
        return msgspec.structs.replace(end, logs=seen.logs, info=seen.info)

    async def _outcome(self, spec: AttemptSpec, seen: Done | Failed) -> AttemptUpdate:
        now = now_us()
        if isinstance(seen, Failed):
            return update_of(spec, seen.error, at=now)
        if seen.outputs is None:
            ended = Ended(now, runs=Runs(now, "", AttemptInfo()), exit_code=0)
            return await end_of(self._blobs, spec, ended, limit_bytes=self._options.result_limit_bytes)
        results = Results(outputs=seen.outputs)
        outcome = await done_beside(len(seen.outputs), interpreted, spec, results, exit_code=0)
        return update_of(spec, outcome, at=now)


def pause_of(age_s: float, options: ConnectorOptions) -> float:
    """The time to the next look at a job. Never quite the same for all."""
    share_s = min(max(age_s * AGE_SHARE, options.poll_min_s), max(options.poll_max_s, options.poll_min_s))
    return share_s * random.uniform(0.9, 1.1)


def _lost(connector: Connector, failures: int, refused: Refused) -> TaskError:
    message = f"endpoint `{connector.name}` could not tell of the job {failures} times: {refused}"
    return TaskError("JobLost", short_message(message), "SYSTEM", recoverable=True)
