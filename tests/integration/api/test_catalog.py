"""DataCatalog and CacheService over real gRPC: what clients keep, what the engine keeps, reservations, a restart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from flyteidl.cacheservice import cacheservice_pb2 as cache
from flyteidl.core import literals_pb2
from flyteidl.datacatalog import datacatalog_pb2 as catalog
from google.protobuf import duration_pb2
from tests.integration.api.clients import CACHE_SERVICE, Client
from tests.integration.platform import Platforms, RunningPlatform, alula
from tests.trailers import trailers

FLOW = """
from alula import task, workflow

@task(cache=True, cache_version="1.0-rc")
def double(x: int) -> int:
    return 2 * x

@workflow
def flow(x: int = 21) -> int:
    return double(x=x)
"""


@pytest.fixture
def caches(platform: RunningPlatform) -> Iterator[Client]:
    with Client(platform.grpc, CACHE_SERVICE) as client:
        yield client


def number(value: int) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=value)))


def dataset(name: str, version: str = "1", **more: Any) -> catalog.DatasetID:
    return catalog.DatasetID(project="flytesnacks", domain="development", name=name, version=version, **more)


def make_dataset(client: Client, name: str, version: str = "1", keys: tuple[str, ...] = ()) -> catalog.DatasetID:
    id = dataset(name, version)
    client.CreateDataset(catalog.CreateDatasetRequest(dataset=catalog.Dataset(id=id, partitionKeys=keys)))
    return id


def make_artifact(client: Client, dataset: catalog.DatasetID, id: str, value: int = 1, **partitions: str) -> None:
    artifact = catalog.Artifact(
        id=id,
        dataset=dataset,
        data=[catalog.ArtifactData(name="o0", value=number(value))],
        partitions=[catalog.Partition(key=key, value=of) for key, of in partitions.items()],
    )
    client.CreateArtifact(catalog.CreateArtifactRequest(artifact=artifact))


def list_datasets(client: Client, **of: str) -> list[catalog.DatasetID]:
    """All of them, read in pages of one."""
    found: list[catalog.DatasetID] = []
    wanted = [
        catalog.SinglePropertyFilter(dataset_filter=catalog.DatasetPropertyFilter(**{name: value}))
        for name, value in of.items()
    ]
    page = catalog.PaginationOptions(limit=1)
    while not found or page.token:
        request = catalog.ListDatasetsRequest(filter=catalog.FilterExpression(filters=wanted), pagination=page)
        answer = client.ListDatasets(request)
        found += [each.id for each in answer.datasets]
        page.token = answer.next_token
    return found


def code_of(call: Any, request: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call(request)
    error: Any = caught.value
    return error.code(), trailers(error)["alula-code"]


def test_an_artifact_is_tagged_found_and_overwritten(client: Client) -> None:
    id = make_dataset(client, "models")
    make_artifact(client, id, "a", 1)
    client.AddTag(catalog.AddTagRequest(tag=catalog.Tag(name="best", artifact_id="a", dataset=id)))
    found = client.GetArtifact(catalog.GetArtifactRequest(dataset=id, tag_name="best")).artifact
    assert (found.id, found.data[0].value, [tag.name for tag in found.tags]) == ("a", number(1), ["best"])
    update = catalog.UpdateArtifactRequest(
        dataset=id, tag_name="best", data=[catalog.ArtifactData(name="o0", value=number(2))]
    )
    assert client.UpdateArtifact(update).artifact_id == "a"
    found = client.GetArtifact(catalog.GetArtifactRequest(dataset=id, artifact_id="a")).artifact
    assert found.data[0].value == number(2)
    assert client.GetDataset(catalog.GetDatasetRequest(dataset=id)).dataset.id.UUID


def test_what_exists_or_is_missing_or_does_not_fit_is_refused_by_its_code(client: Client) -> None:
    id = make_dataset(client, "strict", keys=("day",))
    again = catalog.CreateDatasetRequest(dataset=catalog.Dataset(id=id))
    assert code_of(client.CreateDataset, again) == (grpc.StatusCode.ALREADY_EXISTS, "DatasetExists")
    without_day = catalog.CreateArtifactRequest(artifact=catalog.Artifact(id="a", dataset=id))
    assert code_of(client.CreateArtifact, without_day) == (grpc.StatusCode.INVALID_ARGUMENT, "BadPartitions")
    missing = catalog.GetArtifactRequest(dataset=id, tag_name="none")
    assert code_of(client.GetArtifact, missing) == (grpc.StatusCode.NOT_FOUND, "ArtifactNotFound")
    unknown = catalog.ListArtifactsRequest(dataset=dataset("unknown"))
    assert code_of(client.ListArtifacts, unknown) == (grpc.StatusCode.NOT_FOUND, "DatasetNotFound")
    pair = catalog.KeyValuePair(key="day", value="1")
    by_day = catalog.SinglePropertyFilter(partition_filter=catalog.PartitionPropertyFilter(key_val=pair))
    many = catalog.ListArtifactsRequest(dataset=id, filter=catalog.FilterExpression(filters=[by_day] * 5_000))
    assert code_of(client.ListArtifacts, many) == (grpc.StatusCode.INVALID_ARGUMENT, "TooManyFilters")
    engines = catalog.CreateDatasetRequest(dataset=catalog.Dataset(id=dataset("alula_task-x")))
    assert code_of(client.CreateDataset, engines) == (grpc.StatusCode.FAILED_PRECONDITION, "KeptByEngine")


def test_lists_are_filtered_and_paged(client: Client) -> None:
    id = make_dataset(client, "paged", keys=("day",))
    for n in range(5):
        make_artifact(client, id, f"a{n}", day=str(n % 2))
    make_dataset(client, "paged", "2")

    def listed(token: str = "", **more: Any) -> Any:
        page = catalog.PaginationOptions(limit=2, token=token, sortOrder=catalog.PaginationOptions.ASCENDING)
        return client.ListArtifacts(catalog.ListArtifactsRequest(dataset=id, pagination=page, **more))

    pages, token = [], ""
    while not pages or token:
        answer = listed(token)
        pages.append([artifact.id for artifact in answer.artifacts])
        token = answer.next_token
    assert pages == [["a0", "a1"], ["a2", "a3"], ["a4"]]
    pair = catalog.KeyValuePair(key="day", value="1")
    on_day = catalog.SinglePropertyFilter(partition_filter=catalog.PartitionPropertyFilter(key_val=pair))
    found = listed(filter=catalog.FilterExpression(filters=[on_day]))
    assert [artifact.id for artifact in found.artifacts] == ["a1", "a3"]
    of_name = catalog.SinglePropertyFilter(dataset_filter=catalog.DatasetPropertyFilter(name="paged"))
    request = catalog.ListDatasetsRequest(filter=catalog.FilterExpression(filters=[of_name]))
    assert [each.id.version for each in client.ListDatasets(request).datasets] == ["2", "1"]


def test_of_two_owners_one_has_the_reservation(client: Client) -> None:
    id = catalog.ReservationID(dataset_id=dataset("reserved"), tag_name="t")

    def ask(owner: str) -> Any:
        interval = duration_pb2.Duration(seconds=60)
        return client.GetOrExtendReservation(
            catalog.GetOrExtendReservationRequest(reservation_id=id, owner_id=owner, heartbeat_interval=interval)
        ).reservation

    first = ask("ada")
    assert (first.owner_id, first.heartbeat_interval.seconds) == ("ada", 10)
    assert ask("bob") == first
    assert ask("ada").expires_at.ToNanoseconds() >= first.expires_at.ToNanoseconds()
    client.ReleaseReservation(catalog.ReleaseReservationRequest(reservation_id=id, owner_id="bob"))
    assert ask("bob").owner_id == "ada"
    client.ReleaseReservation(catalog.ReleaseReservationRequest(reservation_id=id, owner_id="ada"))
    assert ask("bob").owner_id == "bob"


def test_an_output_is_kept_overwritten_and_deleted(caches: Client) -> None:
    def put(uri: str, *, overwrite: bool = False) -> cache.PutCacheRequest:
        return cache.PutCacheRequest(key="k", output=cache.CachedOutput(output_uri=uri), overwrite=overwrite)

    key = cache.GetCacheRequest(key="k")
    assert code_of(caches.Get, key) == (grpc.StatusCode.NOT_FOUND, "OutputNotFound")
    caches.Put(put("s3://a"))
    assert code_of(caches.Put, put("s3://b")) == (grpc.StatusCode.ALREADY_EXISTS, "OutputExists")
    caches.Put(put("s3://c", overwrite=True))
    output = caches.Get(key).output
    assert output.output_uri == "s3://c"
    times = output.metadata.created_at.ToNanoseconds(), output.metadata.last_updated_at.ToNanoseconds()
    assert 0 < times[0] < times[1]
    caches.Delete(cache.DeleteCacheRequest(key="k"))
    assert code_of(caches.Delete, cache.DeleteCacheRequest(key="k")) == (grpc.StatusCode.NOT_FOUND, "OutputNotFound")


def test_what_is_kept_outlives_a_crash_and_what_the_engine_cached_can_be_read(platforms: Platforms) -> None:
    (platforms.folder / "flow.py").write_text(FLOW)
    platform = platforms.start()
    with Client(platform.grpc) as client:
        make_artifact(client, make_dataset(client, "kept"), "a", 7)
    ran = alula("run", "--remote", "--wait", str(platforms.folder / "flow.py"), "flow", "--endpoint", platform.grpc)
    assert ran.returncode == 0, ran.stderr
    platform.kill()
    platform = platforms.start()
    kept = catalog.GetDatasetRequest(dataset=dataset("kept"))
    with Client(platform.grpc) as client, Client(platform.grpc, CACHE_SERVICE) as caches:
        found = client.GetArtifact(catalog.GetArtifactRequest(dataset=dataset("kept"), artifact_id="a")).artifact
        assert found.data[0].value == number(7)
        listed = alula("cache", "list", "flow.double", "-o", "json", "--endpoint", platform.grpc)
        (entry,) = json.loads(listed.stdout)
        output = caches.Get(cache.GetCacheRequest(key=f"flytesnacks:development:{entry['digest']}")).output
        assert output.output_literals.literals["o0"] == number(42)
        told = output.metadata.key_map.values
        assert told["dataset"] == "alula_task-flow.double"
        of_engine = dataset(told["dataset"], told["dataset_version"])
        (artifact,) = client.ListArtifacts(catalog.ListArtifactsRequest(dataset=of_engine)).artifacts
        assert (artifact.id, artifact.data[0].value) == (entry["digest"], number(42))
        assert client.GetDataset(catalog.GetDatasetRequest(dataset=of_engine)).dataset.id == of_engine
        assert list_datasets(client) == [of_engine, client.GetDataset(kept).dataset.id]
        assert list_datasets(client, name=of_engine.name) == [of_engine]
        by_tag = catalog.GetArtifactRequest(dataset=of_engine, tag_name=artifact.tags[0].name)
        assert client.GetArtifact(by_tag).artifact == artifact
