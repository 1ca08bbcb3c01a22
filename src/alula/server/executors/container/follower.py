"""Following a container from its start to its end: its output goes into the log, then its results are read."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from alula.core.errors import AlreadyExists, AlulaError, TaskError
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec, AttemptUpdate
from alula.server.executors.container.attempt import Attempt
from alula.server.executors.container.engine import Away, Refused, steadily
from alula.server.executors.container.following import Log, TooMuch
from alula.server.executors.container.images import Images
from alula.server.executors.container.options import ContainerOptions
from alula.server.executors.container.raw import RawFiles
from alula.server.executors.container.refusals import EXEC_FORMAT, wrong_architecture
from alula.server.executors.container.runtime import Runtime
from alula.server.executors.container.status import Container, gone, progress_of
from alula.server.executors.followed import now_us
from alula.server.executors.progress import Ended, Runs, Waits
from alula.server.executors.raw.task import is_raw, outputs_path
from alula.server.executors.stored_results import end_of, patiently_read
from alula.server.log_subject import about
from alula.server.staging import Staging
from alula.server.untrusted import Tree

LOG = "log.txt"
AGAIN_S = 0.5
"""The time after which a runtime that broke off, or a container that does not run yet, is asked for again."""
_log = logging.getLogger(__name__)


class Follower:
    """Follows the containers of one executor."""

    def __init__(
        self,
        runtime: Runtime,
        images: Images,
        raw: RawFiles,
        options: ContainerOptions,
        blobs: Blobs,
        staging: Staging,
    ) -> None:
        self._runtime = runtime
        self._images = images
        self._raw = raw
        self._options = options
        self._blobs = blobs
        self._staging = staging
        self._tree = Tree(staging.folder)

    async def end_of(
        self, attempt: Attempt, start: Callable[[], Awaitable[Container | None]], *, tell: Callable[[Runs], None]
    ) -> AttemptUpdate:
        """The end of an attempt whose container is there. `start` starts it, if that has to be done, once its log is
        open; `tell` hears that it runs."""
        spec = attempt.spec
        path = self._staging.path(f"{spec.output_prefix}/{LOG}")
        log = await asyncio.to_thread(Log.open, path, self._tree, limit_bytes=self._options.log_limit_bytes)
        try:
            ended, outputs = await self._ended(attempt, await start(), log, tell)
            if self._staging.is_apart:
                await self._keep_log(spec, log)
                with contextlib.suppress(OSError):
                    os.unlink(path)
        finally:
            attempt.meter.stop()
            log.close()
        if outputs:
            update = await patiently_read(spec, ended, lambda: self._raw.outcome_of(spec, ended, outputs))
        else:
            update = await end_of(self._blobs, spec, ended, limit_bytes=self._options.result_limit_bytes)
        return msgspec.structs.replace(update, usage=attempt.meter.at_end)

    async def _ended(
        self, attempt: Attempt, found: Container | None, log: Log, tell: Callable[[Runs], None]
    ) -> tuple[Ended, str]:
        """The end of a container, whose output is in the log by then, and the folder of its outputs if they are
        files."""
        spec, is_read, is_too_much = attempt.spec, False, False
        runs, outputs = None, ""
        machine = await self._runtime.patiently(self._runtime.about)
        while found is not None:
            outputs = found.source_of(outputs_path(spec.task)) if is_raw(spec.task) else ""
            software = self._runtime.engine.software
            progress = progress_of(found, now_us(), software=software, hides_memory=machine.hides_memory)
            if isinstance(progress, Waits):
                await asyncio.sleep(AGAIN_S)
            else:
                runs = progress.runs if isinstance(progress, Ended) else progress
                if runs is not None:
                    tell(runs)
                attempt.meter.watch(found.id, found.state.pid)
                if isinstance(progress, Ended) and is_read:
                    return await self._explained(found, progress, log, is_too_much=is_too_much), outputs
                is_read, is_too_much = await self._output(found.id, log)
            found = await self._runtime.patiently(partial(self._runtime.inspect, found.id))
        return gone(runs, now_us()), outputs

    async def _output(self, container: str, log: Log) -> tuple[bool, bool]:
        """Follow the output of a container to its end. Gives whether all of it was read, and whether it was too much,
        for which the container is killed."""
        try:
            await steadily(lambda: log.follow(self._runtime.engine, container))
            await self._runtime.wait(container)
        except TooMuch:
            await self._runtime.patiently(partial(self._runtime.kill, container))
            await self._runtime.patiently(partial(self._runtime.wait, container))
            return True, True
        except Away as away:
            _log.info("container %s is not heard of: %s", container, away)
            await asyncio.sleep(AGAIN_S)
            return False, False
        except Refused as refused:  # it is gone, or its output is kept where the runtime does not read it
            _log.warning("the output of container %s can't be followed: %s", container, refused)
            await self._runtime.patiently(partial(self._runtime.wait, container))
        return True, False

    async def _explained(self, found: Container, ended: Ended, log: Log, *, is_too_much: bool) -> Ended:
        """An end with what the log and the image say about it."""
        ended = msgspec.structs.replace(ended, last_line=log.last_line)
        if is_too_much:
            limit = self._options.log_limit_bytes
            error = TaskError("LogLimitExceeded", f"the task wrote more than {limit:,} bytes to its output")
            return msgspec.structs.replace(ended, error=error)
        if ended.exit_code and EXEC_FORMAT in log.last_line:
            machine = await self._runtime.patiently(self._runtime.about)
            image = await self._runtime.patiently(partial(self._images.find, found.image))
            if image is not None:
                error = wrong_architecture(found.config.image, image.architecture, machine.architecture)
                return msgspec.structs.replace(ended, error=error)
        return ended

    async def _keep_log(self, spec: AttemptSpec, log: Log) -> None:
        """Write a log of this machine beside the results, elsewhere. An attempt does not fail without one."""
        uri = f"{spec.output_prefix}/{LOG}"
        try:
            try:
                await self._blobs.put_stream(uri, log.pieces())
            except AlreadyExists:  # of an earlier start of the attempt
                await self._blobs.delete(uri)
                await self._blobs.put_stream(uri, log.pieces())
        except AlulaError as error:
            _log.warning("the log of %s is not kept: %s", spec.id, error, extra=about(spec.id))
