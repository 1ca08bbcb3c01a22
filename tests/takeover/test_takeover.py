"""Two runners on one database: one is stopped by SIGSTOP, the other takes over, and the first comes back to life."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from tests.crash_points.records import ended_twice
from tests.takeover.runners import COMMANDS, Scene, until

from alula.core.engine.events import AttemptSucceeded, Claimed
from alula.core.engine.records import ExecutionPhase
from alula.core.ids import ExecutionId

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql", "pooler"])
async def scene(request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Scene]:
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    elif request.param == "pooler":
        url = request.getfixturevalue("pooled_url")
    async with Scene(tmp_path, url, pooled=request.param == "pooler").open() as scene:
        yield scene


async def taken_over(scene: Scene) -> ExecutionId:
    """An execution of `one`, which stands still now; `two` has taken it over, and has its attempt started again."""
    await scene.start("one")
    id = await scene.launch("e1")
    await until(lambda: scene.begun(id)["middle", 0] == 1)
    assert scene.owner(id) == "one"
    await scene.start("two")
    await scene.halt("one")
    await until(lambda: scene.owner(id) == "two")
    await until(lambda: scene.begun(id)["middle", 0] >= 2)
    return id


async def test_an_owner_that_comes_back_lets_go_of_what_another_runs(scene: Scene) -> None:
    id = await taken_over(scene)
    await until(lambda: len(scene.attempts()) == 2)
    scene.go_on("one")
    await until(lambda: len(scene.attempts()) == 1)
    assert scene.owner(id) == "two"
    scene.let_go(id)
    await until(lambda: scene.has_ended(id))
    await check(scene, id)


async def test_the_results_of_an_owner_that_comes_back_too_late_count_for_nothing(scene: Scene) -> None:
    id = await taken_over(scene)
    scene.let_go(id)
    await until(lambda: scene.has_ended(id))
    before = await scene.log(id)
    scene.go_on("one")
    await scene.says_that_it_lives("one")
    await scene.says_that_it_lives("one")
    assert await scene.log(id) == before
    await check(scene, id)


async def test_they_take_over_from_each_other_in_turn(scene: Scene) -> None:
    id = await taken_over(scene)
    scene.go_on("one")
    await scene.says_that_it_lives("one")
    await scene.halt("two")
    await until(lambda: scene.owner(id) == "one")
    await until(lambda: scene.begun(id)["middle", 0] >= 3)
    scene.let_go(id)
    await until(lambda: scene.has_ended(id))
    scene.go_on("two")
    await scene.says_that_it_lives("two")
    await check(scene, id)


async def check(scene: Scene, id: ExecutionId) -> None:
    """No event twice; no attempt begun more often than there had been owners when it ended; none left."""
    record = await scene.store.executions.get(id)
    assert record is not None and record.phase is ExecutionPhase.SUCCEEDED
    log = await scene.log(id)
    assert ended_twice(log) == []
    owners = [event.runner for event in log if isinstance(event, Claimed)]
    assert all(before != after for before, after in pairwise(owners))
    owned = 0
    ended: dict[int, int] = {}
    for event in log:
        owned += isinstance(event, Claimed)
        if isinstance(event, AttemptSucceeded):
            ended[event.node] = owned
    begun = scene.begun(id)
    assert begun.keys() == {(name, 0) for name in COMMANDS}
    assert all(begun[name, 0] <= ended[node] for node, name in enumerate(COMMANDS))
    await until(lambda: not scene.attempts())
    assert "Traceback" not in scene.said("one") + scene.said("two")
