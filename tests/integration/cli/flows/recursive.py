"""Workflows that start themselves."""

from alula import LaunchPlan, workflow


@workflow
def own(x: int) -> int:
    return own_plan(x=x)


own_plan = LaunchPlan.create("own-plan", own)


@workflow
def first(x: int) -> int:
    return second_plan(x=x)


@workflow
def second(x: int) -> int:
    return first(x=x)


second_plan = LaunchPlan.create("second-plan", second)
