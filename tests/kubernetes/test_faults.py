"""A real API server by a way that fails: nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.attempts.harness import eventually
from tests.contract.executor.outside import Life, Lives
from tests.kubernetes.pods import Pods
from tests.objects.proxy import Fate, Proxy, Request, Rule
from tests.present import present

from alula.server.executor import AttemptSpec
from alula.server.executors.kubernetes.executor import KubernetesExecutor
from alula.server.executors.kubernetes.measures import LISTS

pytestmark = pytest.mark.anyio
REFUSALS = (Fate(status=429), Fate(status=500), Fate(status=503), Fate(is_cut=True), Fate(is_lost=True))


@pytest.fixture
def way(pods: Pods, tmp_path: Path) -> Iterator[Proxy]:
    """The way on which the executor reaches the API server."""
    config = json.loads(pods.namespace.cluster.kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    with Proxy(cluster["server"]) as proxy:
        cluster["server"] = proxy.address
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(config))
        pods.options = msgspec.structs.replace(pods.options, kubeconfig=str(path))
        yield proxy


def is_watch(request: Request) -> bool:
    return "watch=true" in request.target


def forgets_once(way: Proxy) -> Rule:
    """The next watch begins so long ago that nobody knows what came after: 410."""

    def rule(request: Request) -> Fate:
        if not is_watch(request):
            return Fate()
        way.rule = lambda _: Fate()
        return Fate(target=re.sub("resourceVersion=[0-9]+", "resourceVersion=1", request.target))

    return rule


def lists(life: Life) -> float:
    assert isinstance(life.executor, KubernetesExecutor)
    [made] = [each.values[()] for each in life.executor.measure() if each.metric is LISTS]
    assert isinstance(made, float | int), "a counter"
    return made


async def ended_on_its_node(pods: Pods, spec: AttemptSpec) -> None:
    def has_ended() -> bool:
        return present(pods.namespace.pod(spec))["status"]["phase"] == "Succeeded"

    await asyncio.to_thread(eventually, has_ended, timeout_s=30)


async def check(life: Life, pods: Pods, *specs: AttemptSpec) -> None:
    """All succeed and were started once, and nothing is left of them."""
    await life.until(lambda: all(life.has_ended(each) for each in specs), timeout_s=60)
    assert {life.end_of(each).phase for each in specs} == {"SUCCEEDED"}
    assert {pods.starts(each) for each in specs} == {1}
    life.executor.acknowledge([each.id for each in specs])
    await asyncio.to_thread(eventually, lambda: not pods.namespace.pods(), timeout_s=60)


async def test_an_api_server_that_is_away_costs_time_alone(lives: Lives, pods: Pods, way: Proxy):
    runs, new = pods.waits("n0"), pods.succeeds("n1")
    async with lives.begin() as life:
        await life.until_it_runs(runs)
        way.rule = lambda _: Fate(is_cut=True)
        way.cut()
        pods.finish(runs)
        await ended_on_its_node(pods, runs)
        life.executor.submit(new)
        await life.until(lambda: any("does not take requests now" in each.reason for each in life.of(new, "QUEUED")))
        assert not life.has_ended(runs)
        way.rule = lambda _: Fate()
        await check(life, pods, runs, new)


async def test_requests_that_are_refused_or_not_answered_double_nothing(lives: Lives, pods: Pods, way: Proxy):
    asked: list[Request] = []

    def each_second_one(request: Request) -> Fate:
        if is_watch(request):
            return Fate()
        asked.append(request)
        return REFUSALS[len(asked) // 2 % len(REFUSALS)] if len(asked) % 2 else Fate()

    way.rule = each_second_one
    specs = [pods.succeeds(f"n{number}") for number in range(4)]
    async with lives.begin() as life:
        for each in specs:
            life.executor.submit(each)
        await check(life, pods, *specs)
    assert len(asked) > 2 * len(REFUSALS)


@pytest.mark.parametrize("how", ["cut", "forgotten"])
async def test_an_end_that_no_watch_tells_of_is_found(lives: Lives, pods: Pods, way: Proxy, how: str):
    spec = pods.waits("n0")
    async with lives.begin() as life:
        await life.until_it_runs(spec)
        listed = lists(life)
        way.rule = lambda request: Fate(is_cut=is_watch(request))
        way.cut()
        pods.finish(spec)
        await ended_on_its_node(pods, spec)
        way.rule = forgets_once(way) if how == "forgotten" else lambda _: Fate()
        await life.until(lambda: life.has_ended(spec), timeout_s=60)
        assert lists(life) - listed == (how == "forgotten")
        await check(life, pods, spec)
