"""Nodes that come with the work and go with it, and nodes that go before it is done. They are simulated: the scheduler
and the controllers are real, and take them for real ones."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from flyteidl.core import types_pb2
from tests.attempts.harness import eventually
from tests.attempts.specs import literal_map
from tests.contract.executor.outside import Life, Lives
from tests.kubernetes.autoscaler import NODES, Autoscaler, Pool
from tests.kubernetes.pods import MERGE, Pods
from tests.present import present

from alula.core.policy.resources import Accelerator, Amounts, Resources
from alula.server.executor import AttemptSpec
from alula.server.executors.kubernetes.naming import name_of
from alula.server.executors.kubernetes.options import Toleration
from alula.server.executors.results import OUTPUTS

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("simulated nodes")]
SPOT, GPU, T4 = "spot.test", "nvidia.com/gpu", "nvidia-tesla-t4"
ACCELERATOR = "k8s.amazonaws.com/accelerator"
ONE_CPU = Amounts(cpu_millicores=800)


@pytest.fixture(autouse=True)
def simulated(pods: Pods) -> None:
    """All pods of these tests go to simulated nodes, and those that may be interrupted to spot nodes among them."""
    pods.namespace.cluster.simulate_nodes()
    pods.options = msgspec.structs.replace(
        pods.options,
        node_selector={"type": "kwok"},
        tolerations=(Toleration("kwok.x-k8s.io/node", "Exists"),),
        interruptible_node_selector={"pool": "spot"},
        interruptible_tolerations=(Toleration(SPOT, "Exists"),),
    )


@pytest.fixture
def autoscaler(pods: Pods) -> Iterator[Autoscaler]:
    pools = {
        "plain": Pool({"pool": "plain"}),
        "spot": Pool({"pool": "spot"}, taints={SPOT: "yes"}),
        "gpu": Pool({"pool": "gpu", ACCELERATOR: T4}, taints={ACCELERATOR: T4}, room={GPU: "1"}),
    }
    autoscaler = Autoscaler(pods.namespace, pools)
    yield autoscaler
    autoscaler.close()


@asynccontextmanager
async def scaling(autoscaler: Autoscaler) -> AsyncIterator[None]:
    """Let it do its work beside the test."""

    async def work() -> None:
        while True:
            await asyncio.to_thread(autoscaler.step)
            await asyncio.sleep(0.2)

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def spec(pods: Pods, name: str, *, gpu: bool = False, interruptible: bool = False) -> AttemptSpec:
    asked = msgspec.structs.replace(ONE_CPU, gpu=1) if gpu else ONE_CPU
    resources = Resources(asked, Amounts(), accelerator=Accelerator(T4) if gpu else None)
    return msgspec.structs.replace(pods.succeeds(name), resources=resources, interruptible=interruptible)


def succeed(pods: Pods, spec: AttemptSpec) -> None:
    """Let the simulated pod of an attempt have done its work."""
    ended = {
        "exitCode": 0,
        "reason": "Completed",
        "startedAt": "2026-01-01T00:00:00Z",
        "finishedAt": "2026-01-01T00:01:00Z",
    }
    tell(pods, present(pods.namespace.pod(spec)), "Succeeded", terminated=ended)


def tell(pods: Pods, pod: dict, phase: str, **state: dict) -> None:
    """Say of a pod what its node would."""
    containers = [{"name": each["name"], "state": state} for each in pod["spec"]["containers"]]
    path = f"{pods.namespace.path}/pods/{pod['metadata']['name']}/status"
    body = {"status": {"phase": phase, "containerStatuses": containers}}
    pods.namespace.cluster.call(path, method="PATCH", body=body, kind=MERGE)


async def run_all(life: Life, pods: Pods, specs: Sequence[AttemptSpec], autoscaler: Autoscaler) -> Counter[str]:
    """Run these from first to last, once each has said that it waits for a node. Gives how many ran in each pool."""
    for each in specs:
        life.executor.submit(each)
    waits = "WAITING_FOR_RESOURCES"
    await life.until(lambda: all(life.of(each, waits) for each in specs), timeout_s=60)
    assert all("no node can take the pod" in life.of(each, waits)[0].reason for each in specs)
    async with scaling(autoscaler):
        await life.until(lambda: all(life.of(each, "RUNNING") for each in specs), timeout_s=60)
    nodes = [present(pods.namespace.pod(each))["spec"]["nodeName"] for each in specs]
    ran = Counter(autoscaler.nodes[node] for node in nodes)
    for each in specs:
        await asyncio.to_thread(succeed, pods, each)
    await life.until(lambda: all(life.has_ended(each) for each in specs), timeout_s=60)
    assert {life.end_of(each).phase for each in specs} == {"SUCCEEDED"}
    life.executor.acknowledge([each.id for each in specs])
    return ran


async def test_pools_come_from_nothing_with_the_work_and_go_with_it(lives: Lives, pods: Pods, autoscaler: Autoscaler):
    async with lives.begin() as life:
        for wave in ("a", "b"):
            gpus = [spec(pods, f"{wave}-gpu{number}", gpu=True) for number in range(2)]
            spot = [spec(pods, f"{wave}-spot{number}", interruptible=True) for number in range(3)]
            plain = spec(pods, f"{wave}-plain")
            ran = await run_all(life, pods, [*gpus, *spot, plain], autoscaler)
            assert ran == {"gpu": 2, "spot": 3, "plain": 1}
            async with scaling(autoscaler):
                await asyncio.to_thread(eventually, lambda: not autoscaler.nodes, timeout_s=60)
        assert autoscaler.added == {"gpu": 4, "spot": 6, "plain": 2}, "one for each pod, and none beside"


def executes(pods: Pods, name: str) -> AttemptSpec:
    """An attempt by Alula's own command, whose results are there when they are whole."""
    made = spec(pods, name)
    made.task.container.command[:] = ["alula-execute"]
    made.task.interface.outputs.variables["o0"].type.simple = types_pb2.INTEGER
    return made


