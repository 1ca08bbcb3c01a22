"""`alula retention`, `keep` and `unkeep`: which runs are removed, and which stay."""

from __future__ import annotations

import time
from typing import Any

import click

from alula.cli.failures import say
from alula.cli.options import Target, output_option, target_options
from alula.cli.output import print_document, print_table
from alula.core.size_text import text_of_bytes
from alula.sdk.client.connection import Connection
from alula.sdk.client.own import ask, tell

POLL_S = 1.0


@click.group("retention")
def retention() -> None:
    """What goes by the rules of retention, which stand in the settings of the platform."""


@retention.command("preview")
@output_option
@target_options
def preview(target: Target, form: str) -> None:
    """Show what would go by each rule, with how much, and why other runs stay. Nothing is removed."""
    with target.connect() as connection:
        found = ask(connection, "retention")
    if form != "table":
        print_document(found, form)
        return
    if not found["goes"]:
        say("no rule says which runs go: give `retention.rules` in the settings")
    rows = [(one["rule"], str(one["runs"]), str(one["objects"]), text_of_bytes(one["bytes"])) for one in found["goes"]]
    if rows:
        print_table(("rule", "runs that go", "objects", "size"), rows)
        click.echo()
    print_table(("runs that stay", "because"), [(str(one["runs"]), one["reason"]) for one in found["stays"]])
    if found["measured"] < _going(found):
        say(f"objects and sizes are those of {found['measured']} runs")
    aged = [(one["of"], one["rule"], str(one["count"]), text_of_bytes(one["bytes"])) for one in found["by_age"]]
    if aged:
        click.echo()
        print_table(("what else goes", "rule", "number", "size"), aged)
    if found["unfinished"]:
        say(f"{found['unfinished']} runs are being removed")


@retention.command("run")
@click.option("--wait", is_flag=True, help="Return when all runs that go by the rules have gone.")
@target_options
def run(target: Target, *, wait: bool) -> None:
    """Have the rules applied at once instead of at the next round."""
    with target.connect() as connection:
        rules = tell(connection, "retention", "run")
        say(f"the rules {', '.join(rules)} are applied")
        if wait:
            _wait(connection)
            say("all runs that go by them are gone")


@click.command("keep")
@click.argument("names", metavar="RUN...", nargs=-1, required=True)
@target_options
def keep(target: Target, names: tuple[str, ...]) -> None:
    """Have runs stay, whatever the rules of retention say."""
    _tell_each(target, "keep", names)
    say(f"{len(names)} {'run is' if len(names) == 1 else 'runs are'} kept")


@click.command("unkeep")
@click.argument("names", metavar="RUN...", nargs=-1, required=True)
@target_options
def unkeep(target: Target, names: tuple[str, ...]) -> None:
    """Have runs stay no longer than the rules of retention say."""
    _tell_each(target, "unkeep", names)
    say(f"{len(names)} {'run is' if len(names) == 1 else 'runs are'} kept no longer")


def _tell_each(target: Target, what: str, names: tuple[str, ...]) -> None:
    ids = [target.execution(name) for name in names]
    with target.connect() as connection:
        for id in ids:
            tell(connection, what, *id)


def _wait(connection: Connection) -> None:
    while (found := ask(connection, "retention"))["unfinished"] or _going(found):
        time.sleep(POLL_S)


def _going(found: dict[str, Any]) -> int:
    return sum(one["runs"] for one in found["goes"])
