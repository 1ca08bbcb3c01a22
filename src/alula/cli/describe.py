"""`alula describe execution`: everything that explains a run, from one place."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import click
import msgspec
from flyteidl.admin import common_pb2, execution_pb2, task_execution_pb2
from flyteidl.core import execution_pb2 as phases_pb2
from flyteidl.event import event_pb2

from alula.cli.describe_entity import entity_command
from alula.cli.kinds import ENTITIES
from alula.cli.options import Target, output_option, target_options
from alula.cli.output import (
    colour_phase,
    format_duration,
    format_time,
    print_document,
    print_facts,
    to_document,
    to_seconds,
)
from alula.cli.tree import plain_tree, renderable, run_duration
from alula.cli.triggers import print_started, started_by
from alula.cli.usage import usage_text
from alula.core.engine.records import AttemptPhase, ExecutionPhase, NodePhase
from alula.core.errors import NotFound
from alula.core.ids import ExecutionId
from alula.core.literals.text import outputs_text
from alula.core.policy.run_file import IMPORTED_FROM
from alula.core.policy.triggering import trigger_cause
from alula.sdk.client import http
from alula.sdk.client.connection import Connection
from alula.sdk.client.launch import LAUNCHED_BY
from alula.sdk.client.rpcs import GET_EXECUTION_DATA, LIST_EXECUTIONS
from alula.sdk.client.run_view import NodeView, RunReader, RunView, read_full_errors, short_name, to_execution_id

NODES_SHOWN = 200
"""In the tree and in full. If there are more, failed ones come first."""
VALUES_SHOWN_CHARS = 4_000
"""Of all inputs together, and of all outputs."""
ITEMS_SHOWN = 10
LAUNCHED_SHOWN = 200
REASONS_SHOWN = 5
_OWN_LOGS = "/api/v1/alula/logs/"
"""The path of the platform's own logs: `alula logs` prints them, so they need no link."""


class Told(msgspec.Struct, frozen=True):
    """One link of the causal chain that the platform keeps."""

    at: str
    node_id: str
    attempt: int
    index: int
    code: str
    text: str


@click.group("describe")
def describe() -> None:
    """Explain something in full."""


for _kind in ENTITIES:
    describe.add_command(entity_command(_kind))


@describe.command("execution")
@click.argument("name")
@output_option
@target_options
def execution(target: Target, name: str, form: str) -> None:
    """Explain a run: its nodes as a tree, attempts, errors with the user's traceback, environment, cache, logs.

    json and yaml: the admin.Execution message, with `node_executions`, `task_executions`, `reasons`, `full_inputs`,
    `full_outputs`, `launched`, the runs that its eager tasks have called, and `started`, what its end has started by
    triggers, beside its own fields.
    """
    id = target.execution(name)
    attempts_max = NODES_SHOWN if form == "table" else None
    with target.connect() as connection:
        run = RunReader(connection, id, attempts_max=attempts_max).read()
        read_full_errors(connection, run)
        request = execution_pb2.WorkflowExecutionGetDataRequest(id=to_execution_id(id))
        data = connection.call(GET_EXECUTION_DATA, request)
        reasons = _read_reasons(connection, id)
        launched = runs_launched_by(connection, id)
        started = started_by(connection, id)
    if form != "table":
        document = _document(run, data, reasons)
        print_document({**document, "launched": [to_document(each) for each in launched], "started": started}, form)
        return
    _print_summary(run, data)
    _print_tree(run)
    told: dict[str, list[Told]] = {}
    for reason in msgspec.convert(reasons, list[Told]):
        told.setdefault(reason.node_id, []).append(reason)
    _print_nodes(run, told)
    _print_story(told.get("", ()))
    _print_launched(launched)
    print_started(started)
    selector = target.selector(id)
    click.echo(f"\n{click.style('logs', bold=True)}: alula logs {id.name} NODE{selector}")


def _read_reasons(connection: Connection, id: ExecutionId) -> list[dict[str, Any]]:
    """The platform's causal records; none from a platform that does not keep them."""
    base = connection.http_endpoint()
    if not base:
        return []
    path = "/".join(quote(part, safe="") for part in id)
    try:
        return json.loads(http.get(f"{base}/api/v1/alula/reasons/{path}"))
    except NotFound:
        return []


