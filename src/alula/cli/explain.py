"""`alula explain`: why a run, or a step of it, is as it is."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote, urlencode

import click

from alula.cli.options import Target, output_option, target_options
from alula.cli.output import print_document
from alula.core.errors import Unavailable
from alula.core.ids import ExecutionId
from alula.sdk.client import http
from alula.sdk.client.connection import Connection
from alula.sdk.client.run_view import RunReader, find_nodes

_ITEM = re.compile(r"(.+)\[(\d+)\]")


@click.command("explain")
@click.argument("run")
@click.argument("node", default="")
@output_option
@target_options
def explain(target: Target, run: str, node: str, form: str) -> None:
    """Say why a run is as it is, or why a step of it waits, was retried, skipped, stopped or not cached.

    NODE is a node's id or the name of its task; `n2[7]` is an item of a map task.
    """
    id = target.execution(run)
    with target.connect() as connection:
        base = connection.http_endpoint()
        if not base:
            raise Unavailable("ExplainNotOffered", "this platform does not explain its runs", fix="describe the run")
        query = _query(connection, id, node)
        path = "/".join(quote(part, safe="") for part in id)
        answer: dict[str, Any] = json.loads(http.get(f"{base}/api/v1/alula/explain/{path}{query}"))
    if form != "table":
        print_document(answer, form)
        return
    _print(answer, "", "")


def _query(connection: Connection, id: ExecutionId, node: str) -> str:
    """The node as it is named to the platform; a name of a task stands for its first node."""
    if not node:
        return ""
    item = _ITEM.fullmatch(node)
    name = item[1] if item else node
    known = find_nodes(list(RunReader(connection, id).read().walk()), name)
    given = {"node_id": known[0].node_id if known else name} | ({"index": item[2]} if item else {})
    return f"?{urlencode(given)}"


def _print(link: dict[str, Any], guide: str, indent: str) -> None:
    at = f"  {click.style(link['at'][11:19], dim=True)}" if link["at"] else ""
    first, *rest = link["text"].splitlines() or [""]
    click.echo(f"{guide}{first}{at}")
    for line in rest:
        click.echo(f"{indent}{line}")
    if link["fix"]:
        click.echo(f"{indent}{click.style('fix', fg='cyan')}: {link['fix']}")
    for place, cause in enumerate(link["because"]):
        is_last = place == len(link["because"]) - 1
        _print(cause, f"{indent}{'└─' if is_last else '├─'} ", f"{indent}{'   ' if is_last else '│  '}")
