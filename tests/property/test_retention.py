"""Retention, whatever the rules and the runs: nothing goes that is open or young, or that a run needs that stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alula.core.ids import ExecutionId, Place
from alula.core.policy.retention import (
    BUILT_IN,
    DAY_US,
    ROWS,
    Judge,
    RetentionRule,
    Rows,
    RunOutline,
    Stays,
    going,
    limits,
    youngest,
)

NOW = 100 * DAY_US
NAMES = st.sampled_from("abcdefgh")
RULES = st.lists(
    st.builds(
        RetentionRule,
        st.uuids().map(str),
        workflows=st.sampled_from([(), ("a",), ("[b-d]",)]),
        phases=st.sampled_from([(), ("FAILED",)]),
        keep_days=st.none() | st.integers(0, 20),
        keep_last=st.integers(0, 3),
    ),
    max_size=3,
)
RUNS = st.lists(
    st.builds(
        lambda workflow, phase, ended: RunOutline(ExecutionId("p", "d", "r"), workflow, phase, 0, ended),
        st.sampled_from("abc"),
        st.sampled_from(["FAILED", "SUCCEEDED"]),
        st.none() | st.integers(70 * DAY_US, NOW),
    ),
    max_size=20,
)


@given(rules=RULES, runs=RUNS)
def test_nothing_goes_that_its_rule_keeps(rules: list[RetentionRule], runs: list[RunOutline]) -> None:
    judge = Judge(rules, now=NOW, settled_us=DAY_US)
    for place, run in enumerate(runs):
        verdict = judge.verdict(run)
        if isinstance(verdict, Stays):
            continue
        assert run.ended_at is not None and run.ended_at <= NOW - DAY_US
        assert verdict is next(rule for rule in rules if rule.fits(run))
        assert run.ended_at <= NOW - (verdict.keep_days or 0) * DAY_US
        newer = [each for each in runs[:place] if each.ended_at is not None and each.workflow == run.workflow]
        decided = [each for each in newer if next(filter(lambda rule: rule.fits(each), rules), None) is verdict]
        assert len(decided) >= verdict.keep_last


@given(candidates=st.sets(NAMES), ties=st.sets(st.tuples(NAMES, NAMES)))
def test_what_goes_is_needed_by_nothing_that_stays(candidates: set[str], ties: set[tuple[str, str]]) -> None:
    ids = {name: ExecutionId("p", "d", name) for name in "abcdefgh"}
    holders: dict[ExecutionId, list[ExecutionId]] = {}
    for run, holder in ties:
        holders.setdefault(ids[run], []).append(ids[holder])
    gone: set[ExecutionId] = set()
    for id in going([ids[name] for name in sorted(candidates)], holders):
        assert id.name in candidates and id not in gone
        assert gone.issuperset(holders.get(id, ()))
        gone.add(id)
    stuck = {ids[name] for name in candidates} - gone
    assert all(not gone.issuperset(holders[id]) for id in stuck)


PLACES = st.lists(st.builds(Place, st.sampled_from("ab"), st.sampled_from("xy")), unique=True)
AGING = st.lists(
    st.builds(
        RetentionRule,
        st.uuids().map(str),
        st.sampled_from([*ROWS, "code", "runs"]),
        projects=st.sampled_from([(), ("a",)]),
        domains=st.sampled_from([(), ("x",)]),
        keep_days=st.none() | st.integers(7, 20),
    ),
    max_size=5,
)


@given(rules=AGING, of=st.sampled_from(ROWS), places=PLACES)
def test_nothing_of_a_place_goes_that_its_first_rule_keeps(
    rules: list[RetentionRule], of: Rows, places: list[Place]
) -> None:
    found = {limit.place: limit for limit in limits(rules, of, places, now=NOW)}
    latest = youngest(rules, of, now=NOW)
    for place in places:
        decides = [rule for rule in (*rules, *BUILT_IN) if rule.of == of and rule.fits_place(place)]
        days = decides[0].keep_days if decides else None
        if days is None:
            assert place not in found
        else:
            assert (found[place].rule, found[place].before) == (decides[0].name, NOW - days * DAY_US)
            assert latest is not None and found[place].before <= latest
