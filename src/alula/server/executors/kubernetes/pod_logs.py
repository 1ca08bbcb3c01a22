"""Logs of pods that run, by way of the API server. A pod's log is kept beside its results when it ends.

The API server gives a log from its beginning on, or from a second on, and knows no offsets. So what comes before the
offset is asked for too, and left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from alula.core.errors import Unavailable
from alula.server.executors.kubernetes import naming
from alula.server.executors.kubernetes.connection import Away, Connection, Refused, connect
from alula.server.executors.kubernetes.objects import PODS, Key
from alula.server.executors.kubernetes.options import KubernetesOptions
from alula.server.executors.kubernetes.plugins.pod.build import PRIMARY_CONTAINER
from alula.server.log import Logs, LogSource

CONTAINERS_MAX = 1000
"""The number of pods whose primary container is remembered."""


class PodLogs:
    """The `Logs` of attempts that are pods. Those that are not are looked for among the `others`."""

    def __init__(self, options: KubernetesOptions, others: Logs) -> None:
        self._options = options
        self._others = others
        self._containers: dict[Key, str] = {}

    # Each method asks the others first: a log that is kept is whole.

    async def read(self, source: LogSource, *, offset: int = 0) -> AsyncIterator[bytes]:
        if await self._others.size(source):
            async for piece in self._others.read(source, offset=offset):
                yield piece
            return
        async with aclosing(self._live(source)) as pieces:
            async for piece in pieces:
                if offset < len(piece):
                    yield piece[offset:]
                offset = max(0, offset - len(piece))

    async def size(self, source: LogSource) -> int:
        kept = await self._others.size(source)
        if kept:
            return kept
        async with aclosing(self._live(source)) as pieces:
            return sum([len(piece) async for piece in pieces])

    async def has_more(self, source: LogSource, *, offset: int) -> bool:
        kept = await self._others.size(source)
        if kept:
            return kept > offset
        async with aclosing(self._live(source)) as pieces:
            async for piece in pieces:
                offset -= len(piece)
                if offset < 0:
                    return True
        return False

    async def _live(self, source: LogSource) -> AsyncGenerator[bytes]:
        connection = await asyncio.to_thread(connect, self._options)
        try:
            project, domain, _ = source.attempt.execution
            namespace = self._options.namespace_of(project, domain, connection.namespace)
            key = namespace, naming.name_of(source.attempt, source.incarnation)
            container = await self._container(connection, key)
            if container:
                async with aclosing(connection.log(key, container)) as pieces:
                    async for piece in pieces:
                        yield piece
        except (Away, Refused) as error:
            raise Unavailable("LogUnavailable", f"the pod's log can't be read now: {error}") from error
        finally:
            await connection.close()

    async def _container(self, connection: Connection, key: Key) -> str:
        """The name of a pod's primary container; empty if there is no such pod."""
        known = self._containers.get(key)
        if known is None:
            found = await connection.get(PODS, key)
            if found is None:
                return ""
            if len(self._containers) >= CONTAINERS_MAX:
                self._containers.clear()
            known = self._containers[key] = found.metadata.annotations.get(PRIMARY_CONTAINER, "")
        return known
