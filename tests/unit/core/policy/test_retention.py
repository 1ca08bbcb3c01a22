"""Rules of retention: the first that fits decides, by age and by count; what is needed stays."""

from __future__ import annotations

from typing import Any

import pytest

from alula.core.ids import ExecutionId, Place
from alula.core.policy.retention import (
    DAY_US,
    Judge,
    Kind,
    RetentionRule,
    RunOutline,
    Stays,
    going,
    is_code,
    limits,
    youngest,
)

NOW = 100 * DAY_US


def run(name: str = "a", *, days_ago: float | None = 10, **more: Any) -> RunOutline:
    """A run that has ended so many days ago."""
    given: dict[str, Any] = {"workflow": "etl", "phase": "SUCCEEDED", "project": "p", "domain": "d", **more}
    ended_at = None if days_ago is None else NOW - round(days_ago * DAY_US)
    id = ExecutionId(given["project"], given["domain"], name)
    return RunOutline(id, given["workflow"], given["phase"], created_at=ended_at or NOW, ended_at=ended_at)


def judge(*rules: RetentionRule, settled_us: int = 0) -> Judge:
    return Judge(rules, now=NOW, settled_us=settled_us)


OLD = RetentionRule("old", keep_days=7)


def test_a_run_goes_when_its_rule_keeps_it_no_longer() -> None:
    assert judge(OLD).verdict(run(days_ago=7)) is OLD
    assert judge(OLD).verdict(run(days_ago=6.9)) is Stays.YOUNG


def test_a_run_that_has_not_ended_stays() -> None:
    assert judge(RetentionRule("all", keep_days=0)).verdict(run(days_ago=None)) is Stays.OPEN


def test_a_run_that_no_rule_is_about_stays() -> None:
    assert judge().verdict(run()) is Stays.NO_RULE


@pytest.mark.parametrize(
    ("condition", "other"),
    [
        ({"projects": ("p*",)}, {"project": "q"}),
        ({"domains": ("d",)}, {"domain": "production"}),
        ({"workflows": ("x", "etl*")}, {"workflow": "train"}),
        ({"phases": ("SUCCEEDED", "ABORTED")}, {"phase": "FAILED"}),
    ],
)
def test_each_condition_limits_a_rule(condition: dict[str, Any], other: dict[str, Any]) -> None:
    rule = RetentionRule("some", keep_days=1, **condition)
    assert judge(rule).verdict(run()) is rule
    assert judge(rule).verdict(run(**other)) is Stays.NO_RULE


def test_the_first_rule_that_fits_decides() -> None:
    first = RetentionRule("production", domains=("production",))
    assert judge(first, OLD).verdict(run(domain="production")) is Stays.ALWAYS
    assert judge(first, OLD).verdict(run()) is OLD
    assert judge(RetentionRule("long", keep_days=30), OLD).verdict(run()) is Stays.YOUNG


def test_the_newest_of_each_workflow_stay_however_old() -> None:
    rule = RetentionRule("two", keep_last=2)
    judged = judge(rule)
    found = [judged.verdict(run(str(number), days_ago=number)) for number in range(1, 4)]
    assert found == [Stays.NEWEST, Stays.NEWEST, rule]
    assert judged.verdict(run("x", workflow="train")) is Stays.NEWEST
    assert judged.verdict(run("y", domain="production")) is Stays.NEWEST


def test_only_runs_that_the_rule_decides_are_counted() -> None:
    failed, rest = RetentionRule("failed", phases=("FAILED",), keep_last=1), RetentionRule("rest", keep_last=1)
    judged = judge(failed, rest)
    phases = ("FAILED", "SUCCEEDED", "FAILED", "SUCCEEDED")
    assert [judged.verdict(run(phase=phase)) for phase in phases] == [Stays.NEWEST, Stays.NEWEST, failed, rest]
    assert judge(rest).verdict(run(days_ago=None)) is Stays.OPEN


def test_with_both_limits_a_run_has_to_be_beyond_both() -> None:
    rule = RetentionRule("both", keep_days=7, keep_last=1)
    judged = judge(rule)
    found = [judged.verdict(run(days_ago=days)) for days in (8, 3, 9)]
    assert found == [Stays.NEWEST, Stays.YOUNG, rule]


def test_a_run_that_has_just_ended_stays_whatever_its_rule_says() -> None:
    judged = judge(RetentionRule("all", keep_days=0), settled_us=DAY_US)
    assert judged.verdict(run(days_ago=0.9)) is Stays.YOUNG
    assert judged.verdict(run(days_ago=1)) is not Stays.YOUNG


