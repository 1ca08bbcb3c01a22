"""`alula backfill`: a launch plan is run for times in the past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from alula.cli.failures import RUN_FAILED, CommandEnded, say
from alula.cli.options import MOMENT, Target, output_option, target_options
from alula.cli.output import format_moment, print_document, print_facts, print_table
from alula.core.ids import ExecutionId
from alula.sdk.client.backfills import find_backfill
from alula.sdk.client.connection import Connection
from alula.sdk.client.own import ask, tell

_SLOT_COLUMNS = ("slot (UTC)", "state", "run", "why")


class _StartsByDefault(click.Group):
    """`alula backfill PLAN ...` is `alula backfill start PLAN ...`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return super().resolve_command(ctx, args if args[0] in self.commands else ["start", *args])


@click.group("backfill", cls=_StartsByDefault, context_settings={"ignore_unknown_options": True})
def backfill() -> None:
    """Run a launch plan for times in the past.

    `alula backfill PLAN --from TIME` is `alula backfill start PLAN --from TIME`. `alula list backfills` shows those
    there are, and `alula get backfill ID` the slots of one.
    """


@backfill.command("start")
@click.argument("plan", metavar="PLAN[@VERSION]")
@click.option("--from", "first", type=MOMENT, metavar="TIME", required=True, help="Slots from this time on.")
@click.option("--to", "until", type=MOMENT, metavar="TIME", help="And before this one. Else now.")
@click.option("--dry-run", is_flag=True, help="Show what would become of each slot, and start nothing.")
@click.option(
    "--order", type=click.Choice(["oldest", "newest"]), default="oldest", show_default=True, help="Which first."
)
@click.option("--at-once", type=click.IntRange(min=1), default=1, show_default=True, help="The most runs at once.")
@click.option(
    "--reprocess",
    type=click.Choice(["none", "failed", "all"]),
    default="none",
    show_default=True,
    help="Which slots are run again that have a run which has ended.",
)
@click.option(
    "--on-failure",
    type=click.Choice(["stop", "continue"]),
    default="stop",
    show_default=True,
    help="Whether further slots start after one has failed.",
)
@click.option("--cron", default="", metavar="EXPRESSION", help="Names the slots. Else the schedule of the plan.")
@click.option("--kickoff", default="", metavar="INPUT", help="The input that gets the time. Else as the schedule says.")
@click.option("--name", default="", help="The name of the backfill. Else a new one.")
@click.option("--wait", is_flag=True, help="Until it has ended. Status 1 unless all slots have succeeded.")
@output_option
@target_options
def start(
    target: Target,
    plan: str,
    first: datetime,
    until: datetime | None,
    dry_run: bool,
    wait: bool,
    form: str,
    **rules: Any,
) -> None:
    """Run the slots of a launch plan: the times in the past that its schedule names.

    A slot that has a run already is left as it is, unless --reprocess says otherwise. Times without an offset are in
    the time zone of the schedule.
    """
    name, _, version = plan.partition("@")
    body = {
        "plan": name,
        "version": version,
        "first": first.isoformat(),
        "until": until.isoformat() if until is not None else None,
        **rules,
    }
    with target.connect() as connection:
        if dry_run:
            _print_preview(tell(connection, "backfills", target.project, target.domain, "preview", body=body), form)
            return
        found = tell(connection, "backfills", target.project, target.domain, body=body)
        say(f"{found['slots']['waiting']} slots are run, {found['slots']['there']} are there already")
        if wait:
            id = ExecutionId(target.project, target.domain, found["name"])
            found = find_backfill(connection, id).wait().told
    if form == "table":
        click.echo(found["name"])
    else:
        print_document(found, form)
    if wait and found["state"] != "SUCCEEDED":
        say(f"it has ended as {found['state']}: {_counts_text(found)}")
        raise CommandEnded(RUN_FAILED)


@backfill.command("pause")
@click.argument("name", metavar="ID")
@target_options
def pause(target: Target, name: str) -> None:
    """Start no further slot until the backfill is resumed. Runs that are open go on."""
    _change(target, name, "pause")
    say(f"backfill {name} is paused")


@backfill.command("resume")
@click.argument("name", metavar="ID")
@target_options
def resume(target: Target, name: str) -> None:
    """Go on with a backfill that is paused."""
    found = _change(target, name, "resume")
    say(f"backfill {name} goes on, {found['slots']['waiting']} slots are left")


@backfill.command("cancel")
@click.argument("name", metavar="ID")
@target_options
def cancel(target: Target, name: str) -> None:
    """Start no further slot, and abort the runs that are open."""
    found = _change(target, name, "cancel")
    say(f"backfill {name} is cancelled, {found['slots']['waiting']} slots were not run")


def print_backfill(connection: Connection, target: Target, name: str, limit: int, form: str) -> None:
    """One backfill with its slots."""
    path = ("backfills", target.project, target.domain, name)
    found = ask(connection, *path)
    slots = ask(connection, *path, "slots", limit=str(limit))
    if form != "table":
        print_document({"backfill": found, "slots": slots}, form)
        return
    print_facts(_facts(found))
    print_table(_SLOT_COLUMNS, _slot_rows(slots))
    total = sum(found["slots"].values())
    if total > len(slots):
        say(f"{total - len(slots)} more with a higher --limit")


def _change(target: Target, name: str, action: str) -> dict[str, Any]:
    with target.connect() as connection:
        return tell(connection, "backfills", target.project, target.domain, name, action)


def _print_preview(preview: dict[str, Any], form: str) -> None:
    if form != "table":
        print_document(preview, form)
        return
    found, slots = preview["backfill"], preview["slots"]
    others = {name: text for name, text in preview["inputs"].items() if name != found["kickoff"]}
    print_facts(
        [
            ("plan", f"{found['plan']}@{found['version']}"),
            ("time zone", preview["zone"] or "UTC"),
            ("input", f"{found['kickoff']} = the time of the slot" if found["kickoff"] else ""),
            *(("input", f"{name} = {text}") for name, text in others.items()),
        ]
    )
    action = {"WAITING": "run", "THERE": "already there"}
    rows = [[format_moment(slot["planned_for"]), action[slot["state"]], slot["run"]] for slot in slots]
    print_table(("slot (UTC)", "what", "run"), rows)
    say(f"{found['slots']['waiting']} would be run, {found['slots']['there']} are there already")


def _facts(found: dict[str, Any]) -> list[tuple[str, str]]:
    again = {"none": "", "failed": "those that failed", "all": "all"}
    return [
        ("name", found["name"]),
        ("state", found["state"]),
        ("plan", f"{found['plan']}@{found['version']}"),
        ("slots", f"{format_moment(found['first'])} to {format_moment(found['until'])}, the {found['order']} first"),
        ("at once", str(found["at_once"])),
        ("run again", again[found["reprocess"]]),
        ("on failure", found["on_failure"]),
        ("so far", _counts_text(found)),
        ("ended", format_moment(found["ended_at"])),
    ]


def _counts_text(found: dict[str, Any]) -> str:
    return ", ".join(f"{count} {name}" for name, count in found["slots"].items() if count)


def _slot_rows(slots: Sequence[dict[str, Any]]) -> list[list[str]]:
    return [[format_moment(slot["planned_for"]), slot["state"], slot["run"], slot["detail"]] for slot in slots]
