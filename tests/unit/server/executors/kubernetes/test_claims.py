"""A platform that has lost an attempt, and stands still between two of its requests, changes nothing of its pod."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import msgspec
import pytest
from tests.kubernetes.scripted import Answer, ApiServer
from tests.unit.server.executors.kubernetes.test_faults import life, name, so, spec, there

from alula.server.executor import AttemptSpec
from alula.server.executors.kubernetes import naming

pytestmark = pytest.mark.anyio


@pytest.fixture
def server() -> ApiServer:
    return ApiServer()


def under(claim: int) -> AttemptSpec:
    return msgspec.structs.replace(spec(), claim=claim)


def before(server: ApiServer, method: str, happens: Callable[[], None]) -> None:
    """Have something happen just before the next request of a kind arrives."""
    has_happened = False

    def fault(request: httpx2.Request) -> Answer | None:
        nonlocal has_happened
        if request.method == method and not has_happened:
            has_happened = True
            happens()
        return None

    server.faults.append(fault)


def metadata(server: ApiServer) -> dict[str, Any]:
    return server.pods[name(spec())]["metadata"]


def take(server: ApiServer, claim: int = 8) -> None:
    """Another platform takes the pod over."""
    metadata(server)["labels"][naming.OWNER] = "there"
    metadata(server)["annotations"][naming.CLAIM] = str(claim)
    metadata(server)["finalizers"] = [naming.FINALIZER]
    server.change(name(spec()))


def is_theirs(server: ApiServer) -> bool:
    holds = metadata(server)["labels"][naming.OWNER], metadata(server)["annotations"][naming.CLAIM]
    is_whole = metadata(server)["finalizers"] == [naming.FINALIZER] and "deletionTimestamp" not in metadata(server)
    return holds == ("there", "8") and is_whole


async def test_a_pod_bears_the_claim_of_who_asked_for_it_last(server):
    async with life(server) as here:
        here.executor.submit(under(5))
        await there(server, spec())
        assert metadata(server)["annotations"][naming.CLAIM] == "5"
    async with life(server, under(8)):
        await so(lambda: metadata(server)["annotations"][naming.CLAIM] == "8")
    assert server.asked("POST") == 2


async def test_a_pod_that_is_taken_over_just_before_it_is_adopted_is_not_taken_back(server):
    async with life(server) as first:
        first.executor.submit(under(3))
        await there(server, spec())
    before(server, "PATCH", lambda: take(server))
    async with life(server, under(5)) as here:
        await here.until(lambda: here.of(spec(), "TAKEN"))
        assert here.of(spec(), "TAKEN")[0].claim == 8
    assert is_theirs(server)


@pytest.mark.parametrize("request_", ["PATCH", "DELETE"])
async def test_a_pod_that_is_taken_over_while_it_is_cancelled_stays(server, request_):
    async with life(server) as here:
        here.executor.submit(under(5))
        await there(server, spec())
        server.run(name(spec()))
        await here.until(lambda: here.of(spec(), "RUNNING"))
        before(server, request_, lambda: take(server))
        here.executor.cancel(spec().id, incarnation="i0", claim=5)
        here.executor.submit(under(5))  # its turn comes after the cancellation
        await here.until(lambda: here.of(spec(), "TAKEN"))
        assert is_theirs(server)
        here.executor.cancel(spec().id, incarnation="i0", claim=8)
        await so(lambda: not server.pods)


async def test_a_pod_that_is_taken_over_is_not_given_up_by_who_had_it(server):
    async with life(server) as here:
        here.executor.submit(under(5))
        await there(server, spec())
        primary = metadata(server)["annotations"]["primary_container_name"]
        server.pods[name(spec())]["spec"]["nodeName"] = "node"
        waiting = {"reason": "InvalidImageName", "message": "no name"}
        before(server, "PATCH", lambda: take(server))
        server.change(name(spec()), containerStatuses=[{"name": primary, "state": {"waiting": waiting}}])
        await here.until(lambda: here.of(spec(), "TAKEN"))
        assert not here.has_ended(spec())
    assert is_theirs(server)
    assert naming.OUTCOME not in metadata(server)["annotations"]
