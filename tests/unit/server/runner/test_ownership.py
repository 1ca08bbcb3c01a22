"""The stages of an execution with its runner: whatever the store says and whatever breaks, what is held is consistent,
and each line of the table comes up."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from tests.simulation import virtual_time

from alula.core.errors import TaskError, Unavailable
from alula.core.ids import AttemptId, ExecutionId
from alula.server.runner import ownership
from alula.server.runner.lease import Lease
from alula.server.runner.owned import Owned
from alula.server.runner.ownership import TRANSITIONS, News, Ownership, Stage

ME = "me"
IDS = [ExecutionId("p", "d", f"e{number}") for number in range(4)]


class SaysAnything:
    """A store, with its ownership and its log."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ownership = self.log = self

    async def now(self) -> int:
        return 0

    async def renew(self, owner: str, *, now: int, lease_us: int) -> None: ...

    async def claim(self, owner: str, **_: object) -> list[ExecutionId]:
        return self.world.some()

    async def claimed(self, owner: str) -> list[ExecutionId]:
        return self.world.some()

    async def owner(self, id: ExecutionId) -> str:
        return self.world.random.choice((ME, "other"))

    async def histories(self, ids: Sequence[ExecutionId]) -> list[Any]:
        self.world.fails()
        random = self.world.random
        told = [None if random.random() < 0.1 else SimpleNamespace(id=id) for id in ids]
        return told[: random.randint(1, len(told))]


class World:
    """A store that says anything, and a holder that knows what it has."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.held: dict[int, Owned] = {}
        self.seen: Counter[tuple[Stage | None, News]] = Counter()
        self.lease = Lease(SaysAnything(self), ME, 30_000_000)  # type: ignore[arg-type]
        self.ownership = Ownership(
            store=SaysAnything(self),  # type: ignore[arg-type]
            lease=self.lease,
            opening=self,  # type: ignore[arg-type]
            holder=self,
            clock=lambda: 0,
        )
        move = self.ownership._move

        def watched(id: ExecutionId, news: News) -> bool:
            before = self.ownership._stages.get(id)
            means = move(id, news)
            if means:
                self.seen[before, news] += 1
            return means

        self.ownership._move = watched

    def some(self) -> list[ExecutionId]:
        return self.random.sample(IDS, self.random.randint(0, len(IDS)))

    def fails(self, likely: float = 0.1) -> None:
        chance = self.random.random()
        if chance < likely:
            raise Unavailable("StoreUnreachable", "nobody answers")
        if chance < 2 * likely:
            raise RecursionError("too deep")

    # The opening

    async def open(self, history: Any) -> Owned:
        self.fails()
        owned = Owned.__new__(Owned)
        owned.record = SimpleNamespace(id=history.id)  # type: ignore[assignment]
        owned.is_dropped = False
        return owned

    # The holder

    def succeed(self, reading: Owned, before: Owned | None) -> None:
        self.fails(0.05)
        if before is not None:
            del self.held[id(before)]

    def opened(self, reading: Owned, broken: TaskError | None) -> None:
        self.held[id(reading)] = reading

    def dropped(self, reading: Owned) -> None:
        del self.held[id(reading)]

    def broken(self, execution: ExecutionId) -> None: ...

    def ended(self, execution: ExecutionId, attempts: Sequence[AttemptId]) -> None:
        self.fails(0.2)

    def wake(self) -> None: ...

    async def step(self) -> None:
        owned = self.random.choice(list(self.held.values())) if self.held else None
        choice = self.random.randrange(10)
        if choice == 0:
            self.ownership.notify(self.random.choice(IDS))
        elif choice == 1:
            self.ownership.doubt_all()
        elif choice == 2:
            await self.ownership.end_condemned()
        elif choice == 3:
            await self.ownership.make_sure()
        elif choice == 4:
            self.ownership.has_ended(self.random.choice(IDS))  # a commit gave the end, whatever broke meanwhile
        elif owned is None or choice == 5:
            await self.ownership.claim()
        elif choice == 6:
            self.ownership.doubt(owned)
        elif choice == 7:
            self.ownership.read_again(owned)
        elif choice == 8:
            self.ownership.broke(owned.record.id, RecursionError("too deep"), "while it was tried")
        else:
            del self.held[id(owned)]
            self.ownership.finished(owned.record.id)
            self.ownership.has_ended(owned.record.id)

    def check(self) -> None:
        readings, stages = self.ownership.readings, {each: self.ownership._stages.get(each) for each in IDS}
        assert {id(each) for each in readings.values()} == self.held.keys()
        assert not any(each.is_dropped for each in readings.values())
        for execution in IDS:
            stage = stages[execution]
            if stage in (Stage.OWNED, Stage.SUSPECT):
                assert execution in readings
            elif stage is not Stage.CLAIMED:  # whose reading stays until the next one
                assert execution not in readings
            assert [each for each in Stage if execution in self.ownership._at[each]] == ([stage] if stage else [])


def test_what_is_held_fits_to_the_stages_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: Counter[tuple[Stage | None, News]] = Counter()

    async def end_unread(store: SaysAnything, *_: object, **__: object) -> Sequence[AttemptId] | None:
        store.world.fails()
        return store.world.random.choice((None, ()))

    monkeypatch.setattr(ownership, "end_unread", end_unread)

    async def story(seed: int) -> None:
        world = World(seed)
        for _ in range(60):
            with contextlib.suppress(Unavailable):
                await world.step()
            world.check()
        seen.update(world.seen)

    for seed in range(150):
        virtual_time.run(story(seed))
    assert seen.keys() == TRANSITIONS.keys()