def runs_launched_by(connection: Connection, id: ExecutionId) -> list[execution_pb2.Execution]:
    """The first runs that the eager tasks of a run have called, in the order of their launch."""
    request = common_pb2.ResourceListRequest(
        id=common_pb2.NamedEntityIdentifier(project=id.project, domain=id.domain),
        limit=LAUNCHED_SHOWN,
        filters=f"eq(execution_tag.key,{LAUNCHED_BY})+eq(execution_tag.value,{id.name})",
        sort_by=common_pb2.Sort(key="created_at", direction=common_pb2.Sort.ASCENDING),
    )
    return list(connection.call(LIST_EXECUTIONS, request).executions)


def _document(
    run: RunView, data: execution_pb2.WorkflowExecutionGetDataResponse, reasons: list[dict[str, Any]]
) -> dict[str, Any]:
    nodes = [node for node in run.walk() if node.execution is not None]
    return {
        **to_document(run.execution),
        "node_executions": [to_document(node.execution) for node in nodes if node.execution is not None],
        "task_executions": [to_document(attempt) for node in nodes for attempt in node.attempts],
        "reasons": reasons,
        "full_inputs": to_document(data.full_inputs),
        "full_outputs": to_document(data.full_outputs),
    }


def _print_summary(run: RunView, data: execution_pb2.WorkflowExecutionGetDataResponse) -> None:
    spec, closure = run.execution.spec, run.execution.closure
    mode = execution_pb2.ExecutionMetadata.ExecutionMode.Name(spec.metadata.mode)
    launched = spec.launch_plan
    print_facts(
        [
            ("run", str(run.id)),
            ("phase", phases_pb2.WorkflowExecution.Phase.Name(closure.phase)),
            ("launched", f"{launched.name}@{launched.version}"),
            ("by", f"{spec.metadata.principal} ({mode.lower()})"),
            ("triggered by", trigger_cause(spec)),
            ("called by", spec.labels.values.get(LAUNCHED_BY, "")),
            ("from", _origin(run)),
            ("imported from", spec.annotations.values.get(IMPORTED_FROM, "")),
            ("created", format_time(closure.created_at)),
            ("duration", format_duration(run_duration(run, time.time()))),
            ("labels", ", ".join(f"{key}={value}" for key, value in sorted(spec.labels.values.items()))),
            ("max parallelism", str(spec.max_parallelism or "")),
            ("cache", "written anew" if spec.overwrite_cache else ""),
            ("aborted by", closure.abort_metadata.principal),
            ("cause", closure.abort_metadata.cause),
        ]
    )
    for title, literals in (("inputs", data.full_inputs), ("outputs", data.full_outputs)):
        if literals.literals:
            _print_block(title, _cut(outputs_text(literals) if len(literals.literals) != 1 else _single(literals)))
    if run.phase is not ExecutionPhase.ABORTED and closure.error.code:
        told_by_node = any(node.phase is NodePhase.FAILED for node in run.walk())
        _print_error(closure.error, "", first_line=told_by_node)


def _origin(run: RunView) -> str:
    """The run that this one goes on from, and where."""
    spec = run.execution.spec
    origin = spec.metadata.reference_execution.name
    nodes = spec.annotations.values.get("alula/fork-nodes", "")
    return f"{origin}, from {nodes}" if nodes else origin


def _single(literals: Any) -> str:
    (name,) = literals.literals
    return f"{name}: {outputs_text(literals).removeprefix(f'{name}: ')}"


def _cut(values: str) -> str:
    if len(values) <= VALUES_SHOWN_CHARS:
        return values
    return f"{values[:VALUES_SHOWN_CHARS]}… ({len(values):,} characters; -o json shows all)"


def _print_tree(run: RunView) -> None:
    click.echo()
    if not sys.stdout.isatty():
        for row in plain_tree(run, time.time(), height=NODES_SHOWN):
            click.echo(row)
        return
    from rich.console import Console  # lazy: only for a terminal

    Console().print(renderable(run, time.time(), height=NODES_SHOWN))


