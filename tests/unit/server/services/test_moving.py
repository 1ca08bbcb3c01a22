"""Runs that are exported by one platform and imported by another, and files that are not as they were written."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import itertools
import random
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import identifier_pb2, literals_pb2, types_pb2
from tests import flyte_specs as specs
from tests.present import present

from alula.core.engine import events
from alula.core.engine.records import ExecutionPhase
from alula.core.errors import AlreadyExists, AlulaError, FailedPrecondition, InvalidInput, PermissionDenied
from alula.core.ids import ExecutionId, Place
from alula.core.policy.run_file import IMPORTED_AT, IMPORTED_FILE, IMPORTED_FROM, MANIFEST
from alula.server.access import Action, EverybodyMay
from alula.server.blobs.file import FileBlobs
from alula.server.identity import Caller
from alula.server.services import layout
from alula.server.services.console.runs import Imported as Origin
from alula.server.services.console.runs import Run, as_shown
from alula.server.services.launch import create_execution, relaunch_execution
from alula.server.services.messages.names import execution_identifier
from alula.server.services.moving.export import export_run
from alula.server.services.moving.importing import Imported, import_run
from alula.server.services.moving.run_file import RunFile
from alula.server.services.moving.spool import framed, unframed
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_task
from alula.server.store.executions import ExecutionRecord
from alula.server.store.query import Query
from alula.server.stores.memory.adapter import MemoryStore

pytestmark = pytest.mark.anyio
HERE = Place(specs.PROJECT, specs.DOMAIN)
RUN = ExecutionId(*HERE, "run")
CODE, DATA = b"code", b"data " * 1000
FLIPS = 150


@pytest.fixture
async def other(platform: Platform, tmp_path: Path) -> AsyncIterator[Platform]:
    """A platform that has nothing."""
    store, ticks = MemoryStore(), itertools.count(1_800_000_000_000_000, 1_000_000)
    blobs = FileBlobs(tmp_path / "other" / "objects", tmp_path / "other" / "key")
    await store.start()
    await blobs.start()
    yield dataclasses.replace(platform, store=store, blobs=blobs, clock=lambda: next(ticks), http_endpoint="http://b")
    await store.stop()


@pytest.fixture
async def source(platform: Platform, caller: Caller) -> Platform:
    """The platform with a run, which has begun, of a task on a file."""
    blobs = platform.blobs
    code = blobs.uri(layout.UPLOADS, *HERE, hashlib.sha256(CODE).hexdigest(), "code.tar.gz")
    data = blobs.uri("data", *HERE, "ab", "key", "x.csv")
    await blobs.put(code, CODE)
    await blobs.put(data, DATA)
    request = specs.task("t", command=("run", "--code", code))
    variable = request.spec.template.interface.inputs.variables["x"]
    variable.type.CopyFrom(types_pb2.LiteralType(blob=types_pb2.BlobType(format="csv")))
    await create_task(platform, caller, request, Registrant("/usr/bin/python3", "host"))
    target = specs.identifier(identifier_pb2.TASK, "t")
    blob = literals_pb2.Literal(scalar={"blob": {"uri": data, "metadata": {"type": {"format": "csv"}}}})
    await create_execution(platform, caller, specs.execution("run", target, specs.literal_map(x=blob)))
    return platform


async def exported(platform: Platform, caller: Caller, id: ExecutionId = RUN, *, with_data: bool = True) -> bytes:
    export = await export_run(platform, caller, id, with_data=with_data)
    try:
        return b"".join([piece async for piece in export.pieces()])
    finally:
        export.close()


async def imported(platform: Platform, caller: Caller, file: bytes, place: Place = HERE) -> Imported:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(file), 1000):
            yield file[at : at + 1000]

    return await import_run(platform, caller, place, pieces())


async def record_of(platform: Platform, id: ExecutionId = RUN) -> ExecutionRecord:
    return present(await platform.store.executions.get(id))


def shown(record: ExecutionRecord) -> Run:
    return as_shown(record, {})


def input_of(record: ExecutionRecord) -> str:
    return literals_pb2.LiteralMap.FromString(record.inputs).literals["x"].scalar.blob.uri


def entries_of(file: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(file)) as found:
        return {name: found.read(name) for name in found.namelist()}


# `Any`: what a manifest says, of any kind.
def rewritten(file: bytes, changes: Mapping[str, bytes], **told: Any) -> bytes:
    """A file with other entries, whose manifest is right unless `told` says otherwise."""
    entries = {**entries_of(file), **changes}
    manifest: dict[str, Any] = msgspec.json.decode(entries.pop(MANIFEST))
    manifest["entries"] = [[name, len(data), hashlib.sha256(data).hexdigest()] for name, data in entries.items()]
    entries[MANIFEST] = msgspec.json.encode(manifest | told)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries.items():
            made.writestr(name, data)
    return out.getvalue()


# `Any`: the fields of a record.
def with_record(file: bytes, **fields: Any) -> bytes:
    """A file whose run says something else."""
    name = "runs/0/record.msgpack"
    (record,) = unframed([entries_of(file)[name]])
    return rewritten(file, {name: framed(msgspec.msgpack.encode(msgspec.msgpack.decode(record) | fields))})


async def test_a_run_is_there_with_its_file_and_its_code(source: Platform, other: Platform, caller: Caller) -> None:
    result = await imported(other, caller, await exported(source, caller))
    assert result == Imported(RUN, is_new=True)
    record = await record_of(other)
    assert await other.blobs.get(input_of(record)) == DATA
    assert input_of(record).startswith(layout.run_prefix(other.blobs, RUN, incarnation=record.incarnation))
    task = present(await other.store.entities.get("task", record.launch_plan))
    assert task.interpreter == ""
    code = other.blobs.uri(layout.UPLOADS, *HERE, hashlib.sha256(CODE).hexdigest(), "code.tar.gz")
    assert code.encode() in task.spec
    assert await other.blobs.get(code) == CODE
    annotations = execution_pb2.ExecutionSpec.FromString(record.spec).annotations.values
    assert annotations[IMPORTED_FROM] == f"{RUN} http://test"


async def test_a_run_that_goes_on_from_it_took_place_here(source: Platform, other: Platform, caller: Caller) -> None:
    await imported(other, caller, await exported(source, caller))
    request = execution_pb2.ExecutionRelaunchRequest(id=execution_identifier(RUN), name="again")
    await relaunch_execution(other, caller, request)
    again = shown(await record_of(other, RUN._replace(name="again")))
    assert again.imported is None
    annotations = execution_pb2.ExecutionSpec.FromString((await record_of(other)).spec).annotations.values
    assert shown(await record_of(other)).imported == Origin(str(RUN), "http://test", int(annotations[IMPORTED_AT]))


@pytest.mark.parametrize("at", ["", "soon", "-1", "9" * 17, "\u0661"])
async def test_a_time_of_import_that_a_client_made_up_is_none(source: Platform, at: str) -> None:
    record = await record_of(source)
    spec = execution_pb2.ExecutionSpec.FromString(record.spec)
    spec.annotations.values.update({IMPORTED_FROM: "p/d/n", IMPORTED_AT: at})
    record.spec = spec.SerializeToString()
    assert shown(record).imported == Origin("p/d/n", "", None)


async def test_one_that_went_on_has_ended_and_is_nobodys(source: Platform, other: Platform, caller: Caller) -> None:
    await imported(other, caller, await exported(source, caller))
    record = await record_of(other)
    assert record.phase is ExecutionPhase.ABORTED
    log = [events.decode(event) for event in await other.store.log.read(RUN)]
    assert (len(log), type(log[-1])) == (record.seq, events.AbortRequested)
    assert await other.store.ownership.claim("runner", now=1, lease_us=1, limit=10) == []
    assert (await record_of(source)).phase is ExecutionPhase.QUEUED


async def test_exporting_it_again_gives_the_same_file(source: Platform, other: Platform, caller: Caller) -> None:
    file = await exported(source, caller)
    await imported(other, caller, file)
    assert await exported(other, caller) == file


async def test_the_same_file_again_changes_nothing(source: Platform, other: Platform, caller: Caller) -> None:
    file = await exported(source, caller)
    await imported(other, caller, file)
    assert await imported(other, caller, file) == Imported(RUN, is_new=False)
    with pytest.raises(AlreadyExists) as caught:
        await imported(source, caller, file)
    assert caught.value.code == "ExecutionExists"


async def test_elsewhere_it_has_the_name_of_that_place(source: Platform, caller: Caller) -> None:
    file = await exported(source, caller)
    there = Place(specs.PROJECT, "staging")
    result = await imported(source, caller, file, there)
    assert result.id == ExecutionId(*there, "run")
    created = events.decode((await source.store.log.read(result.id))[0])
    assert isinstance(created, events.Created)
    assert created.execution == str(result.id)
    assert await source.blobs.get(input_of(await record_of(source, result.id))) == DATA


async def test_without_data_a_file_is_not_there(source: Platform, other: Platform, caller: Caller) -> None:
    await imported(other, caller, await exported(source, caller, with_data=False))
    assert await other.blobs.size(input_of(await record_of(other))) is None


async def test_what_a_caller_may_not_view_is_left_out(source: Platform, caller: Caller) -> None:
    secret = source.blobs.uri("data", "payroll", "production", "ab", "key", "x.csv")
    await source.blobs.put(secret, b"secret")
    blob = literals_pb2.Literal(scalar={"blob": {"uri": secret, "metadata": {"type": {"format": "csv"}}}})
    target = specs.identifier(identifier_pb2.TASK, "t")
    await create_execution(source, caller, specs.execution("spy", target, specs.literal_map(x=blob)))

    class OnlyHere(EverybodyMay):
        async def may(self, caller: Caller, action: Action, place: Place) -> bool:
            return place == HERE

    limited = dataclasses.replace(source, access=OnlyHere())
    file = await exported(limited, caller, ExecutionId(*HERE, "spy"))
    assert b"secret" not in entries_of(file).values()
    assert msgspec.json.decode(entries_of(file)[MANIFEST])["left_out"] == 1
    with pytest.raises(PermissionDenied):
        await imported(limited, caller, file, Place(specs.PROJECT, "staging"))


async def test_a_stranger_refers_to_nothing_that_is_here(source: Platform, other: Platform, caller: Caller) -> None:
    mine = other.blobs.uri("data", *HERE, "ab", "mine", "x.csv")
    await other.blobs.put(mine, b"mine")
    literal = literals_pb2.Literal(scalar={"blob": {"uri": mine}})
    inputs = literals_pb2.LiteralMap(literals={"x": literal}).SerializeToString()
    await imported(other, caller, with_record(await exported(source, caller), inputs=inputs))
    uri = input_of(await record_of(other))
    assert uri != mine
    assert await other.blobs.size(uri) is None


Damage = Callable[[bytes], bytes]
DAMAGED: dict[str, Damage] = {
    "is empty": lambda _: b"",
    "is no zip": lambda _: b"x" * 10_000,
    "was cut off": lambda file: file[:-10],
    "has more after its end": lambda file: file + b"x",
    "has an entry that was changed": lambda file: rewritten(
        file, {"runs/0/events.msgpack": entries_of(file)["runs/0/events.msgpack"][::-1]}
    ),
    "has an entry of nobody": lambda file: rewritten(file, {"runs/7/rows.msgpack": b""}),
    "has an entry that leaves the folder": lambda file: rewritten(file, {"objects/../../../etc/cron.d/x": b"x"}),
    "has an entry from the root": lambda file: rewritten(file, {"objects//etc/x": b"x"}),
    "has a run that goes on": lambda file: with_record(file, phase=2),
    "has a run in another's folder": lambda file: with_record(file, incarnation="../../x"),
    "has a run of another name": lambda file: with_record(file, id=("flytesnacks", "development", "x")),
    "has a number that no database keeps": lambda file: with_record(file, created_at=1 << 63),
    "has values that are none": lambda file: with_record(file, inputs=b"\xff"),
    "has fewer events than it says": lambda file: with_record(file, seq=3),
    "has a row that is none": lambda file: rewritten(file, {"runs/0/rows.msgpack": framed(b"\xc1")}),
    "has a record that never ends": lambda file: rewritten(file, {"runs/0/rows.msgpack": b"\xff\xff\xff\xff"}),
    "has no log": lambda file: rewritten(file, {"runs/0/events.msgpack": b""}),
    "has a specification that is none": lambda file: rewritten(file, {"entities.msgpack": framed(b"\x91\x01")}),
    "lacks what it needs": lambda file: rewritten(file, {"entities.msgpack": b""}),
}


@pytest.mark.parametrize("what", DAMAGED)
async def test_a_damaged_file_is_refused(source: Platform, other: Platform, caller: Caller, what: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await imported(other, caller, DAMAGED[what](await exported(source, caller)))
    assert caught.value.code == "RunFileDamaged", str(caught.value)
    assert await other.store.executions.page(Query(limit=10)) == []


async def test_a_newer_form_is_refused(source: Platform, other: Platform, caller: Caller) -> None:
    with pytest.raises(FailedPrecondition) as caught:
        await imported(other, caller, rewritten(await exported(source, caller), {}, format=2, entries="new"))
    assert caught.value.code == "RunFileTooNew"


async def test_a_wrong_digest_is_found(source: Platform, other: Platform, caller: Caller) -> None:
    file = await exported(source, caller)
    manifest: dict[str, Any] = msgspec.json.decode(entries_of(file)[MANIFEST])
    manifest["entries"][0][2] = "0" * 64
    with pytest.raises(InvalidInput, match="another digest"):
        await imported(other, caller, rewritten(file, {}, entries=manifest["entries"]))


async def test_a_bomb_is_refused_before_it_is_unpacked(source: Platform, other: Platform, caller: Caller) -> None:
    file = await exported(source, caller)
    manifest: dict[str, Any] = msgspec.json.decode(entries_of(file)[MANIFEST])
    manifest["entries"].append(["objects/bomb", 1 << 60, "0" * 64])
    with pytest.raises(AlulaError) as caught:
        await imported(other, caller, rewritten(file, {}, entries=manifest["entries"]))
    assert caught.value.code == "RunFileTooLarge"


async def test_code_under_a_wrong_digest_stays_beside_the_run(
    source: Platform, other: Platform, caller: Caller
) -> None:
    file = await exported(source, caller)
    (name,) = [name for name in entries_of(file) if name.startswith("objects/uploads/")]
    await imported(other, caller, rewritten(file, {name: b"evil"}))
    path = name.removeprefix("objects/")
    assert await other.blobs.size(other.blobs.uri(*path.split("/"))) is None
    record = await record_of(other)
    assert b"/imported/uploads/" in present(await other.store.entities.get("task", record.launch_plan)).spec


async def test_no_byte_that_is_changed_does_harm(source: Platform, other: Platform, caller: Caller) -> None:
    """A file with another byte is refused with a code of its own, or the byte did not matter."""
    file, draw = await exported(source, caller), random.Random(7)
    good = await imported(other, caller, file)
    before = await record_of(other)
    for _ in range(FLIPS):
        changed = bytearray(file)
        changed[draw.randrange(len(file))] ^= 1 << draw.randrange(8)
        with io.BytesIO(changed) as damaged:
            try:
                RunFile(damaged, len(changed))
            except (InvalidInput, FailedPrecondition) as error:
                assert error.code in ("RunFileDamaged", "RunFileTooNew")
    for length in range(0, len(file), len(file) // 50):
        with pytest.raises(InvalidInput) as caught, io.BytesIO(file[:length]) as damaged:
            RunFile(damaged, length)
        assert caught.value.code == "RunFileDamaged"
    assert await record_of(other, good.id) == before
    assert execution_pb2.ExecutionSpec.FromString(before.spec).annotations.values[IMPORTED_FILE]
