"""What becomes of real pods: each way to wait and to end, as a real Kubernetes tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from flyteidl.core import tasks_pb2
from google.protobuf import json_format
from tests.attempts.harness import eventually
from tests.attempts.specs import literal_map
from tests.contract.executor.outside import Life, Lives
from tests.kubernetes.cluster import PAUSE
from tests.kubernetes.pods import Pods
from tests.present import present

from alula.core.errors import TaskError
from alula.core.policy.resources import Amounts, Resources
from alula.core.policy.security import SecretReference
from alula.server.executor import AttemptSpec
from alula.server.executors.kubernetes.naming import name_of
from alula.server.executors.kubernetes.pod_logs import PodLogs
from alula.server.log import LogSource

pytestmark = pytest.mark.anyio
SEVEN = literal_map(o0=7).SerializeToString()


def asking(spec: AttemptSpec, **amounts: int) -> AttemptSpec:
    return msgspec.structs.replace(spec, resources=Resources(Amounts(**amounts), Amounts(**amounts)))


async def failure(life: Life, spec: AttemptSpec) -> TaskError:
    await life.until(lambda: life.has_ended(spec), timeout_s=60)
    return present(life.end_of(spec).error)


async def gone(pods: Pods) -> None:
    await asyncio.to_thread(eventually, lambda: not pods.namespace.pods(), timeout_s=30)


async def test_an_attempt_that_takes_too_much_memory_says_so(lives: Lives, pods: Pods):
    spec = asking(pods.holds("n0", memory_bytes=200 << 20), memory_bytes=32 << 20)
    async with lives.begin() as life:
        life.executor.submit(spec)
        error = await failure(life, spec)
        assert (error.code, error.kind, error.recoverable) == ("OOMKilled", "USER", True)


async def test_the_last_words_of_a_failure_are_in_its_message(lives: Lives, pods: Pods):
    spec = pods.script("n0", "echo 'the disk is on fire'; exit 3")
    async with lives.begin() as life:
        life.executor.submit(spec)
        error = await failure(life, spec)
        assert error.code == "ExitCode"
        assert "status 3; it said last: the disk is on fire" in error.message
        life.executor.acknowledge([spec.id])
        await gone(pods)


async def test_a_command_that_is_not_in_the_image_fails_for_good(lives: Lives, pods: Pods):
    spec = pods.succeeds("n0")
    spec.task.container.command[0] = "no-such-program"
    async with lives.begin() as life:
        life.executor.submit(spec)
        error = await failure(life, spec)
        assert (error.code, error.recoverable) == ("CommandNotFound", False)
        assert "no-such-program" in error.message


@pytest.mark.parametrize("platform_is", ["up", "down"])
async def test_a_pod_that_somebody_deletes_is_an_interruption(lives: Lives, pods: Pods, platform_is: str):
    spec = pods.waits("n0")
    async with lives.begin() as life:
        await life.until_it_runs(spec)
        if platform_is == "up":
            pods.namespace.delete(name_of(spec.id), grace_s=1)
            assert (await failure(life, spec)).code == "UnexpectedObjectDeletion"
            life.executor.acknowledge([spec.id])
            await gone(pods)
            return
    pods.namespace.delete(name_of(spec.id), grace_s=1)
    await asyncio.to_thread(eventually, lambda: not pods.runs(spec), timeout_s=30)
    async with lives.begin(spec) as life:
        error = await failure(life, spec)
        assert (error.code, error.kind, error.recoverable) == ("UnexpectedObjectDeletion", "SYSTEM", True)
    assert pods.starts(spec) == 1


async def test_an_evicted_pod_says_so(lives: Lives, pods: Pods):
    spec = pods.waits("n0")
    async with lives.begin() as life:
        await life.until_it_runs(spec)
        name = name_of(spec.id)
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name},
            "deleteOptions": {"gracePeriodSeconds": 1},
        }
        path = f"{pods.namespace.path}/pods/{name}/eviction"
        await asyncio.to_thread(pods.namespace.cluster.call, path, method="POST", body=eviction)
        assert (await failure(life, spec)).code == "Evicted"


async def test_an_image_that_does_not_come_is_told_while_it_is_waited_for(lives: Lives, pods: Pods):
    pods.options = msgspec.structs.replace(pods.options, image_pull_grace_s=6)
    spec = pods.succeeds("n0")
    spec.task.container.image = "localhost/nothing:1"
    async with lives.begin() as life:
        life.executor.submit(spec)
        error = await failure(life, spec)
        assert (error.code, error.kind, error.recoverable) == ("ImagePullBackOff", "USER", True)
        assert any("localhost/nothing:1" in each.reason for each in life.of(spec, "INITIALIZING"))
        assert life.of(spec, "RUNNING") == []
        life.executor.acknowledge([spec.id])
        await gone(pods)


async def test_a_pod_that_does_not_begin_tells_the_newest_warning(lives: Lives, pods: Pods, monkeypatch):
    monkeypatch.setattr("alula.server.executors.kubernetes.executor.EVENTS_S", 1.0)
    reads = 'read -r word < "$FLYTE_SECRETS_DEFAULT_DIR/later/key"'
    has_both = '[ "$word" = open ] && [ "$_FSEC_LATER_WORD" = open ] || exit 1'
    wanted = (SecretReference("later", "key", form="FILE"), SecretReference("later", "word", form="ENV_VAR"))
    spec = msgspec.structs.replace(pods.script("n0", f"{reads}; {has_both}"), secrets=wanted)
    async with lives.begin() as life:
        life.executor.submit(spec)
        await life.until(lambda: any("FailedMount" in each.reason for each in life.of(spec, "INITIALIZING")))
        assert 'secret "later" not found' in life.of(spec, "INITIALIZING")[-1].reason
        body = {"metadata": {"name": "later"}, "stringData": {"key": "open\n", "word": "open"}}
        pods.namespace.cluster.call(f"{pods.namespace.path}/secrets", method="POST", body=body)
        await life.until(lambda: life.has_ended(spec), timeout_s=60)
        assert life.end_of(spec).phase == "SUCCEEDED"
        life.executor.acknowledge([spec.id])
        await gone(pods)


async def test_a_pod_that_no_node_can_take_says_which_resource_is_missing(lives: Lives, pods: Pods):
    spec = asking(pods.succeeds("n0"), cpu_millicores=1_000_000)
    async with lives.begin() as life:
        life.executor.submit(spec)
        await life.until(lambda: life.of(spec, "WAITING_FOR_RESOURCES"))
        assert "Insufficient cpu" in life.of(spec, "WAITING_FOR_RESOURCES")[0].reason
        life.executor.cancel(spec.id)
        await gone(pods)


async def test_a_quota_is_waited_for_until_others_have_ended(lives: Lives, pods: Pods):
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}}}
    pods.namespace.cluster.call(f"{pods.namespace.path}/resourcequotas", method="POST", body=quota)
    path = f"{pods.namespace.path}/resourcequotas/q"
    eventually(lambda: pods.namespace.cluster.call(path).get("status", {}).get("hard"), timeout_s=30)
    first, second = pods.waits("n0"), pods.succeeds("n1")
    async with lives.begin() as life:
        await life.until_it_runs(first)
        life.executor.submit(second)
        await life.until(lambda: life.of(second, "WAITING_FOR_RESOURCES"))
        assert "the quota `q` of the namespace is used up" in life.of(second, "WAITING_FOR_RESOURCES")[0].reason
        pods.finish(first)
        await life.until(lambda: life.has_ended(first))
        life.executor.acknowledge([first.id])
        await life.until(lambda: life.has_ended(second), timeout_s=60)
        assert life.end_of(second).phase == "SUCCEEDED"


async def test_the_primary_container_ends_the_attempt_and_takes_the_others_along(lives: Lives, pods: Pods):
    spec = pods.succeeds("n0", outputs=SEVEN)
    command = list(spec.task.container.command)
    document = {
        "containers": [
            {"name": "proxy", "image": PAUSE},
            {"name": "main", "image": PAUSE, "command": command},
        ]
    }
    task = tasks_pb2.TaskTemplate(type="sidecar", interface=spec.task.interface)
    task.id.CopyFrom(spec.task.id)
    json_format.ParseDict(document, task.k8s_pod.pod_spec)
    task.k8s_pod.primary_container_name = "main"
    spec = msgspec.structs.replace(spec, task=task)
    async with lives.begin() as life:
        assert (await life.run(spec)).outputs == SEVEN
        life.executor.acknowledge([spec.id])
        await gone(pods)


async def test_a_named_template_is_the_ground_of_the_pod_and_must_be_there(lives: Lives, pods: Pods):
    container = {"name": "default", "image": "none", "env": [{"name": "FROM", "value": "template"}]}
    template = {"metadata": {"name": "ground"}, "template": {"spec": {"containers": [container]}}}
    pods.namespace.cluster.call(f"{pods.namespace.path}/podtemplates", method="POST", body=template)
    good, bad = pods.script("n0", '[ "$FROM" = template ] || exit 1'), pods.succeeds("n1")
    good.task.metadata.pod_template_name = "ground"
    bad.task.metadata.pod_template_name = "nowhere"
    async with lives.begin() as life:
        assert (await life.run(good)).phase == "SUCCEEDED"
        life.executor.submit(bad)
        assert (await failure(life, bad)).code == "PodTemplateNotFound"


class NoLogs:
    async def read(self, source: LogSource, *, offset: int = 0) -> AsyncIterator[bytes]:
        return
        yield b""

    async def size(self, source: LogSource) -> int:
        return 0

    async def has_more(self, source: LogSource, *, offset: int) -> bool:
        return False


async def test_the_log_of_a_pod_that_runs_is_read_from_an_offset_on(lives: Lives, pods: Pods):
    waits = "until [ -e {{.outputPrefix}}/finish ]; do sleep 0.05; done"
    spec = pods.script("n0", f"echo one; echo two; {waits}; echo three")
    logs, source = PodLogs(pods.options, NoLogs()), LogSource(spec.id, spec.incarnation)

    async def read(offset: int = 0) -> bytes:
        return b"".join([piece async for piece in logs.read(source, offset=offset)])

    async with lives.begin() as life:
        assert await read() == b""
        await life.until_it_runs(spec)
        async with asyncio.timeout(30):
            while not await logs.has_more(source, offset=7):
                await asyncio.sleep(0.1)
        assert await read() == b"one\ntwo\n"
        assert await read(4) == b"two\n"
        assert await logs.size(source) == 8
        assert not await logs.has_more(source, offset=8)
        pods.finish(spec)
        await life.until(lambda: life.has_ended(spec))
    assert Path(spec.output_prefix, "log.txt").read_bytes() == b"one\ntwo\nthree\n"
