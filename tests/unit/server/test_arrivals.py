"""Triggers by objects: what is started for which, what may be waited for, and what is told of trouble."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

import pytest
from flyteidl.admin import launch_plan_pb2
from flyteidl.core import identifier_pb2, literals_pb2, types_pb2
from google.protobuf import struct_pb2
from tests import flyte_specs as specs
from tests.objects.memory import MemoryBlobs
from tests.policies import NobodyMay
from tests.unit.server.conftest import START_US

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import AlulaError, FailedPrecondition, PermissionDenied, Unavailable
from alula.core.policy.retention import DAY_US
from alula.core.policy.watching import Seen
from alula.server.identity import Caller
from alula.server.scheduler import arrivals
from alula.server.scheduler.arrivals import Arrivals
from alula.server.services.activation import update_launch_plan
from alula.server.services.platform import Platform, Watched
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.services.triggers import list_firings
from alula.server.store.executions import ExecutionRecord
from alula.server.store.leases import Lease
from alula.server.store.query import Query
from alula.server.store.trigger_records import FiringState
from alula.server.store.watches import WatchRecord
from alula.server.stores.memory.adapter import MemoryStore

pytestmark = pytest.mark.anyio
PLACE = (specs.PROJECT, specs.DOMAIN)
LEASE = "arrivals"


class Bucket(MemoryBlobs):
    """Objects elsewhere that can be written over, and refused."""

    def __init__(self) -> None:
        super().__init__("s3://drops")
        self.trouble: AlulaError | None = None

    def write(self, name: str, data: bytes = b"1", *, at: int = 1 << 60) -> None:
        self.objects[f"s3://drops/{name}"] = data
        self.changed[f"s3://drops/{name}"] = at

    async def look(self, folder: str, **page: Any) -> list[Seen]:
        if self.trouble is not None:
            raise self.trouble
        return await super().look(folder, **page)


@dataclasses.dataclass
class World:
    platform: Platform
    bucket: Bucket
    duty: Arrivals
    lease: Lease

    async def register(self, name: str = "loaded", *, open_max: int = 0, **fields: Any) -> None:
        """Register and activate a launch plan that waits for objects, as `ada`."""
        request, declared = specs.launch_plan(name, "w"), struct_pb2.Struct()
        declared.update({"kind": "object", "prefix": "s3://drops/in/", "inputs": {"file": "object.uri"}, **fields})
        request.spec.entity_metadata.launch_conditions.Pack(declared)
        request.spec.concurrency_policy.max = open_max
        await create_launch_plan(self.platform, Caller("ada"), request)
        await self.activate(name)

    async def activate(self, name: str = "loaded", state: Any = launch_plan_pb2.ACTIVE) -> None:
        id = specs.identifier(identifier_pb2.LAUNCH_PLAN, name)
        await update_launch_plan(
            self.platform, Caller("ada"), launch_plan_pb2.LaunchPlanUpdateRequest(id=id, state=state)
        )

    async def look(self, times: int = 2) -> None:
        """Look so often at what there is."""
        for _ in range(times):
            for progress in self.duty._progress.values():
                progress.due_s = 0.0
            await self.duty(self.lease)

    async def started(self) -> list[str]:
        """The files that runs were started with, in the order of their starts."""
        return [
            literals_pb2.LiteralMap.FromString(run.inputs).literals["file"].scalar.blob.uri for run in await self.runs()
        ]

    async def runs(self) -> list[ExecutionRecord]:
        return await self.platform.store.executions.page(Query(limit=1000, descending=False), with_values=True)

    async def watch(self, name: str = "loaded") -> WatchRecord:
        found = await self.platform.store.watches.of(*PLACE, name)
        assert found is not None
        return found


@pytest.fixture
async def world(platform: Platform) -> World:
    bucket = Bucket()
    platform = dataclasses.replace(platform, watched=(Watched(bucket, ()),))
    file = types_pb2.LiteralType(blob=types_pb2.BlobType(format="csv"))
    task, caller = specs.task("t"), Caller("ada")
    task.spec.template.interface.inputs.variables["x"].type.CopyFrom(file)
    await create_task(platform, caller, task, Registrant())
    workflow = specs.workflow("w", "t")
    variables = workflow.spec.template.interface.inputs.variables
    variables["file"].type.CopyFrom(file)
    del variables["x"]
    workflow.spec.template.nodes[0].inputs[0].binding.promise.var = "file"
    await create_workflow(platform, caller, workflow)
    lease = await platform.store.leases.claim(LEASE, "a", lease_us=60_000_000)
    return World(platform, bucket, Arrivals(platform, every_s=1.0), lease)


async def test_an_object_that_appears_starts_a_run_with_it(world: World) -> None:
    await world.register(pattern="*.csv")
    await world.look()
    world.bucket.write("in/2026/a.csv")
    world.bucket.write("in/a.txt")
    world.bucket.write("else/a.csv")
    await world.look(1)
    assert await world.started() == []
    await world.look(3)
    assert await world.started() == ["s3://drops/in/2026/a.csv"]
    (firing,) = await list_firings(world.platform, Caller("ada"), *PLACE, "loaded")
    assert firing.told == "object s3://drops/in/2026/a.csv appeared"
    assert (await world.runs())[0].principal == "ada"


async def test_objects_that_were_there_before_start_nothing_unless_they_are_written_anew(world: World) -> None:
    world.bucket.write("in/a.csv", at=1)
    await world.register()
    await world.look(4)
    assert await world.started() == []
    world.bucket.write("in/a.csv", b"22")
    await world.look()
    assert await world.started() == ["s3://drops/in/a.csv"]


async def test_an_old_file_that_is_moved_there_after_the_first_pass_is_new(world: World) -> None:
    await world.register()
    await world.look(1)
    assert (await world.watch()).first_pass_at is not None
    world.bucket.write("in/a.csv", at=START_US - 80 * DAY_US)
    await world.look()
    assert await world.started() == ["s3://drops/in/a.csv"]


async def test_objects_that_were_there_before_start_runs_where_that_is_asked_for(world: World) -> None:
    world.bucket.write("in/a.csv", at=1)
    await world.register(existing=True)
    await world.look()
    assert await world.started() == ["s3://drops/in/a.csv"]


async def test_an_object_that_is_still_written_waits(world: World) -> None:
    await world.register()
    for size in range(1, 5):
        world.bucket.write("in/a.csv", b"x" * size)
        await world.look(1)
    assert await world.started() == []
    await world.look(1)
    assert len(await world.started()) == 1


async def test_one_that_a_process_that_died_has_started_is_started_once(world: World) -> None:
    await world.register()
    world.bucket.write("in/a.csv")
    await world.look(1)
    note = world.platform.store.watches.note

    async def die(*_: Any, **__: Any) -> None:
        raise Unavailable("StoreAway", "the store can't be reached")

    world.platform.store.watches.note = die
    with pytest.raises(Unavailable):
        await world.look(1)
    world.platform.store.watches.note = note
    assert len(await world.started()) == 1
    world.duty = Arrivals(world.platform, every_s=1.0)
    await world.look(3)
    assert len(await world.started()) == 1


async def test_what_came_while_a_version_took_over_is_not_lost(world: World) -> None:
    await world.register()
    await world.look(1)
    world.bucket.write("in/a.csv", at=START_US - DAY_US)
    await world.look(1)
    request, declared = specs.launch_plan("loaded", "w"), struct_pb2.Struct()
    declared.update({"kind": "object", "prefix": "s3://drops/in/", "inputs": {"file": "object.uri"}})
    request.id.version, request.spec.max_parallelism = "v2", 3
    request.spec.entity_metadata.launch_conditions.Pack(declared)
    await create_launch_plan(world.platform, Caller("ada"), request)
    update = launch_plan_pb2.LaunchPlanUpdateRequest(id=request.id, state=launch_plan_pb2.ACTIVE)
    await update_launch_plan(world.platform, Caller("ada"), update)
    await world.look()
    assert [run.launch_plan.version for run in await world.runs()] == ["v2"]


async def test_objects_for_which_there_is_no_room_wait(world: World) -> None:
    await world.register(open_max=1)
    await world.look(1)
    for name in ("in/a.csv", "in/b.csv"):
        world.bucket.write(name)
    await world.look(4)
    assert await world.started() == ["s3://drops/in/a.csv"]
    assert isinstance(world.platform.store, MemoryStore)
    (run,) = world.platform.store.runs.values()
    run.record.phase = ExecutionPhase.SUCCEEDED
    await world.look()
    assert await world.started() == ["s3://drops/in/a.csv", "s3://drops/in/b.csv"]
    firings = await list_firings(world.platform, Caller("ada"), *PLACE, "loaded")
    assert {each.state for each in firings} == {FiringState.STARTED}


async def test_many_objects_are_looked_at_in_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "LIST_MAX", 3)
    monkeypatch.setattr(arrivals, "FIRINGS_MAX", 2)
    for number in range(5):
        world.bucket.write(f"in/old-{number}", at=START_US - DAY_US)
    await world.register()
    for number in range(7):
        world.bucket.write(f"in/new-{number}", at=2**50 * 4)
    await world.look(30)
    assert await world.started() == [f"s3://drops/in/new-{number}" for number in range(7)]
    watch = await world.watch()
    assert len(await world.platform.store.watches.sightings(watch.id, "", limit=100)) == 12
    world.bucket.objects.clear()
    await world.look(30)
    assert await world.platform.store.watches.sightings(watch.id, "", limit=100) == []


async def test_what_an_object_was_is_forgotten_in_time_and_it_starts_nothing_again(world: World) -> None:
    world.bucket.write("in/old.csv", at=START_US - 200 * DAY_US)
    await world.register(existing=True)
    world.bucket.write("in/new.csv", at=START_US)
    await world.look()
    watch = await world.watch()
    assert len(await world.started()) == 2
    assert [each.uri for each in await world.platform.store.watches.sightings(watch.id, "", limit=9)] == [
        "s3://drops/in/new.csv",
        "s3://drops/in/old.csv",
    ]
    await world.look(3)
    (left,) = await world.platform.store.watches.sightings(watch.id, "", limit=9)
    assert left.uri == "s3://drops/in/new.csv"
    world.duty = Arrivals(world.platform, every_s=1.0)
    await world.look(3)
    assert len(await world.started()) == 2
    world.bucket.write("in/old.csv", b"other", at=START_US)
    await world.look(3)
    assert len(await world.started()) == 3


async def test_a_bucket_that_can_not_be_read_is_told_once_until_it_can(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.register()
    await world.register("other", prefix="inbox/")
    world.bucket.trouble = Unavailable("BucketNotFound", "the bucket is not there: request 1")
    with caplog.at_level(logging.WARNING):
        await world.look(1)
        world.bucket.trouble = Unavailable("BucketNotFound", "the bucket is not there: request 2")
        await world.look(3)
    assert (await world.watch()).trouble == "BucketNotFound: the bucket is not there: request 1"
    assert [record.message.count("BucketNotFound") for record in caplog.records] == [1]
    assert (await world.watch("other")).trouble == ""
    world.bucket.trouble = None
    world.bucket.write("in/a.csv")
    await world.look()
    assert (await world.watch()).trouble == ""
    assert len(await world.started()) == 1


async def test_looks_that_fail_come_ever_later(world: World) -> None:
    await world.register()
    world.bucket.trouble = Unavailable("BucketNotFound", "the bucket is not there")
    await world.look(1)
    first = next(iter(world.duty._progress.values())).due_s
    await world.look(3)
    later = next(iter(world.duty._progress.values())).due_s
    assert later - first > 10


async def test_uploads_of_the_own_project_are_watched_by_the_name_of_their_folder(world: World) -> None:
    await world.register(prefix="inbox/")
    await world.look(1)
    uri = world.platform.blobs.uri("uploads", *PLACE, "inbox", "a.csv")
    await world.platform.blobs.put(uri, b"1")
    await world.look()
    assert await world.started() == [uri]


@pytest.mark.parametrize(
    "prefix",
    [
        "/ROOT",
        "/ROOT/metadata",
        "/ROOT/metadata/other/development",
        "/ROOT/data/flytesnacks/development",
        "/ROOT/uploads",
        "/ROOT/uploads/other",
        "/ROOT/.incoming",
    ],
)
async def test_what_the_platform_keeps_for_itself_is_not_watched(world: World, prefix: str) -> None:
    with pytest.raises(FailedPrecondition, match="keeps for itself") as refused:
        await world.register(prefix=prefix.replace("/ROOT", world.platform.blobs.uri()))
    assert refused.value.code == "NotWatchable"


async def test_a_folder_around_the_platform_is_not_watched(world: World) -> None:
    platform = dataclasses.replace(world.platform, blobs=MemoryBlobs("s3://drops/in/alula"))
    with pytest.raises(FailedPrecondition, match="keeps for itself"):
        await dataclasses.replace(world, platform=platform).register()


async def test_buckets_are_watched_by_the_projects_that_the_settings_name(world: World) -> None:
    with pytest.raises(PermissionDenied, match=r"objects\.watched|do not let") as refused:
        await world.register(prefix="s3://elsewhere/in")
    assert refused.value.code == "NotWatchable"
    with pytest.raises(PermissionDenied):
        await world.register("near", prefix="s3://drops-of-others")
    for projects, may in (((specs.PROJECT,), True), (("other",), False)):
        platform = dataclasses.replace(world.platform, watched=(Watched(world.bucket, projects),))
        there = dataclasses.replace(world, platform=platform)
        if may:
            await there.register("of-it")
        else:
            with pytest.raises(PermissionDenied):
                await there.register("of-others")


async def test_uploads_are_watched_by_those_who_may_view_them_and_no_longer(world: World) -> None:
    await world.register(prefix=world.platform.blobs.uri("uploads", "other", "development", "inbox"))
    forbidden = dataclasses.replace(world.platform, access=NobodyMay())
    with pytest.raises(PermissionDenied):
        await dataclasses.replace(world, platform=forbidden).activate()
    world.duty = Arrivals(forbidden, every_s=1.0)
    await world.look()
    assert (await world.watch()).trouble.startswith("NotAllowed: ")
