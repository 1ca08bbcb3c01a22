"""Launch plans that are due each minute."""

from datetime import datetime, timedelta

from alula import FixedRate, LaunchPlan, task, workflow


@task
def minute_of(at: datetime) -> int:
    return at.minute


@workflow
def pipeline(at: datetime) -> int:
    return minute_of(at=at)


PLANS = 40
for number in range(PLANS):
    globals()[f"plan_{number}"] = LaunchPlan.create(
        f"plan_{number}",
        pipeline,
        schedule=FixedRate(timedelta(minutes=1), kickoff_time_input_arg="at"),
        auto_activate=True,
    )
