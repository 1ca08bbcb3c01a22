"""A workflow that is run for many days."""

from datetime import datetime

from alula import CronSchedule, LaunchPlan, task, workflow


@task
def name_of(day: datetime) -> str:
    return f"{day:%A}"


@workflow
def pipeline(day: datetime) -> str:
    return name_of(day=day)


daily = LaunchPlan.create("daily", pipeline, schedule=CronSchedule("0 3 * * *", kickoff_time_input_arg="day"))
