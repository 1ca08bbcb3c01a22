"""DataCatalog and CacheService: entries of clients and of the engine in the catalog, and reservations."""

from __future__ import annotations

import msgspec
from flyteidl.cacheservice import cacheservice_pb2
from flyteidl.datacatalog import datacatalog_pb2
from google.protobuf import duration_pb2

from alula.server.api.calls import Call
from alula.server.services import datasets, engine_entries, kept_outputs, reservations
from alula.server.services.messages.times import timestamp
from alula.server.services.platform import Platform
from alula.server.services.reservations import Reserved


class DataCatalog:
    """A method per RPC."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def create_dataset(
        self, request: datacatalog_pb2.CreateDatasetRequest, call: Call
    ) -> datacatalog_pb2.CreateDatasetResponse:
        await datasets.create_dataset(self._platform, call.caller, request.dataset)
        return datacatalog_pb2.CreateDatasetResponse()

    async def get_dataset(
        self, request: datacatalog_pb2.GetDatasetRequest, call: Call
    ) -> datacatalog_pb2.GetDatasetResponse:
        id = datasets.dataset_id(request.dataset)
        found = await datasets.get_dataset(self._platform, call.caller, id)
        return datacatalog_pb2.GetDatasetResponse(dataset=found)

    async def list_datasets(
        self, request: datacatalog_pb2.ListDatasetsRequest, call: Call
    ) -> datacatalog_pb2.ListDatasetsResponse:
        return await datasets.list_datasets(self._platform, call.caller, request)

    async def create_artifact(
        self, request: datacatalog_pb2.CreateArtifactRequest, call: Call
    ) -> datacatalog_pb2.CreateArtifactResponse:
        await datasets.create_artifact(self._platform, call.caller, request.artifact)
        return datacatalog_pb2.CreateArtifactResponse()

    async def get_artifact(
        self, request: datacatalog_pb2.GetArtifactRequest, call: Call
    ) -> datacatalog_pb2.GetArtifactResponse:
        found = await datasets.get_artifact(self._platform, call.caller, request)
        return datacatalog_pb2.GetArtifactResponse(artifact=found)

    async def list_artifacts(
        self, request: datacatalog_pb2.ListArtifactsRequest, call: Call
    ) -> datacatalog_pb2.ListArtifactsResponse:
        return await datasets.list_artifacts(self._platform, call.caller, request)

    async def update_artifact(
        self, request: datacatalog_pb2.UpdateArtifactRequest, call: Call
    ) -> datacatalog_pb2.UpdateArtifactResponse:
        id = await datasets.update_artifact(self._platform, call.caller, request)
        return datacatalog_pb2.UpdateArtifactResponse(artifact_id=id)

    async def add_tag(self, request: datacatalog_pb2.AddTagRequest, call: Call) -> datacatalog_pb2.AddTagResponse:
        await datasets.add_tag(self._platform, call.caller, request.tag)
        return datacatalog_pb2.AddTagResponse()

    async def get_or_extend_reservation(
        self, request: datacatalog_pb2.GetOrExtendReservationRequest, call: Call
    ) -> datacatalog_pb2.GetOrExtendReservationResponse:
        reserved = _tag(request.reservation_id)
        held = await reservations.hold(
            self._platform, call.caller, reserved, request.owner_id, request.heartbeat_interval
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
        self, request: datacatalog_pb2.ReleaseReservationRequest, call: Call
    ) -> datacatalog_pb2.ReleaseReservationResponse:
        await reservations.let_go(self._platform, call.caller, _tag(request.reservation_id), request.owner_id)
        return datacatalog_pb2.ReleaseReservationResponse()


class CacheService:
    """A method per RPC."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def get(self, request: cacheservice_pb2.GetCacheRequest, call: Call) -> cacheservice_pb2.GetCacheResponse:
        output = await kept_outputs.get(self._platform, call.caller, request.key)
        return cacheservice_pb2.GetCacheResponse(output=output)

    async def put(self, request: cacheservice_pb2.PutCacheRequest, call: Call) -> cacheservice_pb2.PutCacheResponse:
        await kept_outputs.put(self._platform, call.caller, request)
        return cacheservice_pb2.PutCacheResponse()

    async def delete(
        self, request: cacheservice_pb2.DeleteCacheRequest, call: Call
    ) -> cacheservice_pb2.DeleteCacheResponse:
        await kept_outputs.delete(self._platform, call.caller, request.key)
        return cacheservice_pb2.DeleteCacheResponse()

    async def get_or_extend_reservation(
        self, request: cacheservice_pb2.GetOrExtendReservationRequest, call: Call
    ) -> cacheservice_pb2.GetOrExtendReservationResponse:
        held = await reservations.hold(
            self._platform, call.caller, _output(request.key), request.owner_id, request.heartbeat_interval
        )
        return cacheservice_pb2.GetOrExtendReservationResponse(
            reservation=cacheservice_pb2.Reservation(
                key=request.key,
                owner_id=held.owner,
                heartbeat_interval=_duration(held.heartbeat_us),
                expires_at=timestamp(held.expires_at),
            )
        )

    async def release_reservation(
        self, request: cacheservice_pb2.ReleaseReservationRequest, call: Call
    ) -> cacheservice_pb2.ReleaseReservationResponse:
        await reservations.let_go(self._platform, call.caller, _output(request.key), request.owner_id)
        return cacheservice_pb2.ReleaseReservationResponse()


def _tag(id: datacatalog_pb2.ReservationID) -> Reserved:
    dataset, tag = datasets.dataset_id(id.dataset_id), reservations.require_text(id.tag_name, "tag")
    return Reserved(_name("tag", *dataset, tag), f"tag {tag} of {dataset}", dataset.place)


def _output(key: str) -> Reserved:
    reservations.require_text(key, "key")
    return Reserved(_name("output", key), f"output {key}", engine_entries.place_of(key))


def _name(*parts: str) -> str:
    return msgspec.json.encode(parts).decode()


def _duration(micros: int) -> duration_pb2.Duration:
    seconds, rest = divmod(micros, 1_000_000)
    return duration_pb2.Duration(seconds=seconds, nanos=rest * 1000)