def _print_nodes(run: RunView, told: Mapping[str, Sequence[Told]]) -> None:
    echoed = {id for id, reasons in told.items() if any(reason.code == "Echoed" for reason in reasons)}
    shown, left = chosen(run, echoed)
    for node in shown:
        _print_node(node, told.get(node.node_id, ()))
    if not left:
        return
    click.echo(f"\n… and {len(left):,} more nodes; -o json tells all of each")
    said = Counter(reason.text for node in left for reason in told.get(node.node_id, ()))
    for text, count in said.most_common(REASONS_SHOWN):
        click.echo(f"  {count:,} times: {text}")


def chosen(run: RunView, echoed: Collection[str] = ()) -> tuple[list[NodeView], list[NodeView]]:
    """The nodes to tell in full, and those of a large run that are not. `echoed` are those of echo tasks, which have
    no attempts."""
    worth = [node for node in run.walk() if node.node_id in echoed or _is_worth_telling(node)]
    if len(worth) < NODES_SHOWN:
        return worth, []
    first = sorted(worth, key=lambda node: not node.phase.has_failed)[:NODES_SHOWN]  # the order stays among equals
    ids = {node.node_id for node in first}
    left = [node for node in run.walk() if node.node_id not in ids and not node.children]
    return [node for node in worth if node.node_id in ids], left


def _is_worth_telling(node: NodeView) -> bool:
    told = node.phase.has_failed or node.phase in (NodePhase.ABORTED, NodePhase.RECOVERED)
    return bool(node.attempts) or told or bool(_cache_source(node))


def _cache_source(node: NodeView) -> str:
    """The run and node whose outputs were taken; empty without a cache hit."""
    if node.execution is None:
        return ""
    source = node.execution.closure.task_node_metadata.catalog_key.source_task_execution.node_execution_id
    return f"{source.execution_id.name}/{source.node_id}" if source.node_id else ""


def _print_node(node: NodeView, told: Sequence[Told]) -> None:
    click.echo(f"\n{click.style(f'{node.node_id} {node.name}', bold=True)}")
    if source := _cache_source(node):
        click.echo(f"  cached: these are the outputs of {source}")
    for attempt in node.attempts:
        number = attempt.id.retry_attempt
        _print_attempt(attempt, [reason for reason in told if reason.attempt == number and reason.index < 0])
        if node.is_array:
            _print_items(attempt, told)
        else:
            _print_resources(attempt.closure.metadata.external_resources)
    if node.execution is not None and node.execution.closure.deck_uri:
        click.echo(f"  deck: {node.execution.closure.deck_uri}")
    for reason in told:
        if reason.attempt < 0:
            click.echo(f"  {_clock(reason.at)}  {reason.text}")
    if node.execution is not None and not node.attempts and node.execution.closure.error.code:
        _print_error(node.execution.closure.error, "  ", first_line=bool(node.children))


def _print_attempt(attempt: task_execution_pb2.TaskExecution, told: Sequence[Told]) -> None:
    closure = attempt.closure
    phase = AttemptPhase(closure.phase).name
    took = f"  {format_duration(to_seconds(closure.duration))}" if closure.HasField("duration") else ""
    began = format_time(closure.started_at or closure.created_at)
    executor = f"  by {closure.metadata.plugin_identifier}" if closure.metadata.plugin_identifier else ""
    click.echo(f"  attempt {attempt.id.retry_attempt}: {colour_phase(phase, phase)}  {began}{took}{executor}")
    if told:
        for reason in told:
            click.echo(f"    {_clock(reason.at)}  {reason.text}")
    else:
        for known in closure.reasons:
            click.echo(f"    {format_time(known.occurred_at)[11:]}  {known.message}")
    if closure.error.code:
        _print_error(closure.error, "    ")
    if used := usage_text(closure.custom_info):
        click.echo(f"    used: {used}")
    _print_logs(closure.logs, "    ")


def _print_resources(resources: Iterable[event_pb2.ExternalResourceInfo]) -> None:
    """The jobs elsewhere that an attempt consists of."""
    for resource in resources:
        phase = AttemptPhase(resource.phase).name
        click.echo(f"    {resource.external_id}: {colour_phase(phase, phase)}")
        _print_logs(resource.logs, "      ")


