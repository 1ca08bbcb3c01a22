"""Raw containers: inputs and outputs as files, on every executor that has containers."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import pytest
from flyteidl.core import literals_pb2, tasks_pb2, types_pb2
from tests.attempts import raw as attempts
from tests.attempts.raw import SIMPLE, Kind, blob, blob_type
from tests.containers.boxes import Boxes
from tests.contract.executor.outside import Life, Lives
from tests.kubernetes.pods import Pods
from tests.present import present

from alula.core.errors import TaskError
from alula.server.executor import AttemptSpec, AttemptUpdate

pytestmark = pytest.mark.anyio

World: TypeAlias = "Boxes | Pods"
STARTS_WITHIN_S = 180


def raw(world: World, does: str, *, form: str = "JSON", inputs: dict | None = None, **outputs: Kind) -> AttemptSpec:
    return attempts.raw(world.script("n0", ""), does, form=form, inputs=inputs, **outputs)


async def ended(life: Life, spec: AttemptSpec) -> AttemptUpdate:
    life.executor.submit(spec)
    await life.until(lambda: life.has_ended(spec), timeout_s=STARTS_WITHIN_S)
    return life.end_of(spec)


async def given(lives: Lives, spec: AttemptSpec) -> dict[str, literals_pb2.Literal]:
    """The outputs of an attempt that succeeds."""
    async with lives.begin() as life:
        end = await ended(life, spec)
        assert end.phase == "SUCCEEDED", end.error
        assert life.phases(spec).count("RUNNING") == 1
    return dict(literals_pb2.LiteralMap.FromString(end.outputs or b"").literals)


async def failure(lives: Lives, spec: AttemptSpec) -> TaskError:
    async with lives.begin() as life:
        return present((await ended(life, spec)).error)


async def refusal(lives: Lives, spec: AttemptSpec) -> TaskError:
    """The failure of an attempt that starts no container."""
    async with lives.begin() as life:
        error = present((await ended(life, spec)).error)
        assert life.of(spec, "RUNNING") == []
    return error


def log_of(spec: AttemptSpec) -> str:
    return Path(spec.output_prefix, "log.txt").read_text()


# Values and objects


async def test_values_come_as_files_and_go_as_files(lives: Lives, world: World) -> None:
    does = "cat /in/name > /out/name; echo $(( $(cat /in/count) + 1 )) > /out/count; cat /in/maybe"
    spec = raw(world, does, count=SIMPLE.INTEGER, name=SIMPLE.STRING)
    found = await given(lives, spec)
    assert found["count"].scalar.primitive.integer == 8
    assert found["name"].scalar.primitive.string_value == "Ada\n"
    assert log_of(spec) == "null"


@pytest.mark.parametrize("form", ["JSON", "YAML", "PROTO"])
async def test_all_inputs_are_in_one_document_of_the_form_that_the_task_wants(
    lives: Lives, world: World, form: str
) -> None:
    does = "mkdir /out/all; cp /in/inputs.* /out/all"
    found = await given(lives, raw(world, does, form=form, all=blob_type(is_folder=True)))
    attempts.check_documents(Path(found["all"].scalar.blob.uri), form)


async def test_files_and_folders_come_and_go(lives: Lives, world: World, objects: Path) -> None:
    inputs = {"file": blob(objects / "file"), "folder": blob(objects / "folder", is_folder=True)}
    does = "cp /in/file /out/file; cp -r /in/folder /out/folder; ln -s /etc/passwd /out/folder/link; ls -a /in"
    spec = raw(world, does, inputs=inputs, file=blob_type(), folder=blob_type(is_folder=True))
    found = await given(lives, spec)
    file, folder = found["file"].scalar.blob, found["folder"].scalar.blob
    assert Path(file.uri).read_text() == "of a file"
    assert file.uri.startswith(spec.raw_prefix)
    assert [each.name for each in Path(folder.uri).rglob("*") if each.is_file()] == ["part"]
    assert folder.metadata.type.format == "txt"
    assert sorted(log_of(spec).split()) == [".", "..", "file", "folder", "inputs.json", "inputs.pb"]


async def test_inputs_can_not_be_changed(lives: Lives, world: World, objects: Path) -> None:
    # Output and errors are two streams, and no runtime keeps an order between them.
    does = "exec 2>/dev/null; echo changed > /in/file || rm -f /in/file || echo refused; cat /in/file"
    spec = raw(world, does, inputs={"file": blob(objects / "file")})
    await given(lives, spec)
    assert log_of(spec) == "refused\nof a file"
    assert (objects / "file").read_text() == "of a file"


# What can't be


@pytest.mark.parametrize(("does", "kind", "code", "recoverable", "says"), attempts.BAD_OUTPUTS)
async def test_outputs_that_are_not_as_declared_say_which_and_why(
    lives: Lives, world: World, does: str, kind: Kind, code: str, recoverable: bool, says: str
) -> None:
    error = await failure(lives, raw(world, does, x=kind))
    assert (error.code, error.recoverable) == (code, recoverable), error.message
    assert says in error.message


async def test_an_output_that_no_file_can_be_is_refused_before_anything_runs(lives: Lives, world: World) -> None:
    of_many = types_pb2.LiteralType(collection_type=types_pb2.LiteralType(simple=SIMPLE.INTEGER))
    error = await refusal(lives, raw(world, "true", x=of_many))
    assert (error.code, error.recoverable) == ("UnsupportedTask", False)


async def test_an_input_that_is_not_there_is_one_clear_failure(lives: Lives, world: World, objects: Path) -> None:
    gone = objects / "gone"
    error = await refusal(lives, raw(world, "true", inputs={"x": blob(gone)}))
    assert (error.code, error.recoverable) == ("InputNotFound", False), error.message
    assert str(gone) in error.message


# How objects are moved


async def test_objects_that_are_not_to_be_brought_are_named(lives: Lives, world: World, objects: Path) -> None:
    inputs = {
        "count": attempts.INPUTS["count"],
        "file": blob(objects / "file"),
        "gone": blob("s3://nowhere/gone"),
        "folder": blob(objects / "folder", is_folder=True),
    }
    does = 'cp /in/inputs.json /out/all; cat "$(cat /in/file)" "$(cat /in/folder)/deep/part" /in/gone'
    spec = raw(world, does, inputs=inputs, all=SIMPLE.STRUCT)
    spec.task.container.data_config.io_strategy.download_mode = tasks_pb2.IOStrategy.DO_NOT_DOWNLOAD
    document = (await given(lives, spec))["all"].scalar.generic
    assert dict(document) == {
        "count": 7,
        "file": str(objects / "file"),
        "gone": "s3://nowhere/gone",
        "folder": str(objects / "folder"),
    }
    assert log_of(spec) == "of a fileof a folders3://nowhere/gone"


async def test_objects_that_are_not_to_be_taken_are_named_by_the_container(lives: Lives, world: World) -> None:
    does = (
        "to={{.rawOutputDataPrefix}}; mkdir -p $to; echo mine > $to/mine; echo $to/mine > /out/file; "
        "echo s3://elsewhere/of > /out/folder; echo 7 > /out/count"
    )
    spec = raw(world, does, file=blob_type(), folder=blob_type(is_folder=True), count=SIMPLE.INTEGER)
    spec.task.container.data_config.io_strategy.upload_mode = tasks_pb2.IOStrategy.DO_NOT_UPLOAD
    found = await given(lives, spec)
    assert found["count"].scalar.primitive.integer == 7
    file, folder = found["file"].scalar.blob, found["folder"].scalar.blob
    assert file.uri == f"{spec.raw_prefix}/mine"
    assert Path(file.uri).read_text() == "mine\n"
    assert (folder.uri, folder.metadata.type) == ("s3://elsewhere/of", blob_type(is_folder=True).blob)


async def test_what_stands_for_an_object_that_is_not_taken_has_to_be_a_uri(lives: Lives, world: World) -> None:
    spec = raw(world, "echo somewhere > /out/file", file=blob_type())
    spec.task.container.data_config.io_strategy.upload_mode = tasks_pb2.IOStrategy.DO_NOT_UPLOAD
    error = await failure(lives, spec)
    assert (error.code, error.recoverable) == ("OutputsMismatch", False)
    assert "output file is not of type" in error.message
    assert "'somewhere' is no URI" in error.message


@pytest.mark.parametrize("mode", ["DOWNLOAD_STREAM", "UPLOAD_EAGER"])
async def test_files_that_are_to_move_meanwhile_are_refused_before_anything_runs(
    lives: Lives, world: World, mode: str
) -> None:
    spec = raw(world, "true")
    is_download = mode.startswith("DOWNLOAD")
    strategy = tasks_pb2.IOStrategy(**{"download_mode" if is_download else "upload_mode": mode})
    spec.task.container.data_config.io_strategy.CopyFrom(strategy)
    error = await refusal(lives, spec)
    assert (error.code, error.recoverable) == ("UnsupportedTask", False)
    assert f"is {mode}, but files are moved before" in error.message


# Crashes


async def test_a_killed_platform_reads_the_outputs_in_its_next_life(lives: Lives, world: World) -> None:
    spec = raw(world, "until [ -e {{.outputPrefix}}/finish ]; do sleep 0.05; done; echo 7 > /out/x", x=SIMPLE.INTEGER)
    async with lives.begin(crashes=True) as life:
        await life.until_it_runs(spec)
    world.finish(spec)
    async with lives.begin(spec, platform="there") as life:
        await life.until(lambda: life.has_ended(spec), timeout_s=STARTS_WITHIN_S)
        values = literals_pb2.LiteralMap.FromString(life.end_of(spec).outputs or b"").literals
        assert values["x"].scalar.primitive.integer == 7
