"""Asking the catalog whether a result is known, and whether it is still there.

An entry that names an object which is gone is a miss: the node runs again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from flyteidl.core import literals_pb2

from alula.core.engine.actions import LookUpCache
from alula.core.engine.events import CacheHit, CacheMissed
from alula.core.errors import AlulaError
from alula.core.literals.uris import uris
from alula.server.blob import Blobs
from alula.server.store import Store

logger = logging.getLogger(__name__)


async def look_up(store: Store, blobs: Blobs, action: LookUpCache, clock: Callable[[], int]) -> CacheHit | CacheMissed:
    """The answer to a `LookUpCache`. A catalog that can't answer never fails a node."""
    try:
        entry = await store.cached(action.key)
        if entry is None or await _lost(blobs, entry.outputs):
            return CacheMissed(clock(), action.scope, action.node)
    except AlulaError as error:
        logger.warning("cache look-up of %s failed: %s", action.key.task, error)
        return CacheMissed(clock(), action.scope, action.node, failed=True)
    return CacheHit(clock(), action.scope, action.node, entry.outputs, entry.source)


async def _lost(blobs: Blobs, outputs: bytes) -> bool:
    root = blobs.uri()
    for uri in uris(literals_pb2.LiteralMap.FromString(outputs)):
        if uri.startswith(root) and await blobs.size(uri) is None and not await blobs.list(uri):
            return True
    return False
