"""However objects come, change and go, and however looks are cut into pages, each arrives once for what it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alula.core.policy.watching import Seen, Sighting, look

NAMES = [f"s3://b/in/{name}" for name in ("a", "b", "b/c", "b/d", "c", "d", "é")]
SETTLE_US = 10
Worlds = list[dict[str, int]]
"""The version of each object at each time."""


class Watcher:
    """Looks at a world again and again, and dies at times before it has noted what it did."""

    def __init__(self, limit: int, arrivals_max: int, there_until: int) -> None:
        self._limit = limit
        self._arrivals_max = arrivals_max
        self._there_until: int | None = there_until
        self._known: dict[str, Sighting] = {}
        self.told: list[tuple[str, str]] = []

    def pass_over(self, world: dict[str, int], *, now: int, forgets: bool, forgotten_until: int = -1) -> None:
        seen = [Seen(uri, 1, str(version), version) for uri, version in sorted(world.items())]
        known, after = self._known, ""
        while True:
            found = look(
                [each for each in seen if each.uri > after][: self._limit],
                [known[uri] for uri in sorted(known) if uri > after][: self._limit],
                now=now,
                settle_us=SETTLE_US,
                there_until=self._there_until,
                forgotten_until=forgotten_until,
                limit=self._limit,
                arrivals_max=self._arrivals_max,
            )
            self.told += [(each.uri, each.mark) for each in found.arrived]
            if forgets:
                return
            settled = [Sighting(each.uri, each.mark, now, is_settled=True) for each in found.arrived]
            known = {**known, **{each.uri: each for each in (*found.put, *settled)}}
            known = {uri: each for uri, each in known.items() if uri not in found.gone}
            assert not found.until or found.until > after, "each look goes on"
            after = found.until
            if not after:
                break
        self._known, self._there_until = known, None

    @property
    def remembered(self) -> set[str]:
        return set(self._known)


# Versions are times: an object of version n was written at n.
worlds = st.lists(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 5)), min_size=1, max_size=6)
sizes = st.integers(1, 4)


@given(worlds, sizes, sizes, st.lists(st.booleans(), max_size=6))
def test_what_stays_arrives_and_what_was_there_does_not(
    worlds: Worlds, limit: int, arrivals_max: int, forgets: list[bool]
) -> None:
    watcher = Watcher(limit, arrivals_max, there_until=2)
    for number, world in enumerate(worlds):
        died = number < len(forgets) and forgets[number]
        watcher.pass_over(world, now=100 * number, forgets=died)
    last, number = worlds[-1], len(worlds)
    for more in range(2):
        watcher.pass_over(last, now=100 * (number + more), forgets=False)
    assert watcher.remembered == set(last)
    told = set(watcher.told)
    for uri, version in last.items():
        if version > 2:
            assert (uri, f"1 {version}") in told
    if all(world == last for world in worlds):
        assert all(int(mark.split()[1]) > 2 for _, mark in told)


@given(worlds, sizes, sizes)
def test_nothing_arrives_twice_for_what_it_is_while_it_stays(worlds: Worlds, limit: int, arrivals_max: int) -> None:
    watcher = Watcher(limit, arrivals_max, there_until=-1)
    for number, world in enumerate(worlds):
        before = len(watcher.told)
        for time in range(3):
            watcher.pass_over(world, now=1_000 * number + 100 * time, forgets=False)
        new = watcher.told[before:]
        assert len(new) == len(set(new))
    total = sum(len(world) for world in worlds)
    assert len(watcher.told) <= total


@given(sizes)
def test_what_changes_between_two_looks_is_not_told(limit: int) -> None:
    watcher = Watcher(limit, 4, there_until=-1)
    for number in range(5):
        watcher.pass_over(dict.fromkeys(NAMES, number), now=100 * number, forgets=False)
    assert watcher.told == []


@given(worlds, sizes, sizes)
def test_what_an_old_one_was_is_forgotten_and_it_does_not_arrive_again(
    worlds: Worlds, limit: int, arrivals_max: int
) -> None:
    world = {f"{uri}-{number}": version for number, each in enumerate(worlds) for uri, version in each.items()}
    watcher = Watcher(limit, arrivals_max, there_until=-1)
    for number in range(3):
        watcher.pass_over(world, now=100 * number, forgets=False)
    for version in range(6):
        watcher.pass_over(world, now=1_000 + 100 * version, forgets=False, forgotten_until=version)
        assert watcher.remembered == {uri for uri, written_at in world.items() if written_at > version}
    assert sorted(watcher.told) == sorted((uri, f"1 {version}") for uri, version in world.items())
