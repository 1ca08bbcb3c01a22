"""What an API server that fails, and others that use the cluster, can do to attempts: nothing is lost or doubled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import msgspec
import pytest
from tests.attempts.harness import Harness
from tests.attempts.specs import attempt
from tests.kubernetes.scripted import ApiServer, refusal
from tests.objects.memory import MemoryBlobs
from tests.present import failure

from alula.core.ids import AttemptId
from alula.server.executor import AttemptSpec
from alula.server.executors.calls import Calls
from alula.server.executors.identity import identity_text
from alula.server.executors.kubernetes import naming
from alula.server.executors.kubernetes.executor import KubernetesExecutor
from alula.server.executors.kubernetes.measures import CALLS_FAILED
from alula.server.executors.kubernetes.options import KubernetesOptions

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits here for a time."""
    for module in ("calls", "kubernetes.watching", "kubernetes.making", "stored_results"):
        monkeypatch.setattr(f"alula.server.executors.{module}.back_off_s", lambda *_: 0.0)
    monkeypatch.setattr("alula.server.executors.kubernetes.executor.NOTICE_S", 0.0)


@pytest.fixture
def server() -> ApiServer:
    return ApiServer()


class Remote(MemoryBlobs):
    """Objects that pods reach by themselves."""

    def uri(self, *parts: str) -> str:
        return super().uri(*parts) if parts else "memory:"


def spec(node: str = "n0") -> AttemptSpec:
    return msgspec.structs.replace(attempt(Path("/"), "true", node=node, image="i"), incarnation="i0")


def name(of: AttemptSpec) -> str:
    return naming.name_of(of.id, of.incarnation)


@asynccontextmanager
async def life(
    server: ApiServer,
    *expected: AttemptSpec,
    owner: str = "here",
    spared: Sequence[AttemptId] = (),
    blobs: MemoryBlobs | None = None,
) -> AsyncIterator[Harness]:
    executor = KubernetesExecutor(blobs or Remote(), KubernetesOptions(enabled=True), connect=server.connection)
    harness = Harness(executor)
    await executor.start(harness.sink)
    try:
        await executor.reconcile(expected, owner=owner, spared=spared)
        yield harness
    finally:
        await executor.stop()


