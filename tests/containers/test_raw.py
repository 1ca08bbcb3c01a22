"""Raw containers: inputs and outputs as files, on a real runtime."""

from __future__ import annotations

from pathlib import Path

import pytest
from flyteidl.core import literals_pb2, types_pb2
from tests.attempts import raw as attempts
from tests.attempts.raw import SIMPLE, Kind, blob, blob_type
from tests.attempts.specs import elsewhere
from tests.containers.boxes import Boxes
from tests.contract.executor.outside import Lives
from tests.objects.memory import MemoryBlobs

from alula.server.executor import AttemptSpec, AttemptUpdate

pytestmark = pytest.mark.anyio


def raw(boxes: Boxes, does: str, *, form: str = "JSON", inputs: dict | None = None, **outputs: Kind) -> AttemptSpec:
    return attempts.raw(boxes.script("n0", ""), does, form=form, inputs=inputs, **outputs)


async def ran(lives: Lives, spec: AttemptSpec) -> AttemptUpdate:
    async with lives.begin() as life:
        return await life.run(spec)


async def given(lives: Lives, spec: AttemptSpec) -> dict[str, literals_pb2.Literal]:
    """The outputs of an attempt that succeeds."""
    end = await ran(lives, spec)
    assert end.phase == "SUCCEEDED", end.error
    return dict(literals_pb2.LiteralMap.FromString(end.outputs or b"").literals)


async def test_values_come_as_files_and_go_as_files(lives: Lives, boxes: Boxes) -> None:
    does = "cat /in/name > /out/name; echo $(( $(cat /in/count) + 1 )) > /out/count; cat /in/maybe >&2"
    found = await given(lives, raw(boxes, does, count=SIMPLE.INTEGER, name=SIMPLE.STRING))
    assert found["count"].scalar.primitive.integer == 8
    assert found["name"].scalar.primitive.string_value == "Ada\n"


@pytest.mark.parametrize("form", ["JSON", "YAML", "PROTO"])
async def test_all_inputs_are_in_one_document_of_the_form_that_the_task_wants(
    lives: Lives, boxes: Boxes, form: str
) -> None:
    does = "cp /in/inputs.* /out/all; true"
    found = await given(lives, raw(boxes, "mkdir /out/all; " + does, form=form, all=blob_type(is_folder=True)))
    attempts.check_documents(Path(found["all"].scalar.blob.uri), form)


async def test_files_and_folders_come_and_go(lives: Lives, boxes: Boxes) -> None:
    store = boxes.folder / "objects/data/p/d/aa/other"
    (store / "folder/deep").mkdir(parents=True)
    (store / "file").write_text("of a file")
    (store / "folder/deep/part").write_text("of a folder")
    inputs = {"file": blob(store / "file"), "folder": blob(store / "folder", is_folder=True)}
    does = "cp /in/file /out/file; cp -r /in/folder /out/folder; ln -s /etc/passwd /out/folder/link"
    spec = raw(boxes, does, inputs=inputs, file=blob_type(), folder=blob_type(is_folder=True))
    found = await given(lives, spec)
    file, folder = found["file"].scalar.blob, found["folder"].scalar.blob
    assert Path(file.uri).read_text() == "of a file"
    assert file.uri.startswith(spec.raw_prefix)
    assert [each.name for each in Path(folder.uri).rglob("*") if each.is_file()] == ["part"]
    assert folder.metadata.type.format == "txt"


@pytest.mark.parametrize(("does", "kind", "code", "recoverable", "says"), attempts.BAD_OUTPUTS)
async def test_outputs_that_are_not_as_declared_say_which_and_why(
    lives: Lives, boxes: Boxes, does: str, kind: Kind, code: str, recoverable: bool, says: str
) -> None:
    error = (await ran(lives, raw(boxes, does, x=kind))).error
    assert error is not None
    assert (error.code, error.recoverable) == (code, recoverable), error.message
    assert says in error.message


async def test_an_output_that_no_file_can_be_is_refused_before_anything_runs(lives: Lives, boxes: Boxes) -> None:
    of_many = types_pb2.LiteralType(collection_type=types_pb2.LiteralType(simple=SIMPLE.INTEGER))
    async with lives.begin() as life:
        spec = raw(boxes, "true", x=of_many)
        error = (await life.run(spec)).error
        assert error is not None
        assert error.code == "UnsupportedTask"
        assert life.phases(spec) == ["FAILED"]


async def test_inputs_can_not_be_changed(lives: Lives, boxes: Boxes) -> None:
    source = boxes.folder / "objects/data/p/d/aa/other/file"
    source.parent.mkdir(parents=True)
    source.write_text("untouched")
    does = "echo changed > /in/file || rm -f /in/file || echo refused; true"
    await given(lives, raw(boxes, does, inputs={"file": blob(source)}))
    assert source.read_text() == "untouched"


async def test_a_killed_platform_reads_the_outputs_in_its_next_life(lives: Lives, boxes: Boxes) -> None:
    spec = raw(boxes, "until [ -e {{.outputPrefix}}/finish ]; do sleep 0.05; done; echo 7 > /out/x", x=SIMPLE.INTEGER)
    async with lives.begin(crashes=True) as life:
        await life.until_it_runs(spec)
    boxes.finish(spec)
    async with lives.begin(spec, platform="there") as life:
        await life.until(lambda: life.has_ended(spec))
        values = literals_pb2.LiteralMap.FromString(life.end_of(spec).outputs or b"")
        assert values.literals["x"].scalar.primitive.integer == 7


async def test_objects_elsewhere_are_brought_and_taken_back(boxes: Boxes) -> None:
    objects = MemoryBlobs("mem://store")
    for name in ("file", "folder/a", "folder/deep/b"):
        await objects.put(f"mem://store/data/p/d/{name}", name.encode())
    inputs = {
        "file": blob("mem://store/data/p/d/file"),
        "folder": blob("mem://store/data/p/d/folder", is_folder=True),
    }
    does = "cat /in/file /in/folder/deep/b; cp -r /in/folder /out/folder"
    spec = elsewhere(raw(boxes, does, inputs=inputs, folder=blob_type(is_folder=True)), boxes.folder, objects)
    async with boxes.elsewhere(objects) as life:
        end = await life.run(spec)
        assert end.phase == "SUCCEEDED", end.error
    found = literals_pb2.LiteralMap.FromString(end.outputs or b"").literals["folder"].scalar.blob.uri
    assert await objects.get(f"{found}/deep/b") == b"folder/deep/b"
    assert await objects.get(f"{spec.output_prefix}/log.txt") == b"filefolder/deep/b"


async def test_an_input_that_is_not_there_is_one_clear_failure(boxes: Boxes) -> None:
    objects = MemoryBlobs("mem://store")
    spec = elsewhere(raw(boxes, "true", inputs={"x": blob("mem://store/data/p/d/gone")}), boxes.folder, objects)
    async with boxes.elsewhere(objects) as life:
        error = (await life.run(spec)).error
        assert error is not None
        assert (error.code, error.recoverable) == ("InputNotFound", False)
