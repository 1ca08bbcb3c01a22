"""Several executors as one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import msgspec
import pytest
from tests.attempts.specs import attempt

from alula.core.engine.attempt_info import LogLink
from alula.core.engine.usage import Figure, Usage
from alula.core.errors import Unavailable
from alula.core.ids import AttemptId
from alula.core.policy.routing import Route, Wanted
from alula.server.executor import AttemptSpec, AttemptUpdate, Sink
from alula.server.executors.routing import Routing

pytestmark = pytest.mark.anyio

USED = Usage(cpu_us=Figure(7, "rusage", "at_least"))


class Asked:
    """An executor that notes what it is asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.broken = False

    names_jobs = False

    async def start(self, sink: Sink) -> None:
        if self.broken:
            raise OSError("it can't start")
        self.sink = sink

    async def stop(self) -> None:
        self.calls.append(("stop",))

    def submit(self, spec: AttemptSpec) -> None:
        self.calls.append(("submit", spec.id.node_id))

    def cancel(
        self, attempt: AttemptId, *, incarnation: str = "", claim: int = 0, executor: str = "", handle: bytes = b""
    ) -> None:
        self.calls.append(("cancel", attempt.node_id, handle))

    async def end_job(self, attempt: AttemptId, *, incarnation: str, executor: str, handle: bytes) -> None:
        self.calls.append(("end job", attempt.node_id, incarnation, executor, handle))

    def release(self, attempts: Collection[AttemptId]) -> None:
        self.calls.append(("release", *(each.node_id for each in attempts)))

    def acknowledge(self, attempts: Collection[AttemptId]) -> None:
        self.calls.append(("acknowledge", *(each.node_id for each in attempts)))

    def usage(self, attempt: AttemptId) -> Usage | None:
        self.calls.append(("usage", attempt.node_id))
        return USED

    async def reconcile(
        self, expected: Collection[AttemptSpec], *, owner: str, spared: Collection[AttemptId] = ()
    ) -> None:
        self.calls.append(("reconcile", owner, *(spec.id.node_id for spec in expected)))


class World:
    def __init__(self, folder: Path) -> None:
        self.here, self.there = Asked(), Asked()
        self.updates: list[AttemptUpdate] = []
        self.folder = folder
        self.routing = Routing({"here": self.here, "there": self.there}, (Route("there", task_types=("remote",)),))

    def spec(
        self, node: str, *, type: str = "python-task", executor: str = "", wish: Wanted | None = None
    ) -> AttemptSpec:
        spec = attempt(self.folder, "true", node=node)
        spec.task.type = type
        spec = msgspec.structs.replace(spec, executor=executor, handle=b"h" if executor else b"")
        return spec if wish is None else msgspec.structs.replace(spec, wish=wish)


@pytest.fixture
async def world(tmp_path: Path, anyio_backend: str) -> AsyncIterator[World]:
    world = World(tmp_path)
    await world.routing.start(world.updates.append)
    yield world
    await world.routing.stop()


async def test_each_attempt_goes_to_its_executor_and_so_does_all_that_is_asked_of_it(world: World) -> None:
    local, remote = world.spec("local"), world.spec("remote", type="remote")
    for spec in (local, remote):
        world.routing.submit(spec)
    world.routing.release([local.id])
    world.routing.acknowledge([remote.id])
    for spec in (local, remote):
        world.routing.submit(spec)
    assert world.routing.usage(remote.id) == USED
    world.routing.cancel(remote.id, executor="there", handle=b"h")
    assert world.routing.usage(remote.id) is None
    assert world.here.calls == [("submit", "local"), ("release", "local"), ("submit", "local")]
    assert world.there.calls == [
        ("submit", "remote"),
        ("acknowledge", "remote"),
        ("submit", "remote"),
        ("usage", "remote"),
        ("cancel", "remote", b"h"),
    ]


async def test_what_a_project_wants_for_a_type_decides(world: World) -> None:
    world.routing.submit(world.spec("n0", wish=Wanted("python-task", ("there",))))
    assert world.there.calls == [("submit", "n0")]


