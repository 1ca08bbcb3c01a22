"""The objects of a run: where they are, how many, and how large."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import compress, islice

import msgspec
from flyteidl.admin import execution_pb2

from alula.core.errors import InvalidInput
from alula.core.ids import AttemptId
from alula.server.blob import LIST_MAX, Blobs
from alula.server.services import layout
from alula.server.store import Store
from alula.server.store.executions import ExecutionRecord
from alula.server.store.removals import Removal, Tries

PORTION = 500
"""Nodes and items whose attempts are read at once."""
AT_ONCE = 16
"""Attempts whose data is looked for at the same time."""


class Use(msgspec.Struct):
    """The use of the object store."""

    objects: int = 0
    bytes: int = 0


def removal_of(record: ExecutionRecord, rule: str, now: int) -> Removal:
    """The removal of a run that was read with its values."""
    own = execution_pb2.ExecutionSpec.FromString(record.spec).raw_output_data_config.output_location_prefix
    return Removal(record.id, record.incarnation, rule, now, own)


async def data_prefixes(store: Store, blobs: Blobs, run: Removal) -> AsyncIterator[str]:
    """The prefixes under which attempts of a run have put files and data frames, as far as the platform can remove
    them: those that a run had put elsewhere are its user's."""
    after: Tries | None = None
    while portion := await store.removals.tries(run.id, after, limit=PORTION):
        attempts = (
            AttemptId(run.id, tries.node_id, number, tries.item)
            for tries in portion
            for number in range(tries.last + 1)
        )
        while some := list(islice(attempts, AT_ONCE)):
            prefixes = [layout.data_prefix(blobs, run.raw_prefix, each, incarnation=run.incarnation) for each in some]
            for prefix in compress(prefixes, await asyncio.gather(*(_has_any(blobs, prefix) for prefix in prefixes))):
                yield prefix
        after = portion[-1]


async def use_of(store: Store, blobs: Blobs, run: Removal) -> Use:
    """The use of the object store by a run."""
    use = Use()
    folder = layout.run_prefix(blobs, run.id, incarnation=run.incarnation)
    await _add(blobs, folder, use)
    async for prefix in data_prefixes(store, blobs, run):
        await _add(blobs, prefix, use)
    return use


async def _add(blobs: Blobs, prefix: str, use: Use) -> None:
    after = ""
    while page := await blobs.list(prefix, after=after, limit=LIST_MAX):
        for uri in page:
            use.objects += 1
            use.bytes += await blobs.size(uri) or 0
        after = page[-1]


async def _has_any(blobs: Blobs, prefix: str) -> bool:
    try:
        return await blobs.exists(prefix)
    except InvalidInput:  # it is not in the platform's store
        return False
