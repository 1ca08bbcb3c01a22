"""Rules of schedules as launch plans carry them: a field of FlyteIDL, and annotations."""

from __future__ import annotations

import pytest
from flyteidl.admin import launch_plan_pb2

from alula.core.errors import InvalidInput
from alula.core.ids import EntityId
from alula.core.policy.schedule_rules import AT_LIMIT, CATCH_UP, ENDS, JITTER, STARTS, Rules, plan_schedule, rules_of

PLAN = EntityId("p", "d", "nightly", "v1")


def spec(open_max: int = 0, /, **annotations: str) -> launch_plan_pb2.LaunchPlanSpec:
    message = launch_plan_pb2.LaunchPlanSpec()
    message.entity_metadata.schedule.cron_schedule.schedule = "@daily"
    message.concurrency_policy.max = open_max
    message.annotations.values.update(annotations)
    return message


def test_a_plan_without_rules_is_as_in_flyte() -> None:
    assert rules_of(spec()) == Rules(catch_up="all", open_max=0, at_limit="skip")
    assert rules_of(spec(3)) == Rules(open_max=3)


def test_rules_stand_in_annotations() -> None:
    said = spec(1, **{CATCH_UP: "last", AT_LIMIT: "queue", "team": "blue"})
    assert rules_of(said) == Rules("last", 1, "queue")
    schedule = plan_schedule(
        spec(**{STARTS: "1970-01-02T00:00:00Z", ENDS: "1970-01-03T02:00:00+02:00", JITTER: "PT1M30S"}), plan=PLAN
    )
    day_us = 86_400_000_000
    assert (schedule.starts_at, schedule.ends_at, schedule.jitter_us) == (day_us, 2 * day_us, 90_000_000)
    assert schedule.salt == "p/d/nightly", "other versions of it have the same jitter"


@pytest.mark.parametrize(
    "annotations",
    [
        {CATCH_UP: "some"},
        {AT_LIMIT: "wait"},
        {"alula/schedule-catchup": "all"},
        {"alula/concurrency-max": "3"},
        {STARTS: "tomorrow"},
        {STARTS: "2026-02-01", ENDS: "2026-01-01"},
        {JITTER: "5 minutes"},
        {JITTER: "-PT5M"},
        {JITTER: "P400D"},
    ],
)
def test_what_means_nothing_is_refused(annotations: dict[str, str]) -> None:
    said = spec(**annotations)
    with pytest.raises(InvalidInput) as caught:
        rules_of(said), plan_schedule(said)
    assert caught.value.code == "InvalidSchedule"