def id_of(name: str) -> ExecutionId:
    return ExecutionId("p", "d", name)


def names(candidates: str, holders: dict[str, str]) -> str:
    """The candidates that go, all named by a letter."""
    held = {id_of(name): list(map(id_of, of_one)) for name, of_one in holders.items()}
    return "".join(id.name for id in going(list(map(id_of, candidates)), held))


def test_what_a_run_needs_that_stays_does_not_go() -> None:
    assert names("a", {"a": "b"}) == ""
    assert names("ab", {"a": "b", "b": "c"}) == ""
    assert sorted(names("abc", {"a": "bx"})) == ["b", "c"]


def test_what_needs_a_run_goes_before_it() -> None:
    assert names("abc", {"a": "b", "b": "c"}) == "cba"


def test_runs_that_need_each_other_stay() -> None:
    assert names("ab", {"a": "b", "b": "a"}) == ""


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (RetentionRule(""), "has a rule without a name"),
        (RetentionRule("r", keep_days=-1), "rule `r`: `keep_days` must be a number from 0, not -1"),
        (RetentionRule("r", keep_days=float("nan")), "rule `r`: `keep_days` must be a number from 0, not nan"),
        (RetentionRule("r", keep_last=-2), "rule `r`: `keep_last` must be a number from 0, not -2"),
        (OLD, ""),
        (RetentionRule("r", "cache", phases=("FAILED",)), "`keep_last` are for runs, not for cache"),
        (RetentionRule("r", "audits", keep_last=1), "`keep_last` are for runs, not for audits"),
        (RetentionRule("r", "code", keep_days=0.5), "`keep_days` of code must be at least 1, not 0.5"),
        (RetentionRule("r", "firings", keep_days=6), "`keep_days` of firings must be at least 7, not 6"),
        (RetentionRule("r", "cache", keep_days=0), ""),
    ],
)
def test_a_mistake_in_a_rule_is_named(rule: RetentionRule, problem: str) -> None:
    assert rule.problem().endswith(problem) and bool(rule.problem()) == bool(problem)


def limited(*rules: RetentionRule, of: Kind = "cache") -> dict[str, tuple[str, int]]:
    """The rule and the days for which each of three places keeps such things."""
    places = [Place("a", "production"), Place("a", "development"), Place()]
    found = limits(rules, of, places, now=100 * DAY_US)
    return {str(each.place): (each.rule, 100 - each.before // DAY_US) for each in found}


def test_the_first_rule_for_a_place_says_when_what_it_has_goes() -> None:
    forever = RetentionRule("forever", "cache", domains=("prod*",))
    short = RetentionRule("short", "cache", projects=("a",), keep_days=3)
    runs = RetentionRule("runs", keep_days=1)
    assert limited(runs, forever, short) == {"a/development": ("short", 3)}
    assert limited(short, forever) == {"a/production": ("short", 3), "a/development": ("short", 3)}
    assert limited(RetentionRule("all", "cache", keep_days=9))[""] == ("all", 9)
    assert limited(runs) == {}


def test_firings_and_deliveries_go_by_rules_that_are_built_in_where_no_other_decides() -> None:
    assert limited(of="firings")["a/production"] == ("built-in: firings", 30)
    own = RetentionRule("own", "deliveries", domains=("production",), keep_days=90)
    kept = limited(own, of="deliveries")
    assert (kept["a/production"], kept["a/development"]) == (("own", 90), ("built-in: deliveries", 30))
    assert youngest([own], "deliveries", now=100 * DAY_US) == 70 * DAY_US
    assert youngest([own], "cache", now=100 * DAY_US) is None


def test_a_rule_of_something_else_is_about_no_run() -> None:
    assert not RetentionRule("r", "cache", keep_days=0).fits(RunOutline(id_of("a"), "w", "FAILED", 0, 0))


@pytest.mark.parametrize(
    ("name", "is_it"),
    [
        ("code.tar.gz", True),
        ("script_mode.tar.gz", True),
        ("scriptmode.tar.gz", True),
        (f"fast{'0a' * 16}.tar.gz", True),
        ("fast_food.tar.gz", False),
        ("data.tar.gz", False),
        ("my_code.tar.gz", False),
    ],
)
def test_code_is_told_from_other_uploads_by_its_name(name: str, is_it: bool) -> None:
    assert is_code(name) is is_it
