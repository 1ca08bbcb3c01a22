"""Raw containers in real pods beside their contract: Alula's copilot, and what only a pod has."""

from __future__ import annotations

import msgspec
import pytest
from flyteidl.core import literals_pb2, tasks_pb2
from google.protobuf import json_format
from tests.attempts import raw as attempts
from tests.attempts.raw import SIMPLE, Kind, blob
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
