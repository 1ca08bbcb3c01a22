"""The end of an attempt whose object does not run any more: its log is kept, its results are read."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing

from alula.core.errors import AlulaError
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec, AttemptUpdate
from alula.server.executors.kubernetes.connection import Away, Connection, Refused
from alula.server.executors.kubernetes.objects import Object
from alula.server.executors.kubernetes.options import KubernetesOptions
from alula.server.executors.kubernetes.plugins.pod.build import PRIMARY_CONTAINER
from alula.server.executors.progress import Ended
from alula.server.executors.stored_results import end_of
from alula.server.log_subject import about

LOG = "log.txt"
LOGS_AT_ONCE, LOG_TIMEOUT_S = 16, 60.0
"""Logs come from the nodes, and a node may be away: that is no trouble of the API server, and is not waited for."""
_log = logging.getLogger(__name__)


class Ender:
    """Reads the ends of one executor's attempts."""

    def __init__(self, connection: Connection, options: KubernetesOptions, blobs: Blobs) -> None:
        self._connection = connection
        self._options = options
        self._blobs = blobs
        self._logs = asyncio.Semaphore(LOGS_AT_ONCE)

    async def end_of(self, spec: AttemptSpec, found: Object, ended: Ended) -> AttemptUpdate:
        """The update of an attempt that has ended. A store that is away is waited for; its other errors are raised."""
        if ended.runs is not None:
            await self._keep_log(spec, found)
        return await end_of(self._blobs, spec, ended, limit_bytes=self._options.result_limit_bytes)

    async def _keep_log(self, spec: AttemptSpec, found: Object) -> None:
        """Write the log beside the results, as it goes with the object. An attempt does not fail without one."""
        uri = f"{spec.output_prefix}/{LOG}"
        try:
            if await self._blobs.size(uri) is None:
                async with self._logs, asyncio.timeout(LOG_TIMEOUT_S):
                    await self._blobs.put(uri, await self._text(found))
        except (AlulaError, Away, Refused, TimeoutError) as error:
            _log.warning("the log of %s is not kept: %s", spec.id, error, extra=about(spec.id))

    async def _text(self, found: Object) -> bytes:
        container = found.metadata.annotations.get(PRIMARY_CONTAINER, "")
        pieces = self._connection.log(found.key, container, limit_bytes=self._options.log_limit_bytes)
        async with aclosing(pieces):
            return b"".join([piece async for piece in pieces])
