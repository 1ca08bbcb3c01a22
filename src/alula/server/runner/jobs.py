"""The jobs of other systems that nobody wants any more.

`CancelAttempt` is asked of the executor once its commit is durable, and a crash may come between the two. Attempts that
an executor can list it sweeps (`reconcile`); jobs that it finds by a handle only are in the store, and ended here:
those of attempts that do not run according to their rows. That another runner does the same does no harm.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from alula.core.errors import AlulaError
from alula.core.ids import AttemptId
from alula.server import incidents
from alula.server.executor import Executor
from alula.server.log_subject import about
from alula.server.store.jobs import Job, Jobs
from alula.server.trouble import passes

PORTION = 50
"""Jobs that are ended at once."""

logger = logging.getLogger(__name__)


class UnwantedJobs:
    """Ends them, one portion after the other."""

    def __init__(self, jobs: Jobs, executor: Executor) -> None:
        self._jobs = jobs
        self._executor = executor
        self._is_under_way = False

    async def end(self) -> None:
        """End all that there are. Raises nothing: what can't be done now is tried again the next time."""
        if not self._executor.names_jobs or self._is_under_way:
            return
        self._is_under_way = True
        try:
            after: AttemptId | None = None
            while found := await self._jobs.unwanted(limit=PORTION, after=after):
                await self._end_some(found)
                after = found[-1].attempt
        except AlulaError as error:
            logger.warning("could not end the jobs that are not wanted any more: %s", error)
        except Exception as error:  # noqa: BLE001 - it concerns no run
            incidents.report(error, "while jobs were ended that are not wanted any more")
        finally:
            self._is_under_way = False

    async def _end_some(self, found: Sequence[Job]) -> None:
        over = [attempt for attempt in await asyncio.gather(*map(self._ended, found)) if attempt is not None]
        if over:
            await self._jobs.remove(over)

    async def _ended(self, job: Job) -> AttemptId | None:
        """The attempt of a job that is over now; None if that can't be said."""
        try:
            await self._executor.end_job(
                job.attempt, incarnation=job.incarnation, executor=job.executor, handle=job.handle
            )
        except Exception as error:  # noqa: BLE001 - the others are ended all the same
            if not (isinstance(error, AlulaError) and passes(error)):
                incidents.report(error, f"while the job of {job.attempt} was ended", job.attempt.execution)
            else:
                subject = about(job.attempt.execution)
                logger.warning("could not end the job of %s: %s", job.attempt, error, extra=subject)
            return None
        return job.attempt