async def test_what_an_executor_asks_for_it_gets_unless_a_route_or_a_wish_says_otherwise(world: World) -> None:
    routes = (Route("here", projects=("p",), task_types=("routed",)),)
    wants = {"there": lambda task: "as it can" if task.type in ("wanted", "routed") else ""}
    routing = Routing({"here": world.here, "there": world.there}, routes, wants)
    await routing.start(world.updates.append)
    for type in ("wanted", "routed", "other"):
        routing.submit(world.spec(type, type=type))
    routing.submit(world.spec("wished", type="wanted", wish=Wanted("wanted", ("here",))))
    assert world.there.calls == [("submit", "wanted")]
    assert world.here.calls == [("submit", "routed"), ("submit", "other"), ("submit", "wished")]
    world.there.sink(AttemptUpdate(world.spec("wanted").id, 1, "RUNNING", where="a job"))
    assert world.updates[-1].where == "a job, as it can"


async def test_reports_say_which_executor_has_the_attempt(world: World) -> None:
    spec = world.spec("n0")
    world.routing.submit(spec)
    world.here.sink(AttemptUpdate(spec.id, 1, "RUNNING"))
    world.here.sink(AttemptUpdate(spec.id, 2, "SUCCEEDED", logs=(LogLink("l", "u"),)))
    assert [update.executor for update in world.updates] == ["here", "here"]


async def test_what_runs_an_attempt_is_told_with_the_reason_of_the_choice_once(world: World) -> None:
    local, remote = world.spec("local"), world.spec("remote", type="remote")
    for spec, executor in ((local, world.here), (remote, world.there), (remote, world.there)):
        world.routing.submit(spec)
        executor.sink(AttemptUpdate(spec.id, 1, "RUNNING", where="a machine"))
    assert [each.where for each in world.updates] == ["a machine", "a machine, by route 1 of the settings", "a machine"]


async def test_after_a_change_of_settings_an_attempt_is_found_where_it_is(world: World) -> None:
    moved, new = world.spec("moved", executor="there"), world.spec("new")
    await world.routing.reconcile([moved, new], owner="me")
    assert world.here.calls == [("reconcile", "me", "new")]
    assert world.there.calls == [("reconcile", "me", "moved")]
    world.routing.cancel(moved.id)
    assert world.there.calls[-1] == ("cancel", "moved", b"")


async def test_an_executor_of_which_nothing_is_expected_is_told_so(world: World) -> None:
    await world.routing.reconcile([], owner="me")
    assert world.here.calls == world.there.calls == [("reconcile", "me")]


async def test_an_attempt_with_an_executor_that_is_gone_fails_and_no_other(world: World) -> None:
    old, other = world.spec("old", executor="sold"), world.spec("other")
    await world.routing.reconcile([old, other], owner="me")
    await asyncio.sleep(0)
    (update,) = world.updates
    assert (update.id, update.phase) == (old.id, "FAILED")
    assert update.error is not None and update.error.code == "ExecutorGone" and "`sold`" in update.error.message
    assert world.here.calls == [("reconcile", "me", "other")]
    world.routing.acknowledge([old.id])


async def test_nothing_is_reported_of_a_refused_attempt_that_was_let_go_of(world: World) -> None:
    for let_go in (world.routing.cancel, lambda id: world.routing.release([id])):
        spec = world.spec("n0", wish=Wanted("python-task", ("unknown",)))
        world.routing.submit(spec)
        let_go(spec.id)
        await asyncio.sleep(0)
    assert world.updates == []


async def test_what_nobody_knows_is_cancelled_everywhere_or_where_the_log_has_it(world: World) -> None:
    unknown = world.spec("n0").id
    world.routing.cancel(unknown)
    assert world.here.calls == world.there.calls == [("cancel", "n0", b"")]
    world.routing.cancel(unknown, executor="there", handle=b"h")
    assert (len(world.here.calls), world.there.calls[-1]) == (1, ("cancel", "n0", b"h"))


async def test_a_job_is_ended_by_the_executor_that_has_it(world: World) -> None:
    assert not world.routing.names_jobs
    world.there.names_jobs = True
    assert world.routing.names_jobs
    left = world.spec("n0").id
    await world.routing.end_job(left, incarnation="i", executor="there", handle=b"h")
    assert (world.here.calls, world.there.calls) == ([], [("end job", "n0", "i", "there", b"h")])
    with pytest.raises(Unavailable, match="`sold` is not configured"):
        await world.routing.end_job(left, incarnation="i", executor="sold", handle=b"h")


async def test_where_one_can_not_start_the_others_are_stopped(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.there.broken = True
    with pytest.raises(OSError, match="can't start"):
        await world.routing.start(world.updates.append)
    assert world.here.calls == [("stop",)]
