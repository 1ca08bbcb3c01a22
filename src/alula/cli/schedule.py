"""`alula schedule`: what a schedule means, before anything runs by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import click
from flyteidl.admin import schedule_pb2

from alula.cli.options import output_option
from alula.cli.output import format_duration, print_document, print_table
from alula.core.policy.schedule import schedule_of
from alula.server.zones import zone_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AWS_FIELDS = 6


@click.group("schedule")
def schedule() -> None:
    """What a schedule means."""


@schedule.command("preview")
@click.argument("expression")
@click.option("--count", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many times are shown.")
@click.option("--zone", default="", help="Time zone, such as Europe/Zurich. Else that of the expression, or UTC.")
@click.option("--offset", default="", help="ISO 8601 duration by which each run starts later, such as PT30M.")
@click.option("--from", "since", type=click.DateTime(), help="Show the times after this one, in that zone. Else now.")
@output_option
def preview(expression: str, count: int, zone: str, offset: str, since: datetime | None, form: str) -> None:
    """Show the next times at which a schedule runs.

    EXPRESSION is a cron expression of five fields, an alias such as @daily, or one of six fields as AWS has it.
    """
    schedule = schedule_of(_message(expression, offset))
    clock = zone_of(zone or schedule.zone)
    now = datetime.now(UTC) if since is None else since.replace(tzinfo=clock)
    after = (now - _EPOCH) // timedelta(microseconds=1)
    fires = islice(schedule.fires(after, clock), count)
    times = [(_EPOCH + timedelta(microseconds=fire.at)).astimezone(clock) for fire in fires]
    if form != "table":
        print_document([{"at": at.isoformat(), "utc": at.astimezone(UTC).isoformat()} for at in times], form)
        return
    print_table(
        ("runs at", "utc", "in"),
        [
            (
                at.strftime("%a %Y-%m-%d %H:%M %Z"),
                at.astimezone(UTC).strftime("%Y-%m-%d %H:%M"),
                format_duration((at - now).total_seconds()),
            )
            for at in times
        ],
    )


def _message(expression: str, offset: str) -> schedule_pb2.Schedule:
    words = expression.split()
    if words and (words[0].lower().startswith("cron(") or (len(words) == _AWS_FIELDS and "=" not in words[0])):
        if offset:
            raise click.UsageError("a schedule of six fields has no --offset")
        return schedule_pb2.Schedule(cron_expression=expression)
    return schedule_pb2.Schedule(cron_schedule=schedule_pb2.CronSchedule(schedule=expression, offset=offset))
