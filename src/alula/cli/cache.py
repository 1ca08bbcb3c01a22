"""`alula cache`: the results of cached tasks, and having these run again."""

from __future__ import annotations

import json
from typing import Any

import click

from alula.cli.failures import say
from alula.cli.options import Target, output_option, target_options
from alula.cli.output import print_document, print_table
from alula.sdk.client import http
from alula.sdk.client.connection import Connection
from alula.sdk.client.own import own_url
from alula.sdk.client.registered import require_task

_of_run = click.option("--run", default="", help="Only what this run made.")
_of_node = click.option("--node", default="", help="With --run: only what this node made.")
_version = click.option("--version", default="", help="Only this cache version.")


@click.group("cache")
def cache() -> None:
    """What is kept of cached tasks."""


@cache.command("list")
@click.argument("task", default="")
@_version
@_of_run
@_of_node
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@output_option
@target_options
def list_(target: Target, task: str, version: str, run: str, node: str, limit: int, form: str) -> None:
    """List what the cache has, newest first: the inputs as they begin, and which attempt made it."""
    source = _source(target, run, node)
    with target.connect() as connection:
        url = _url(connection, target, task=task, version=version, source=source, limit=str(limit))
        found: list[dict[str, Any]] = json.loads(http.get(url))
    if form != "table":
        print_document(found, form)
    elif not found:
        say(f"the cache has nothing{f' of {task}' if task else ''}")
    else:
        print_table(("task", "version", "inputs", "made by", "at"), [_row(entry) for entry in found])


@cache.command("evict")
@click.argument("task")
@_version
@_of_run
@_of_node
@target_options
def evict(target: Target, task: str, version: str, run: str, node: str) -> None:
    """Forget results of a task, so that it runs again. `alula cache list` shows what there is."""
    source = _source(target, run, node)
    with target.connect() as connection:
        url = _url(connection, target, task=task, version=version, source=source)
        count = json.loads(http.delete(url))["evicted"]
        if not count:
            require_task(connection, target.project, target.domain, task)
    say(f"forgot {count:,} {'result' if count == 1 else 'results'} of {task}")


def _source(target: Target, run: str, node: str) -> str:
    """The prefix of the source of a run's or node's results, which is `project/domain/run/node/attempt`."""
    if node and not run:
        raise click.UsageError("--node needs --run: a node is one of a run", click.get_current_context())
    if not run:
        return ""
    id = target.execution(run)
    return f"{id}/{node}/" if node else f"{id}/"


def _url(connection: Connection, target: Target, **given: str) -> str:
    return own_url(connection, "cache", target.project, target.domain, **given)


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    inputs = ", ".join(f"{name}={value}" for name, value in entry["inputs"].items())
    made_by = "/".join(entry["source"].split("/")[2:])
    return entry["task"], entry["cache_version"], inputs, made_by, entry["created_at"][:19].replace("T", " ")
