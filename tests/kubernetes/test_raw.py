"""Raw containers in real pods: inputs and outputs as files, brought and taken by Alula's copilot."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from flyteidl.core import literals_pb2, tasks_pb2
from google.protobuf import json_format
from tests.attempts import raw as attempts
from tests.attempts.raw import SIMPLE, Kind, blob, blob_type
from tests.contract.executor.outside import Life, Lives
from tests.kubernetes.cluster import PAUSE
from tests.kubernetes.pods import Pods
from tests.kubernetes.task_image import IMAGE, load_task_image
from tests.present import present

from alula.core.errors import TaskError
from alula.core.policy.resources import Amounts, Resources
from alula.core.policy.target import set_pod
from alula.server.executor import AttemptSpec
from alula.server.executors.kubernetes.naming import name_of

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("platform")]


@pytest.fixture
def pods(pods: Pods) -> Pods:
    load_task_image(pods.namespace.cluster)
    pods.options = msgspec.structs.replace(pods.options, copilot_image=IMAGE)
    return pods


def raw(pods: Pods, does: str, *, form: str = "JSON", inputs: dict | None = None, **outputs: Kind) -> AttemptSpec:
    return attempts.raw(pods.script("n0", ""), does, form=form, inputs=inputs, **outputs)


async def given(life: Life, spec: AttemptSpec) -> dict[str, literals_pb2.Literal]:
    """The outputs of an attempt that succeeds."""
    life.executor.submit(spec)
    await life.until(lambda: life.has_ended(spec), timeout_s=60)
    end = life.end_of(spec)
    assert end.phase == "SUCCEEDED", end.error
    return dict(literals_pb2.LiteralMap.FromString(end.outputs or b"").literals)


async def failure(life: Life, spec: AttemptSpec) -> TaskError:
    life.executor.submit(spec)
    await life.until(lambda: life.has_ended(spec), timeout_s=60)
    return present(life.end_of(spec).error)


async def test_values_come_as_files_and_go_as_files(lives: Lives, pods: Pods) -> None:
    does = "cat /in/name > /out/name; echo $(( $(cat /in/count) + 1 )) > /out/count; cat /in/maybe"
    spec = raw(pods, does, count=SIMPLE.INTEGER, name=SIMPLE.STRING)
    async with lives.begin() as life:
        found = await given(life, spec)
        assert found["count"].scalar.primitive.integer == 8
        assert found["name"].scalar.primitive.string_value == "Ada\n"
        assert life.phases(spec).count("RUNNING") == 1
    assert Path(spec.output_prefix, "log.txt").read_bytes() == b"null"


@pytest.mark.parametrize("form", ["JSON", "YAML", "PROTO"])
async def test_all_inputs_are_in_one_document_of_the_form_that_the_task_wants(
    lives: Lives, pods: Pods, form: str
) -> None:
    spec = raw(pods, "mkdir /out/all; cp /in/inputs.* /out/all", form=form, all=blob_type(is_folder=True))
    async with lives.begin() as life:
        found = await given(life, spec)
    attempts.check_documents(Path(found["all"].scalar.blob.uri), form)


async def test_files_and_folders_come_and_go(lives: Lives, pods: Pods) -> None:
    store = Path(pods.options.shared_folder) / "data/p/d/aa/other"
    (store / "folder/deep").mkdir(parents=True)
    (store / "file").write_text("of a file")
    (store / "folder/deep/part").write_text("of a folder")
    inputs = {"file": blob(store / "file"), "folder": blob(store / "folder", is_folder=True)}
    does = "cp /in/file /out/file; cp -r /in/folder /out/folder; ln -s /etc/passwd /out/folder/link; ls -a /in"
    spec = raw(pods, does, inputs=inputs, file=blob_type(), folder=blob_type(is_folder=True))
    async with lives.begin() as life:
        found = await given(life, spec)
    file, folder = found["file"].scalar.blob, found["folder"].scalar.blob
    assert Path(file.uri).read_text() == "of a file"
    assert file.uri.startswith(spec.raw_prefix)
    assert [each.name for each in Path(folder.uri).rglob("*") if each.is_file()] == ["part"]
    assert folder.metadata.type.format == "txt"
    seen = Path(spec.output_prefix, "log.txt").read_text().split()
    assert sorted(seen) == [".", "..", "file", "folder", "inputs.json", "inputs.pb"]


@pytest.mark.parametrize(("does", "kind", "code", "recoverable", "says"), attempts.BAD_OUTPUTS)
async def test_outputs_that_are_not_as_declared_say_which_and_why(
    lives: Lives, pods: Pods, does: str, kind: Kind, code: str, recoverable: bool, says: str
) -> None:
    async with lives.begin() as life:
        error = await failure(life, raw(pods, does, x=kind))
    assert (error.code, error.recoverable) == (code, recoverable), error.message
    assert says in error.message


async def test_inputs_can_not_be_changed(lives: Lives, pods: Pods) -> None:
    spec = raw(pods, "echo changed > /in/count || rm -f /in/count || echo refused; cat /in/count")
    async with lives.begin() as life:
        await given(life, spec)
    assert Path(spec.output_prefix, "log.txt").read_text().endswith("refused\n7")


async def test_an_input_that_is_not_there_is_one_clear_failure(lives: Lives, pods: Pods) -> None:
    gone = Path(pods.options.shared_folder) / "data/p/d/gone"
    spec = raw(pods, "true", inputs={"x": blob(gone)})
    async with lives.begin() as life:
        error = await failure(life, spec)
        assert (error.code, error.recoverable) == ("InputNotFound", False), error.message
        assert str(gone) in error.message
        assert life.of(spec, "RUNNING") == []


async def test_a_store_that_pods_do_not_reach_is_told(lives: Lives, pods: Pods) -> None:
    pods.options = msgspec.structs.replace(
        pods.options, variables={"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "a"}
    )
    spec = raw(pods, "true", inputs={"x": blob("ftp://store/x")})
    async with lives.begin() as life:
        error = await failure(life, spec)
    assert (error.code, error.kind, error.recoverable) == ("SYSTEM:DownloadDataError", "SYSTEM", True)
    assert "the copilot can't download the container's files" in error.message


async def test_a_container_that_runs_out_of_memory_says_so(lives: Lives, pods: Pods) -> None:
    spec = raw(pods, list(pods.holds("n1", memory_bytes=200 << 20).task.container.command)[2], x=SIMPLE.INTEGER)
    amounts = Amounts(memory_bytes=32 << 20)
    spec = msgspec.structs.replace(spec, resources=Resources(amounts, amounts))
    async with lives.begin() as life:
        assert (await failure(life, spec)).code == "OOMKilled"


async def test_a_killed_platform_reads_the_outputs_in_its_next_life(lives: Lives, pods: Pods) -> None:
    spec = raw(pods, "until [ -e {{.outputPrefix}}/finish ]; do sleep 0.05; done; echo 7 > /out/x", x=SIMPLE.INTEGER)
    async with lives.begin(crashes=True) as life:
        await life.until_it_runs(spec)
    pods.finish(spec)
    async with lives.begin(spec, platform="there") as life:
        await life.until(lambda: life.has_ended(spec), timeout_s=60)
        values = literals_pb2.LiteralMap.FromString(life.end_of(spec).outputs or b"")
        assert values.literals["x"].scalar.primitive.integer == 7


async def test_a_pod_template_lies_under_a_raw_container(lives: Lives, pods: Pods) -> None:
    spec = raw(pods, 'echo "$FROM" > /out/x', x=SIMPLE.STRING)
    overlay = tasks_pb2.K8sPod(primary_container_name="main")
    json_format.ParseDict(
        {"containers": [{"name": "main", "env": [{"name": "FROM", "value": "pod"}]}, {"name": "log", "image": PAUSE}]},
        overlay.pod_spec,
    )
    set_pod(spec.task, overlay)
    async with lives.begin() as life:
        found = await given(life, spec)
    assert found["x"].scalar.primitive.string_value == "pod\n"


# The copilot's image


async def test_without_an_image_for_the_copilot_nothing_is_made(lives: Lives, pods: Pods) -> None:
    pods.options = msgspec.structs.replace(pods.options, copilot_image="")
    async with lives.begin() as life:
        error = await failure(life, raw(pods, "true"))
    assert (error.code, error.recoverable) == ("NoCopilotImage", False)
    assert pods.namespace.pods() == []


async def test_an_image_of_the_copilot_that_does_not_come_is_named(lives: Lives, pods: Pods) -> None:
    pods.options = msgspec.structs.replace(pods.options, copilot_image="localhost/nothing:1", image_pull_grace_s=3)
    async with lives.begin() as life:
        error = await failure(life, raw(pods, "true"))
    assert error.code == "ImagePullBackOff"
    assert "alula-inputs" in error.message
    assert "localhost/nothing:1" in error.message


async def test_an_image_without_the_copilot_is_told(lives: Lives, pods: Pods) -> None:
    pods.options = msgspec.structs.replace(pods.options, copilot_image=PAUSE)
    async with lives.begin() as life:
        error = await failure(life, raw(pods, "true"))
    assert (error.code, error.kind, error.recoverable) == ("CopilotFailed", "SYSTEM", False)
    assert "`alula` in it" in error.message


async def test_a_pod_that_is_deleted_while_the_container_runs_is_an_interruption(lives: Lives, pods: Pods) -> None:
    spec = raw(pods, "sleep 1000", x=SIMPLE.INTEGER)
    async with lives.begin() as life:
        await life.until_it_runs(spec)
        pods.namespace.delete(name_of(spec.id, spec.incarnation), grace_s=1)
        await life.until(lambda: life.has_ended(spec), timeout_s=60)
        assert present(life.end_of(spec).error).code == "UnexpectedObjectDeletion"
