"""Triggers of launch plans, with what became of their causes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click

from alula.cli.failures import say
from alula.cli.options import Target
from alula.cli.output import format_moment, print_document, print_facts, print_table
from alula.core.ids import ExecutionId
from alula.sdk.client.connection import Connection
from alula.sdk.client.own import ask

STARTED_SHOWN = 200


def print_trigger(connection: Connection, target: Target, name: str, limit: int, form: str) -> None:
    """One trigger with its firings, the newest first."""
    path = ("triggers", target.project, target.domain, name)
    found = ask(connection, *path)
    firings = ask(connection, *path, "firings", limit=str(limit))
    if form != "table":
        print_document({"trigger": found, "firings": firings}, form)
        return
    print_facts(_facts(found))
    if not firings:
        say("it has not fired yet")
        return
    rows = [[format_moment(each["at"]), each["state"], each["run"], each["cause"], each["detail"]] for each in firings]
    print_table(("at", "what", "run", "cause", "reason"), rows)
    if len(firings) == limit:
        say("there may be more with a higher --limit")


def started_by(connection: Connection, id: ExecutionId) -> list[dict[str, Any]]:
    """The first firings that the end of a run has caused. None from a platform that has no triggers."""
    if not connection.http_endpoint():
        return []
    return ask(connection, "runs", *id, "firings", limit=str(STARTED_SHOWN))


def print_started(firings: Iterable[Mapping[str, Any]]) -> None:
    """Print what the end of a run has started, and what it could not start."""
    for number, firing in enumerate(firings):
        if not number:
            click.echo(f"\n{click.style('started by its end', bold=True)}")
        outcome = firing["run"] or f"nothing: {firing['detail']}"
        click.echo(f"  {firing['project']}/{firing['domain']}/{firing['name']}  {outcome}")


def state_of(found: Mapping[str, Any]) -> str:
    """The state of a trigger in one word."""
    return "TROUBLE" if found["trouble"] else "ACTIVE"


def _facts(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("plan", f"{found['name']}@{found['version']}"),
        ("state", state_of(found)),
        ("waits for", found["waits_for"]),
        ("to end as", " or ".join(found["phases"])),
        ("on behalf of", found["principal"]),
        ("active since", format_moment(found["since"])),
        ("watching since", format_moment(found["watching_since"]) if found["kind"] == "object" else ""),
        ("trouble", found["trouble"]),
        ("started", str(found["started"])),
        ("refused", str(found["refused"] or "")),
    ]
