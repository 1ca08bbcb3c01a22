"""Taking objects of ours out of the cluster, and nobody else's."""

from __future__ import annotations

import math
from collections.abc import Callable

from alula.core.errors import TaskError
from alula.server.executors.calls import Calls
from alula.server.executors.followed import Taken
from alula.server.executors.kubernetes import naming
from alula.server.executors.kubernetes.connection import Connection, Refused
from alula.server.executors.kubernetes.objects import Key, Manifest, Object, Resource


class Remover:
    """Removes the objects of one executor."""

    def __init__(self, connection: Connection, calls: Calls, resource: Resource, *, grace_s: float) -> None:
        self._connection = connection
        self._calls = calls
        self._resource = resource
        self._grace_s = math.ceil(grace_s)

    async def remove(self, key: Key, is_meant: Callable[[Object], bool], *, seen: Object | None = None) -> None:
        """Let go of an object, then delete it. One that is not meant, or is gone, is left alone.

        Nobody else's change is overlooked: what changed since it was `seen` is looked at again.
        """
        found = seen or await self._get(key)
        while found is not None and is_meant(found):
            try:
                if naming.FINALIZER in found.metadata.finalizers:
                    patch = naming.letting_go(found)
                    found = await self._patch(key, patch)
                    if found is None:
                        return
                if found.metadata.deletion_timestamp is None:
                    await self._delete(found)
                return
            except Refused as refused:
                if refused.status != 409:
                    raise
                found = await self._get(key)

    async def give_up(self, seen: Object, error: TaskError, *, claim: int) -> None:
        """Delete an object that we keep, so that it stays to be seen and to say why. Raises `Taken`."""
        found: Object | None = seen
        while found is not None and found.metadata.uid == seen.metadata.uid:
            if naming.claim_of(found) > claim:
                raise Taken(naming.claim_of(found))
            try:
                found = await self._patch(found.key, naming.giving_up(found, error))
                if found is not None and found.metadata.deletion_timestamp is None:
                    await self._delete(found)
                return
            except Refused as refused:
                if refused.status != 409:
                    raise
                found = await self._get(seen.key)

    async def _patch(self, key: Key, patch: Manifest) -> Object | None:
        return await self._calls.patiently(lambda: self._connection.patch(self._resource, key, patch))

    async def _delete(self, found: Object) -> None:
        """Containers that have ended need no grace, and get none."""
        await self._calls.patiently(lambda: self._connection.delete(self._resource, found, grace_s=self._grace_s))

    async def _get(self, key: Key) -> Object | None:
        return await self._calls.patiently(lambda: self._connection.get(self._resource, key))
