"""A launch plan with a schedule."""

from datetime import datetime

from flytekit import CronSchedule, LaunchPlan, task, workflow


@task
def name_of(day: datetime) -> str:
    return f"{day:%Y-%m-%d}"


@workflow
def pipeline(day: datetime) -> str:
    return name_of(day=day)


daily = LaunchPlan.get_or_create(
    pipeline, "daily", schedule=CronSchedule(schedule="0 3 * * *", kickoff_time_input_arg="day")
)
