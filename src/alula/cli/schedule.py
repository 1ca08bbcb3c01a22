"""`alula schedule`: the next times of a schedule, and launch plans that run by the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import click
from flyteidl.admin import common_pb2, launch_plan_pb2, schedule_pb2
from flyteidl.core import identifier_pb2

from alula.cli.failures import say
from alula.cli.options import MOMENT, Target, output_option, target_options
from alula.cli.output import format_duration, print_document, print_table
from alula.core.errors import InvalidInput
from alula.core.policy.schedule import schedule_of
from alula.sdk.client.connection import Connection
from alula.sdk.client.own import tell
from alula.sdk.client.registered import find_registered
from alula.sdk.client.rpcs import GET_ACTIVE_LAUNCH_PLAN, UPDATE_LAUNCH_PLAN
from alula.server.zones import zone_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AWS_FIELDS = 6


@click.group("schedule")
def schedule() -> None:
    """When a schedule runs, and whether that of a launch plan is followed."""


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


@schedule.command("activate")
@click.argument("plan", metavar="NAME[@VERSION]")
@target_options
def activate(target: Target, plan: str) -> None:
    """Make a version of a launch plan the active one, else the newest: its schedule is followed from now on."""
    name, _, version = plan.partition("@")
    with target.connect() as connection:
        found = find_registered(connection, target.project, target.domain, name, version)
        if found.kind == "task":
            raise InvalidInput("NotALaunchPlan", f"`{name}` is a task, which has no schedule")
        id = found.id
        _set(connection, id, launch_plan_pb2.ACTIVE)
    say(f"launch plan {id.name}@{id.version} is active")


@schedule.command("deactivate")
@click.argument("plan", metavar="NAME")
@target_options
def deactivate(target: Target, plan: str) -> None:
    """Have no version of a launch plan active: it runs by the clock no longer. It can still be launched."""
    name = common_pb2.NamedEntityIdentifier(project=target.project, domain=target.domain, name=plan)
    with target.connect() as connection:
        active = connection.call(GET_ACTIVE_LAUNCH_PLAN, launch_plan_pb2.ActiveLaunchPlanRequest(id=name))
        _set(connection, active.id, launch_plan_pb2.INACTIVE)
    say(f"launch plan {plan} is not active any more")


@schedule.command("pause")
@click.argument("plan", metavar="NAME")
@target_options
def pause(target: Target, plan: str) -> None:
    """Start no run by the clock until the schedule is resumed. The launch plan stays active."""
    with target.connect() as connection:
        tell(connection, "schedules", target.project, target.domain, plan, "pause")
    say(f"the schedule of launch plan {plan} is paused")


@schedule.command("resume")
@click.argument("plan", metavar="NAME")
@target_options
def resume(target: Target, plan: str) -> None:
    """Follow a schedule that was paused, from now on. What it named meanwhile is not made up for."""
    with target.connect() as connection:
        found = tell(connection, "schedules", target.project, target.domain, plan, "resume")
    say(f"the schedule of launch plan {plan} is followed again, next at {found['next_at'] or 'no time'}")


@schedule.command("trigger")
@click.argument("plan", metavar="NAME")
@click.option("--at", type=MOMENT, metavar="TIME", help="The time that the run is about. Else now.")
@target_options
def trigger(target: Target, plan: str, at: datetime | None) -> None:
    """Start a run of a scheduled launch plan at once, beside its schedule.

    A time without an offset is in the time zone of the schedule.
    """
    body = {} if at is None else {"at": at.isoformat()}
    with target.connect() as connection:
        run = tell(connection, "schedules", target.project, target.domain, plan, "trigger", body=body)
    click.echo(run["name"])


def _set(connection: Connection, id: identifier_pb2.Identifier, state: launch_plan_pb2.LaunchPlanState) -> None:
    connection.call(UPDATE_LAUNCH_PLAN, launch_plan_pb2.LaunchPlanUpdateRequest(id=id, state=state))


def _message(expression: str, offset: str) -> schedule_pb2.Schedule:
    words = expression.split()
    if words and (words[0].lower().startswith("cron(") or (len(words) == _AWS_FIELDS and "=" not in words[0])):
        if offset:
            raise click.UsageError("a schedule of six fields has no --offset")
        return schedule_pb2.Schedule(cron_expression=expression)
    return schedule_pb2.Schedule(cron_schedule=schedule_pb2.CronSchedule(schedule=expression, offset=offset))
