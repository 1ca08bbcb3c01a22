"""`alula search`: runs, workflows, tasks and launch plans whose name has a text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from alula.cli.failures import CommandEnded, say
from alula.cli.options import Target, output_option, target_options
from alula.cli.output import print_document, print_table
from alula.sdk.client.own import ask

NOTHING_FOUND = 1
"""The exit status of grep for it."""


@click.command("search")
@click.argument("text")
@click.option("--everywhere", is_flag=True, help="In all projects and domains that you may view.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@output_option
@target_options
def search(target: Target, text: str, everywhere: bool, limit: int, form: str) -> None:
    """Find runs, workflows, tasks and launch plans by a part of their name, and runs by their labels.

    Those whose name begins with TEXT come first. The exit status is 1 if nothing is found.
    """
    place = {} if everywhere else {"project": target.project, "domain": target.domain}
    with target.connect() as connection:
        found: list[dict[str, Any]] = ask(connection, "search", q=text, limit=str(limit), **place)["hits"]
    if form != "table":
        print_document(found, form)
        return
    if not found:
        where = "any project" if everywhere else f"{target.project}/{target.domain}, see --everywhere"
        say(f"nothing has `{text}` in its name in {where}")
        raise CommandEnded(NOTHING_FOUND)
    print_table(("kind", "name", "project", "domain", "created"), [_row(hit) for hit in found])
    if len(found) == limit:
        say(f"these are the first {limit}; there may be more (--limit)")


def _row(hit: dict[str, Any]) -> tuple[str, ...]:
    created = datetime.fromtimestamp(hit["at"] // 1_000_000, UTC)
    return hit["kind"], hit["name"], hit["project"], hit["domain"], f"{created:%Y-%m-%d %H:%M:%S}"