def _print_logs(logs: Iterable[phases_pb2.TaskLog], indent: str) -> None:
    for log in logs:
        if _OWN_LOGS not in log.uri:
            click.echo(f"{indent}log {log.name}: {log.uri}")


def _print_items(attempt: task_execution_pb2.TaskExecution, told: Sequence[Told]) -> None:
    """Print the items of an array: texts of many items once, and the first few failed items each with its error."""
    decks = [reason for reason in told if reason.code == "ItemDeck"]
    for reason in decks[:ITEMS_SHOWN]:
        click.echo(f"    [{reason.index}] {reason.text}")
    if len(decks) > ITEMS_SHOWN:
        click.echo(f"    … and {len(decks) - ITEMS_SHOWN:,} more decks")
    told = [reason for reason in told if reason.code != "ItemDeck"]
    said = Counter(reason.text for reason in told if reason.index >= 0)
    for text, count in said.most_common(REASONS_SHOWN):
        if count > 1:
            click.echo(f"    {count:,} times: {text}")
    bad = [
        item
        for item in attempt.closure.metadata.external_resources
        if item.phase in (AttemptPhase.FAILED, AttemptPhase.RETRYABLE_FAILED, AttemptPhase.ABORTED)
    ]
    for item in bad[:ITEMS_SHOWN]:
        phase = AttemptPhase(item.phase).name
        click.echo(f"    [{item.index}] attempt {item.retry_attempt}: {colour_phase(phase, phase)}")
        if "error" in item.custom_info.fields:
            error = item.custom_info.fields["error"].struct_value.fields
            _print_block(f"error[{error['code'].string_value}]", error["message"].string_value, "      ")
        if used := usage_text(item.custom_info):
            click.echo(f"      used: {used}")
        _print_logs(item.logs, "      ")
        for reason in told:
            if reason.index == item.index and (said[reason.text] == 1 or said[reason.text] <= len(bad)):
                click.echo(f"      {_clock(reason.at)}  {reason.text}")
    if len(bad) > ITEMS_SHOWN:
        click.echo(f"    … and {len(bad) - ITEMS_SHOWN:,} more items")


def _print_error(error: phases_pb2.ExecutionError, indent: str, *, first_line: bool = False) -> None:
    """An error in full, or with its first line where the node that it comes from tells the rest."""
    kind = phases_pb2.ExecutionError.ErrorKind.Name(error.kind).lower()
    message = error.message.split("\n", 1)[0] if first_line else error.message
    _print_block(click.style(f"error[{error.code}] ({kind})", fg="red"), message, indent)


def _print_story(told: Sequence[Told]) -> None:
    if told:
        click.echo(f"\n{click.style('events', bold=True)}")
    for reason in told:
        click.echo(f"  {_clock(reason.at)}  {reason.text}")


def _print_launched(runs: Sequence[execution_pb2.Execution]) -> None:
    """Print the runs that eager tasks have called, in the order of their launch."""
    if runs:
        click.echo(f"\n{click.style('called by its eager tasks', bold=True)}")
    for run in runs:
        phase = ExecutionPhase(run.closure.phase).name
        took = format_duration(to_seconds(run.closure.duration))
        row = f"  {run.id.name}  {short_name(run.spec.launch_plan.name)}  {colour_phase(phase, phase)}  {took}"
        click.echo(f"{row}  {run.closure.error.code}".rstrip())
    if len(runs) == LAUNCHED_SHOWN:
        click.echo(f"  … there may be more than {LAUNCHED_SHOWN}")


def _print_block(title: str, text: str, indent: str = "") -> None:
    """A title, then the text beside it when it is one line, below it when it is more."""
    rows = text.rstrip("\n").splitlines() or [""]
    if len(rows) == 1:
        click.echo(f"{indent}{click.style(title, bold=True)}: {rows[0]}")
        return
    click.echo(f"{indent}{click.style(title, bold=True)}:")
    for row in rows:
        click.echo(f"{indent}  {row}")


def _clock(at: str) -> str:
    """`12:30:01` of an RFC 3339 time."""
    return at[11:19]
