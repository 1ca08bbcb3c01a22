"""A report a day: by the clock from now on, and by a backfill for the days before.

`demo.sh` beside it shows both, and the mail about a day without figures.
"""

from datetime import datetime

from alula import CronSchedule, LaunchPlan, task, workflow


@task
def read_figures(day: datetime, closed: list[int]) -> list[float]:
    """The figures of a day, as if they came from somewhere."""
    if day.isoweekday() in closed:
        raise LookupError(f"there are no figures for {day:%A}, {day:%Y-%m-%d}")
    return [day.day + hour / 24 for hour in range(24)]


@task
def mean(figures: list[float]) -> float:
    return sum(figures) / len(figures)


@workflow
def report(day: datetime, closed: list[int]) -> float:
    return mean(figures=read_figures(day=day, closed=closed))


daily_report = LaunchPlan.create(
    "daily_report",
    report,
    default_inputs={"closed": [7]},  # Sunday
    schedule=CronSchedule("CRON_TZ=Europe/Zurich 0 6 * * *", kickoff_time_input_arg="day"),
    auto_activate=True,
)
