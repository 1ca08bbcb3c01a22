"""`alula logs`: what the tasks of a run have written, as they wrote it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from urllib.parse import quote

import click

from alula.cli.failures import say
from alula.cli.options import Target, target_options
from alula.cli.values import suggest
from alula.core.errors import FailedPrecondition, InvalidInput, NotFound
from alula.core.ids import ExecutionId
from alula.sdk.client import http
from alula.sdk.client.run_view import NodeView, RunReader, find_nodes

SILENCE_S = 24 * 3600.0
"""A task may be quiet for long while it is followed."""


@click.command("logs")
@click.argument("name")
@click.argument("node", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on until the attempt ends.")
@click.option("--attempt", type=click.IntRange(0), help="Which attempt, from 0; the newest otherwise.")
@click.option("--index", type=click.IntRange(0), help="Which item of an array node.")
@target_options
def logs(target: Target, name: str, node: str | None, follow: bool, attempt: int | None, index: int | None) -> None:
    """Print the log of a task of a run: NODE is a node's id or its task's name.

    Without NODE: of every task that has begun, one after the other.
    """
    id = target.execution(name)
    with target.connect() as connection:
        base = connection.http_endpoint()
        if not base:
            raise FailedPrecondition(
                "Unimplemented", "this platform does not serve logs to `alula`", fix="use its own log links"
            )
        nodes = list(RunReader(connection, id).read().walk())
        chosen = _chosen(nodes, node, id)
        if node is None and follow and len(chosen) != 1:
            raise InvalidInput(
                "MissingNode",
                "--follow follows one task",
                fix=f"name one of: {', '.join(each.node_id for each in chosen)}",
            )
        for each in chosen:
            if len(chosen) > 1:
                say(f"==> {each.node_id} {each.name}")
            _print_log(base, id, each, attempt, index, follow=follow)


def _chosen(nodes: Sequence[NodeView], wanted: str | None, id: ExecutionId) -> list[NodeView]:
    begun = [node for node in nodes if node.attempts]
    if wanted is None:
        return begun
    found = find_nodes(nodes, wanted)
    if not found:
        raise NotFound(
            "NodeNotFound",
            f"{id.name} has no node `{wanted}`",
            fix=suggest(wanted, [node.node_id for node in nodes] + [node.name for node in nodes]),
        )
    with_attempts = [node for node in found if node.attempts]
    if not with_attempts:
        raise NotFound("NoLog", f"node `{wanted}` of {id.name} has run no attempt, so it has no log")
    return with_attempts


def _print_log(
    base: str, id: ExecutionId, node: NodeView, attempt: int | None, index: int | None, *, follow: bool
) -> None:
    """One log, or of an array without an index each item's."""
    if node.is_array and index is None:
        items = sorted({item.index for item in node.attempts[-1].closure.metadata.external_resources})
        for item in items:
            say(f"==> {node.node_id}[{item}]")
            _print_log(base, id, node, attempt, item, follow=follow)
        return
    chosen = node.attempts[-1].id.retry_attempt if attempt is None else attempt
    if node.is_array and attempt is None:
        chosen = _newest_attempt_of_item(node, index or 0)
    path = "/".join(quote(part, safe="") for part in (*id, node.node_id, str(chosen)))
    shown = f"index={-1 if index is None else index}&follow={int(follow)}"
    url = f"{base}/api/v1/alula/logs/{path}?{shown}"
    try:
        for piece in http.stream_pieces(url, timeout_s=SILENCE_S if follow else http.TRANSFER_TIMEOUT_S):
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
    except NotFound as error:
        where = node.node_id if index is None else f"{node.node_id}[{index}]"
        raise NotFound("NoLog", f"attempt {chosen} of {where} has no log") from error


def _newest_attempt_of_item(node: NodeView, index: int) -> int:
    resources = node.attempts[-1].closure.metadata.external_resources
    return max((item.retry_attempt for item in resources if item.index == index), default=0)