async def so(condition: Callable[[], object]) -> None:
    """Wait for what no update tells."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0)


async def there(server: ApiServer, of: AttemptSpec) -> None:
    await so(lambda: name(of) in server.pods)


def away() -> Exception:
    return httpx2.ConnectError("connection refused")


@pytest.mark.parametrize(
    "trouble",
    [
        lambda: refusal(429, "TooManyRequests", **{"Retry-After": "0"}),
        lambda: refusal(500, "InternalError"),
        lambda: refusal(503, "ServiceUnavailable"),
        lambda: httpx2.Response(502, content=b"<html>bad gateway</html>"),
        away,
        lambda: httpx2.ReadTimeout("timed out"),
    ],
    ids=["429", "500", "503", "no-json", "away", "slow"],
)
async def test_trouble_that_passes_is_waited_for(server, trouble):
    server.fails("POST", trouble, times=3)
    async with life(server) as here:
        here.executor.submit(spec())
        await there(server, spec())
        server.end(name(spec()))
        await here.until(lambda: here.has_ended(spec()))
        assert here.end_of(spec()).phase == "SUCCEEDED"
        assert "API server" in here.of(spec(), "QUEUED")[0].reason
    assert server.asked("POST") == 4


async def test_a_pod_whose_creation_was_not_answered_is_not_made_twice(server):
    server.lost_answers.append("POST")
    async with life(server) as here:
        here.executor.submit(spec())
        await there(server, spec())
        server.end(name(spec()))
        await here.until(lambda: here.has_ended(spec()))
    assert server.asked("POST") == 2
    assert len(server.pods) == 1


async def test_a_pod_that_goes_before_its_creation_is_answered_is_missed(server):
    server.holds_answers = asyncio.Event()
    async with life(server) as here:
        here.executor.submit(spec())
        await there(server, spec())
        server.pods[name(spec())]["metadata"]["finalizers"] = []
        server.delete(name(spec()))
        for _ in range(20):
            await asyncio.sleep(0)  # the watch tells of it meanwhile
        server.holds_answers.set()
        await here.until(lambda: here.has_ended(spec()))
        assert failure(here.end_of(spec())).code == "UnexpectedObjectDeletion"


async def test_a_strangers_pod_is_never_adopted_or_touched(server):
    annotations = {naming.ATTEMPT: identity_text(spec("other").id, "i0")}
    server.put({"metadata": {"name": name(spec()), "annotations": annotations, "labels": {naming.OWNER: "here"}}})
    before = dict(server.pods[name(spec())]["metadata"])
    async with life(server) as here:
        end = await here.run(spec())
        assert (failure(end).code, failure(end).recoverable) == ("NameTaken", True)
        here.executor.acknowledge([spec().id])
        here.executor.submit(spec("after"))
        await there(server, spec("after"))
    assert server.pods[name(spec())]["metadata"] == before


@pytest.mark.parametrize("how", ["cut", "forgotten", "refused"])
async def test_an_end_in_a_gap_of_the_watch_is_found(server, how):
    async with life(server) as here:
        here.executor.submit(spec())
        await there(server, spec())
        server.run(name(spec()))
        await here.until(lambda: here.of(spec(), "RUNNING"))
        if how == "refused":
            server.fails("GET", lambda: refusal(500, "InternalError"), times=3, watch=True)
        if how == "forgotten":
            server.end(name(spec()))
            server.forget()
            server.cut()
        else:
            server.cut()
            server.end(name(spec()))
        await here.until(lambda: here.has_ended(spec()))
        assert [each.phase for each in here.of(spec())][-2:] == ["RUNNING", "SUCCEEDED"]


async def test_a_deletion_in_a_gap_of_the_watch_is_found(server):
    async with life(server) as here:
        here.executor.submit(spec())
        await there(server, spec())
        server.run(name(spec()))
        await here.until(lambda: here.of(spec(), "RUNNING"))
        del server.pods[name(spec())]
        server.forget()
        server.cut()
        await here.until(lambda: here.has_ended(spec()))
        assert failure(here.end_of(spec())).code == "UnexpectedObjectDeletion"


@pytest.mark.parametrize(
    "refused, code, recoverable",
    [
        (refusal(422, "Invalid", "spec.containers[0].image: Required"), "PodRefused", False),
        (refusal(404, "NotFound", 'namespaces "n" not found'), "NamespaceNotFound", False),
        (refusal(403, "Forbidden", 'pods is forbidden: User "a" cannot create'), "ClusterRefused", True),
        (
            refusal(403, "Forbidden", "exceeded quota: q, requested: cpu=2, used: cpu=0, limited: cpu=1"),
            "QuotaTooSmall",
            False,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_refusal_that_stays_is_the_failure(server, refused, code, recoverable):
    server.fails("POST", lambda: refused)
    async with life(server) as here:
        end = await here.run(spec())
        assert (failure(end).code, failure(end).recoverable) == (code, recoverable)


async def test_a_quota_that_is_used_up_is_waited_for(server):
    used = refusal(403, "Forbidden", "exceeded quota: q, requested: cpu=500m, used: cpu=1, limited: cpu=1")
    server.fails("POST", lambda: used, times=2)
    async with life(server) as here:
        here.executor.submit(spec())
        await here.until(lambda: here.of(spec(), "WAITING_FOR_RESOURCES"))
        assert "the quota `q`" in here.of(spec(), "WAITING_FOR_RESOURCES")[0].reason
        await there(server, spec())


async def test_a_pod_stays_until_its_end_is_acknowledged_whoever_deletes_it(server):
    async with life(server) as here:
        here.executor.submit(spec())
        await there(server, spec())
        server.run(name(spec()))
        server.delete(name(spec()))
        server.end(name(spec()), 143)
        await here.until(lambda: here.has_ended(spec()))
        assert failure(here.end_of(spec())).code == "UnexpectedObjectDeletion"
        assert name(spec()) in server.pods
        here.executor.acknowledge([spec().id])
        await so(lambda: not server.pods)


async def test_what_has_ended_is_removed_before_the_platform_is_gone(server):
    async with life(server) as here:
        here.executor.submit(spec())
        await there(server, spec())
        server.end(name(spec()))
        await here.until(lambda: here.has_ended(spec()))
        server.fails("PATCH", away, times=20)
        here.executor.acknowledge([spec().id])
    assert not server.pods


async def test_a_cluster_that_is_away_holds_up_no_end_of_the_platform(server, monkeypatch):
    monkeypatch.setattr("alula.server.executors.kubernetes.executor.STOP_S", 0.05)
    async with life(server) as here:
        here.executor.submit(spec())
        await there(server, spec())
        server.end(name(spec()))
        await here.until(lambda: here.has_ended(spec()))
        server.fails("PATCH", away, times=100_000)
        here.executor.acknowledge([spec().id])
    assert name(spec()) in server.pods


async def test_what_is_given_up_is_stopped_first_and_says_why_in_the_next_life(server):
    async with life(server) as here:
        here.executor.submit(spec())
        await there(server, spec())
        primary = server.pods[name(spec())]["metadata"]["annotations"]["primary_container_name"]
        server.pods[name(spec())]["spec"]["nodeName"] = "node"
        waiting = {"reason": "InvalidImageName", "message": "no name"}
        server.change(name(spec()), containerStatuses=[{"name": primary, "state": {"waiting": waiting}}])
        await here.until(lambda: here.has_ended(spec()))
        first = failure(here.end_of(spec()))
        assert first.code == "InvalidImageName"
        assert "deletionTimestamp" in server.pods[name(spec())]["metadata"]
    async with life(server, spec()) as here:
        await here.until(lambda: here.has_ended(spec()))
        assert here.end_of(spec()).error == first


async def test_a_sweep_takes_what_this_platform_has_left_and_nothing_else(server):
    async with life(server, owner="there") as other:
        other.executor.submit(spec("theirs"))
        await there(server, spec("theirs"))
        async with life(server) as here:
            for each in ("kept", "spared", "swept"):
                here.executor.submit(spec(each))
                await there(server, spec(each))
        server.put({"metadata": {"name": "strange", "labels": {naming.MANAGED_BY: "alula", naming.OWNER: "here"}}})
        async with life(server, spec("kept"), spared=[spec("spared").id]) as here:
            await so(lambda: name(spec("swept")) not in server.pods)
            await here.executor.reconcile([spec("kept")], owner="here", spared=[spec("spared").id])
    assert set(server.pods) == {name(spec("theirs")), name(spec("kept")), name(spec("spared")), "strange"}


async def test_the_output_of_a_pod_is_kept_beside_its_results(server):
    blobs = Remote()
    async with life(server, blobs=blobs) as here:
        here.executor.submit(spec())
        await there(server, spec())
        server.logs[name(spec())] = b"one\ntwo\n"
        server.end(name(spec()))
        await here.until(lambda: here.has_ended(spec()))
    assert await blobs.get(f"{spec().output_prefix}/log.txt") == b"one\ntwo\n"


async def test_a_node_whose_logs_can_not_be_read_holds_nobody_up(server):
    server.fails("GET", lambda: refusal(500, "InternalError"), part="log")
    async with life(server) as here:
        here.executor.submit(spec())
        await there(server, spec())
        server.end(name(spec()))
        await here.until(lambda: here.has_ended(spec()))
        assert here.end_of(spec()).phase == "SUCCEEDED"
        assert isinstance(here.executor, KubernetesExecutor)
        [failed] = [each for each in here.executor.measure() if each.metric is CALLS_FAILED]
        assert failed.values == {(): 0}


async def test_many_pods_that_take_long_to_begin_ask_why_at_once(server, monkeypatch):
    monkeypatch.setattr("alula.server.executors.kubernetes.executor.EVENTS_S", 0.0)
    server.holds_events = asyncio.Event()
    specs = [spec(f"n{number}") for number in range(20)]
    async with life(server) as here:
        for each in specs:
            here.executor.submit(each)
            await there(server, each)
            server.pods[name(each)]["spec"]["nodeName"] = "far"
            server.change(name(each), phase="Pending")
        await here.until(lambda: all(here.of(each, "INITIALIZING") for each in specs))
        for each in specs:
            of = {"type": "Warning", "involvedObject": {"uid": server.pods[name(each)]["metadata"]["uid"]}}
            for minute in (2, 1):
                at = f"2026-01-01T00:0{minute}:00Z"
                server.events.append({**of, "reason": "NoVolume", "message": f"{minute}", "lastTimestamp": at})
        monkeypatch.setattr("alula.server.executors.kubernetes.executor.EVENTS_S", 1000.0)
        server.holds_events.set()
        await here.until(lambda: all("NoVolume: 2" in here.of(each, "INITIALIZING")[-1].reason for each in specs))
    questions, pages = 2, 20
    assert [path for _, path in server.requests].count("/api/v1/namespaces/n/events") == questions * pages


async def test_calls_under_way_are_limited(server):
    calls, under_way, most = Calls(3, "the server"), 0, 0

    async def call() -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1

    await asyncio.gather(*(calls.patiently(call) for _ in range(20)))
    assert most == 3
