"""DataCatalog and CacheService: what clients keep in the catalog, what the engine keeps there, and reservations."""

from __future__ import annotations

import msgspec
from flyteidl.cacheservice import cacheservice_pb2
from flyteidl.datacatalog import datacatalog_pb2
from google.protobuf import duration_pb2

from alula.server.api.grpc.calls import Context
from alula.server.identity import Caller
from alula.server.services import datasets, kept_outputs, reservations
from alula.server.services.messages.times import timestamp
from alula.server.services.platform import Platform


class DataCatalog:
    """A method per RPC."""

    def __init__(self, platform: Platform, caller: Caller) -> None:
        self._platform = platform
        self._caller = caller

    async def create_dataset(
        self, request: datacatalog_pb2.CreateDatasetRequest, _: Context
    ) -> datacatalog_pb2.CreateDatasetResponse:
        await datasets.create_dataset(self._platform, self._caller, request.dataset)
        return datacatalog_pb2.CreateDatasetResponse()

    async def get_dataset(
        self, request: datacatalog_pb2.GetDatasetRequest, _: Context
    ) -> datacatalog_pb2.GetDatasetResponse:
        id = datasets.dataset_id(request.dataset)
        found = await datasets.get_dataset(self._platform, self._caller, id)
        return datacatalog_pb2.GetDatasetResponse(dataset=found)

    async def list_datasets(
        self, request: datacatalog_pb2.ListDatasetsRequest, _: Context
    ) -> datacatalog_pb2.ListDatasetsResponse:
        return await datasets.list_datasets(self._platform, self._caller, request)

    async def create_artifact(
        self, request: datacatalog_pb2.CreateArtifactRequest, _: Context
    ) -> datacatalog_pb2.CreateArtifactResponse:
        await datasets.create_artifact(self._platform, self._caller, request.artifact)
        return datacatalog_pb2.CreateArtifactResponse()

    async def get_artifact(
        self, request: datacatalog_pb2.GetArtifactRequest, _: Context
    ) -> datacatalog_pb2.GetArtifactResponse:
        found = await datasets.get_artifact(self._platform, self._caller, request)
        return datacatalog_pb2.GetArtifactResponse(artifact=found)

    async def list_artifacts(
        self, request: datacatalog_pb2.ListArtifactsRequest, _: Context
    ) -> datacatalog_pb2.ListArtifactsResponse:
        return await datasets.list_artifacts(self._platform, self._caller, request)

    async def update_artifact(
        self, request: datacatalog_pb2.UpdateArtifactRequest, _: Context
    ) -> datacatalog_pb2.UpdateArtifactResponse:
        id = await datasets.update_artifact(self._platform, self._caller, request)
        return datacatalog_pb2.UpdateArtifactResponse(artifact_id=id)

    async def add_tag(self, request: datacatalog_pb2.AddTagRequest, _: Context) -> datacatalog_pb2.AddTagResponse:
        await datasets.add_tag(self._platform, self._caller, request.tag)
        return datacatalog_pb2.AddTagResponse()

    async def get_or_extend_reservation(
        self, request: datacatalog_pb2.GetOrExtendReservationRequest, _: Context
    ) -> datacatalog_pb2.GetOrExtendReservationResponse:
        name, target = _reserved(request.reservation_id)
        held = await reservations.hold(
            self._platform, self._caller, name, request.owner_id, request.heartbeat_interval, target=target
        )
        return datacatalog_pb2.GetOrExtendReservationResponse(
            reservation=datacatalog_pb2.Reservation(
                reservation_id=request.reservation_id,
                owner_id=held.owner,
                heartbeat_interval=_duration(held.heartbeat_us),
                expires_at=timestamp(held.expires_at),
            )
        )

    async def release_reservation(
        self, request: datacatalog_pb2.ReleaseReservationRequest, _: Context
    ) -> datacatalog_pb2.ReleaseReservationResponse:
        name, target = _reserved(request.reservation_id)
        await reservations.let_go(self._platform, self._caller, name, request.owner_id, target=target)
        return datacatalog_pb2.ReleaseReservationResponse()


class CacheService:
    """A method per RPC."""

    def __init__(self, platform: Platform, caller: Caller) -> None:
        self._platform = platform
        self._caller = caller

    async def get(self, request: cacheservice_pb2.GetCacheRequest, _: Context) -> cacheservice_pb2.GetCacheResponse:
        output = await kept_outputs.get(self._platform, self._caller, request.key)
        return cacheservice_pb2.GetCacheResponse(output=output)

    async def put(self, request: cacheservice_pb2.PutCacheRequest, _: Context) -> cacheservice_pb2.PutCacheResponse:
        await kept_outputs.put(self._platform, self._caller, request)
        return cacheservice_pb2.PutCacheResponse()

    async def delete(
        self, request: cacheservice_pb2.DeleteCacheRequest, _: Context
    ) -> cacheservice_pb2.DeleteCacheResponse:
        await kept_outputs.delete(self._platform, self._caller, request.key)
        return cacheservice_pb2.DeleteCacheResponse()

    async def get_or_extend_reservation(
        self, request: cacheservice_pb2.GetOrExtendReservationRequest, _: Context
    ) -> cacheservice_pb2.GetOrExtendReservationResponse:
        key = reservations.require_text(request.key, "key")
        held = await reservations.hold(
            self._platform,
            self._caller,
            _name("output", key),
            request.owner_id,
            request.heartbeat_interval,
            target=f"output {key}",
        )
        return cacheservice_pb2.GetOrExtendReservationResponse(
            reservation=cacheservice_pb2.Reservation(
                key=key,
                owner_id=held.owner,
                heartbeat_interval=_duration(held.heartbeat_us),
                expires_at=timestamp(held.expires_at),
            )
        )

    async def release_reservation(
        self, request: cacheservice_pb2.ReleaseReservationRequest, _: Context
    ) -> cacheservice_pb2.ReleaseReservationResponse:
        key = reservations.require_text(request.key, "key")
        await reservations.let_go(
            self._platform, self._caller, _name("output", key), request.owner_id, target=f"output {key}"
        )
        return cacheservice_pb2.ReleaseReservationResponse()


def _reserved(id: datacatalog_pb2.ReservationID) -> tuple[str, str]:
    """Under which name it is kept, and how it is called in the audit."""
    dataset, tag = datasets.dataset_id(id.dataset_id), reservations.require_text(id.tag_name, "tag")
    return _name("tag", *dataset, tag), f"tag {tag} of {dataset}"


def _name(*parts: str) -> str:
    return msgspec.json.encode(parts).decode()


def _duration(micros: int) -> duration_pb2.Duration:
    seconds, rest = divmod(micros, 1_000_000)
    return duration_pb2.Duration(seconds=seconds, nanos=rest * 1000)
