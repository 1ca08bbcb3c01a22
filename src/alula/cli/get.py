"""`alula get` and `alula list`: the platform's records, one or a page of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from alula.cli.backfill import print_backfill
from alula.cli.failures import say
from alula.cli.kinds import (
    ENTITIES,
    KINDS,
    Documents,
    Page,
    Place,
    entity_facts,
    execution_row,
    get_entity,
    schedule_row,
)
from alula.cli.options import Target, output_option, target_options
from alula.cli.output import print_document, print_facts, print_message, print_table
from alula.cli.triggers import print_trigger
from alula.core.errors import InvalidInput, NotFound
from alula.sdk.client import rpcs
from alula.sdk.client.connection import Connection
from alula.sdk.client.own import ask
from alula.sdk.client.run_view import get_node, to_execution_id


class _KindChoice(click.Choice[str]):
    """The kinds, also in the plural and without the hyphen."""

    def __init__(self) -> None:
        super().__init__(tuple(KINDS))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).lower().replace("_", "-").removesuffix("s")
        short = {"launchplan": "launch-plan", "nodeexecution": "node-execution", "node": "node-execution"}
        return super().convert(short.get(text, text), param, ctx)


def _list_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True),
            click.option("--token", default="", help="Go on where the last page ended."),
            click.option(
                "--filter",
                "filters",
                multiple=True,
                metavar="F",
                help="Flyte's filter, e.g. 'eq(phase,FAILED)'. Repeat for and.",
            ),
            click.option("--sort-by", default="created_at", show_default=True, metavar="FIELD"),
            click.option("--asc", "ascending", is_flag=True, help="Oldest or smallest first."),
        )
    ):
        command = option(command)
    return command


@click.command("get")
@click.argument("kind", type=_KindChoice(), metavar="KIND")
@click.argument("name", required=False)
@click.argument("node", required=False)
@click.option("--version", default="", help="Of a task, workflow or launch plan; the newest otherwise.")
@_list_options
@output_option
@target_options
def get(target: Target, kind: str, name: str | None, node: str | None, version: str, form: str, **page: Any) -> None:
    """Show one thing by name, or without a name a list.

    Node executions are named by their run and their id: `alula get node-execution RUN [NODE]`.
    """
    with target.connect() as connection:
        if name is None or (kind == "node-execution" and node is None):
            _print_list(connection, target, kind, name or "", _page(page), form)
        elif kind in ENTITIES:
            place = Place(target.project, target.domain, name)
            _print_entity(get_entity(connection, kind, place, version), form)
        elif kind == "execution":
            _print_execution(connection, target, name, form)
        elif kind == "schedule":
            _print_schedule(connection, target, name, form)
        elif kind == "backfill":
            print_backfill(connection, target, name, page["limit"], form)
        elif kind == "trigger":
            print_trigger(connection, target, name, page["limit"], form)
        elif kind == "node-execution":
            _print_node(connection, target, name, node or "", form)
        else:
            _print_project(connection, name, form)


@click.command("list")
@click.argument("kind", type=_KindChoice(), metavar="KIND")
@click.argument("name", required=False)
@_list_options
@output_option
@target_options
def list_(target: Target, kind: str, name: str | None, form: str, **page: Any) -> None:
    """List things of one kind, newest first.

    With NAME: the versions of that task, workflow or launch plan, or the node executions of that run.
    """
    with target.connect() as connection:
        _print_list(connection, target, kind, name or "", _page(page), form)


def _page(options: dict[str, Any]) -> Page:
    return Page(
        limit=options["limit"],
        token=options["token"],
        filters="+".join(options["filters"]),
        sort_by=options["sort_by"],
        ascending=options["ascending"],
    )


def _print_list(connection: Connection, target: Target, kind: str, name: str, page: Page, form: str) -> None:
    place = Place(target.project, target.domain, name)
    if kind == "node-execution":
        if not name:
            raise InvalidInput("MissingRun", "node executions belong to a run", fix=f"name it: `alula list {kind} RUN`")
        place = Place(*target.execution(name))
    elif kind in ("execution", "schedule", "backfill", "trigger") and name:
        raise InvalidInput("BadUsage", f"a {kind} is not listed by name", fix=f"use `alula get {kind} {name}`")
    listing: Any = KINDS[kind].list(connection, place, page)
    if form != "table":
        print_document(listing.documents, form) if isinstance(listing, Documents) else print_message(listing, form)
        return
    rows = KINDS[kind].rows(listing)
    if not rows:
        where = "" if kind == "project" else f" in {place.project}/{place.domain}"
        say(f"no {KINDS[kind].title}{where}")
        return
    print_table(KINDS[kind].columns, rows)
    if listing.token:
        say(f"more with --token {listing.token}")


def _print_entity(entity: Any, form: str) -> None:
    if form != "table":
        print_message(entity, form)
    else:
        print_facts(entity_facts(entity))


def _print_execution(connection: Connection, target: Target, name: str, form: str) -> None:
    request = rpcs.GET_EXECUTION.request(id=to_execution_id(target.execution(name)))
    execution = connection.call(rpcs.GET_EXECUTION, request)
    if form != "table":
        print_message(execution, form)
    else:
        print_table(KINDS["execution"].columns, [execution_row(execution)])


def _print_schedule(connection: Connection, target: Target, name: str, form: str) -> None:
    found = ask(connection, "schedules", target.project, target.domain, name)
    if form != "table":
        print_document(found, form)
    else:
        print_table(KINDS["schedule"].columns, [schedule_row(found)])


def _print_node(connection: Connection, target: Target, run: str, node: str, form: str) -> None:
    execution = get_node(connection, target.execution(run), node)
    if form != "table":
        print_message(execution, form)
        return
    listing = rpcs.LIST_NODE_EXECUTIONS.answer(node_executions=[execution])
    print_table(KINDS["node-execution"].columns, KINDS["node-execution"].rows(listing))


def _print_project(connection: Connection, name: str, form: str) -> None:
    place, page = Place("", "", name), Page(100, "", "", "created_at", False)
    listing: Any = KINDS["project"].list(connection, place, page)
    found = next((project for project in listing.projects if project.id == name), None)
    if found is None:
        raise NotFound("NotFound", f"there is no project `{name}`", fix="`alula list project` shows those there are")
    if form != "table":
        print_message(found, form)
        return
    print_table(KINDS["project"].columns, KINDS["project"].rows(rpcs.LIST_PROJECTS.answer(projects=[found])))