def write(of: AttemptSpec, outputs: bytes) -> None:
    path = Path(of.output_prefix, OUTPUTS)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(outputs)


def start_on(pods: Pods, node: str, count: int) -> None:
    """Let so many pods run on a node that tells nothing by itself."""
    there = lambda: [each for each in pods.namespace.pods() if each["spec"].get("nodeName") == node]  # noqa: E731
    eventually(lambda: len(there()) == count, timeout_s=60)
    for pod in there():
        tell(pods, pod, "Running", running={"startedAt": "2026-01-01T00:00:00Z"})


def leave_at_once(pods: Pods, pod: dict) -> None:
    """Let a pod be evicted as soon as its node is known to be silent, not after five minutes."""
    tolerations = pod["spec"]["tolerations"]
    for each in tolerations:
        if "tolerationSeconds" in each:
            each["tolerationSeconds"] = 0
    path, body = f"{pods.namespace.path}/pods/{pod['metadata']['name']}", {"spec": {"tolerations": tolerations}}
    pods.namespace.cluster.call(path, method="PATCH", body=body, kind=MERGE)


async def test_a_node_that_is_lost_takes_an_attempt_with_it_but_no_results(
    lives: Lives, pods: Pods, request: pytest.FixtureRequest
):
    cluster, outputs = pods.namespace.cluster, literal_map(o0=1).SerializeToString()
    pool = {"pool": pods.namespace.name}
    pods.options = msgspec.structs.replace(pods.options, node_lost_grace_s=1, node_selector=pool)
    nodes = removed, silent = [f"{pods.namespace.name}-{how}" for how in ("removed", "silent")]
    for node in nodes:
        room = {"cpu": "2", "memory": "1Gi", "pods": "2"}
        cluster.add_simulated_node(node, room, labels=pool, is_played=node != silent)
        request.addfinalizer(functools.partial(cluster.remove_node, node))
    specs = [executes(pods, f"n{number}") for number in range(4)]
    async with lives.begin() as life:
        for each in specs:
            life.executor.submit(each)
        await asyncio.to_thread(start_on, pods, silent, 2)
        await life.until(lambda: all(life.of(each, "RUNNING") for each in specs), timeout_s=60)
        before = [present(pods.namespace.pod(each)) for each in specs]
        on: dict[str, list[AttemptSpec]] = {node: [] for node in nodes}
        for each, pod in zip(specs, before, strict=True):
            on[pod["spec"]["nodeName"]].append(each)
            leave_at_once(pods, pod)
        for node in nodes:
            write(on[node][0], outputs)
        cluster.call(f"{NODES}/{removed}", method="DELETE")
        # The collector of pods waits for 40 s, the watcher of nodes for 50.
        await life.until(lambda: all(life.has_ended(each) for each in specs), timeout_s=150)
        for node in nodes:
            [succeeded], [failed] = (life.ends_of(each) for each in on[node])
            assert (succeeded.phase, succeeded.outputs) == ("SUCCEEDED", outputs)
            error = present(failed.error)
            assert (error.code, error.kind, error.recoverable) == ("NodeLost", "SYSTEM", True)
        kept = [present(pods.namespace.pod(each))["metadata"]["uid"] for each in specs]
        assert kept == [pod["metadata"]["uid"] for pod in before], "each has had one pod"
        life.executor.acknowledge([each.id for each in specs])
        let_go = lambda: not any(each["metadata"].get("finalizers") for each in pods.namespace.pods())  # noqa: E731
        await asyncio.to_thread(eventually, let_go, timeout_s=30)


async def test_an_attempt_that_gives_way_to_a_pod_of_greater_priority_is_preempted(lives: Lives, pods: Pods):
    cluster, node, urgent = pods.namespace.cluster, f"{pods.namespace.name}-full", f"urgent-{uuid4().hex[:8]}"
    cluster.add_simulated_node(node, {"cpu": "1", "memory": "1Gi", "pods": "10"}, labels={"pool": node})
    priorities = "/apis/scheduling.k8s.io/v1/priorityclasses"
    cluster.call(priorities, method="POST", body={"metadata": {"name": urgent}, "value": 1000})
    pods.options = msgspec.structs.replace(pods.options, node_selector={"pool": node})
    attempt = spec(pods, "n0")
    try:
        async with lives.begin() as life:
            await life.until_it_runs(attempt)
            pod = present(pods.namespace.pod(attempt))["spec"]
            body = {
                "metadata": {"name": urgent},
                "spec": {
                    "priorityClassName": urgent,
                    "nodeSelector": pod["nodeSelector"],
                    "tolerations": pod["tolerations"],
                    "containers": [{"name": "main", "image": "none", "resources": {"requests": {"cpu": "800m"}}}],
                },
            }
            await asyncio.to_thread(cluster.call, f"{pods.namespace.path}/pods", method="POST", body=body)
            await life.until(lambda: life.has_ended(attempt), timeout_s=60)
            error = present(life.end_of(attempt).error)
            assert (error.code, error.kind, error.recoverable) == ("Preempted", "SYSTEM", True)
            life.executor.acknowledge([attempt.id])
            name = name_of(attempt.id)
            gone = lambda: name not in {each["metadata"]["name"] for each in pods.namespace.pods()}  # noqa: E731
            await asyncio.to_thread(eventually, gone, timeout_s=30)
    finally:
        cluster.call(f"{priorities}/{urgent}", method="DELETE")
        cluster.call(f"{NODES}/{node}", method="DELETE")
