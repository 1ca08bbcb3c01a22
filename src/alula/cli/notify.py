"""`alula notify`: what people and programs were told, sending it again, and trying a rule."""

from __future__ import annotations

from typing import Any

import click

from alula.cli.failures import say
from alula.cli.options import Target, output_option, target_options
from alula.cli.output import print_document, print_table
from alula.sdk.client.own import ask, tell

_STATES = ("PENDING", "SENT", "DEAD", "LIMITED")


@click.group("notify")
def notify() -> None:
    """Notifications about runs: history, dead letters, and trying a rule."""


@notify.command("list")
@click.option("--state", type=click.Choice(_STATES, case_sensitive=False), help="Only those.")
@click.option("--rule", default="", help="Only of this rule.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@output_option
@target_options
def list_(target: Target, state: str | None, rule: str, limit: int, form: str) -> None:
    """List notices, newest first: to whom, about what, and what became of them."""
    with target.connect() as connection:
        found: list[dict[str, Any]] = ask(
            connection, "notices", state=(state or "").upper(), rule=rule, limit=str(limit)
        )
    if form != "table":
        print_document(found, form)
    elif not found:
        say("there are no notices")
    else:
        print_table(
            ("id", "rule", "channel", "about", "occasion", "state", "tries", "made", "error"),
            [_row(one) for one in found],
        )


@notify.command("resend")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@target_options
def resend(target: Target, ids: tuple[str, ...]) -> None:
    """Have notices delivered once more, such as those that are dead."""
    with target.connect() as connection:
        for id in ids:
            tell(connection, "notices", id, "resend")
    say(f"{len(ids)} {'notice is' if len(ids) == 1 else 'notices are'} delivered again")


@notify.command("test")
@click.argument("rule")
@target_options
def test(target: Target, rule: str) -> None:
    """Have a message delivered to each channel of a rule. `alula notify list` tells what became of it."""
    with target.connect() as connection:
        for id in tell(connection, "rules", rule, "test"):
            click.echo(id)


def _row(notice: dict[str, Any]) -> tuple[str, ...]:
    made = notice["created_at"][:19].replace("T", " ")
    texts = [notice[name] for name in ("id", "rule", "channel", "subject", "occasion", "state")]
    return (*texts, str(notice["tries"]), made, notice["error"])
