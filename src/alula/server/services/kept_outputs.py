"""CacheService: outputs that clients keep under keys of their own, and the engine's under `project:domain:digest`."""

from __future__ import annotations

from flyteidl.cacheservice import cacheservice_pb2
from flyteidl.core import literals_pb2

from alula.core.errors import AlreadyExists, InvalidInput, NotFound
from alula.core.policy.registration import check_size
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services import engine_entries
from alula.server.services.messages.times import timestamp
from alula.server.services.platform import Platform
from alula.server.services.reservations import require_text
from alula.server.store.kept_outputs import KeptOutput
from alula.server.store.query import Filter

OUTPUT_MAX_BYTES = 1024 * 1024


async def get(platform: Platform, caller: Caller, key: str) -> cacheservice_pb2.CachedOutput:
    """Raises `NotFound`."""
    require_text(key, "key")
    await platform.require(caller, engine_entries.place_of(key), Action.VIEW)
    of_engine = engine_entries.key_of(key)
    if of_engine is not None:
        entry = await platform.store.catalog.get(of_engine)
        if entry is None:
            raise _missing(key)
        dataset = engine_entries.dataset_of(entry.key)
        told = {"source": entry.source, "dataset": dataset.name, "dataset_version": dataset.version}
        return cacheservice_pb2.CachedOutput(
            output_literals=literals_pb2.LiteralMap.FromString(entry.outputs),
            metadata=cacheservice_pb2.Metadata(
                key_map=cacheservice_pb2.KeyMapMetadata(values=told),
                created_at=timestamp(entry.created_at),
                last_updated_at=timestamp(entry.created_at),
            ),
        )
    kept = await platform.store.kept_outputs.get(key)
    if kept is None:
        raise _missing(key)
    output = cacheservice_pb2.CachedOutput.FromString(kept.output)
    times = cacheservice_pb2.Metadata(created_at=timestamp(kept.created_at), last_updated_at=timestamp(kept.updated_at))
    for field in ("created_at", "last_updated_at"):
        output.metadata.ClearField(field)
    output.metadata.MergeFrom(times)
    return output


async def put(platform: Platform, caller: Caller, request: cacheservice_pb2.PutCacheRequest) -> None:
    """Raises `AlreadyExists` where the key is taken and not to be overwritten."""
    key, output = require_text(request.key, "key"), request.output
    await platform.require(caller, engine_entries.place_of(key), Action.CACHE)
    if engine_entries.key_of(key) is not None:
        raise engine_entries.refuse_change(f"key `{key}`")
    if output.WhichOneof("output") is None:
        raise InvalidInput("NoOutput", f"nothing is given to keep under `{key}`", fix="give literals or a URI")
    check_size(output, f"the output for `{key}`", OUTPUT_MAX_BYTES)
    now = platform.clock()
    kept = KeptOutput(key, output.SerializeToString(deterministic=True), created_at=now, updated_at=now)
    audit = platform.audit(caller, "keep", f"output {key}")
    if not await platform.store.kept_outputs.keep(kept, audit, overwrite=request.overwrite):
        raise AlreadyExists("OutputExists", f"there is an output under `{key}`", fix="overwrite it, or use another key")


async def delete(platform: Platform, caller: Caller, key: str) -> None:
    """Raises `NotFound`. The engine's entry goes as by `alula cache evict`."""
    require_text(key, "key")
    await platform.require(caller, engine_entries.place_of(key), Action.CACHE)
    of_engine = engine_entries.key_of(key)
    if of_engine is not None:
        given = (("project", of_engine.project), ("domain", of_engine.domain), ("digest", of_engine.digest))
        audit = platform.audit(caller, "evict", f"output {key}", project=of_engine.project, domain=of_engine.domain)
        gone = await platform.store.catalog.evict([Filter(field, "eq", (value,)) for field, value in given], audit)
    else:
        gone = await platform.store.kept_outputs.drop(key, platform.audit(caller, "drop", f"output {key}"))
    if not gone:
        raise _missing(key)


def _missing(key: str) -> NotFound:
    return NotFound("OutputNotFound", f"there is no output under `{key}`")
