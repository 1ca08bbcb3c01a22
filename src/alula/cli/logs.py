"""`alula logs`: the output of a run's tasks, as they wrote it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import click
from flyteidl.admin import execution_pb2, task_execution_pb2

from alula.cli.failures import say
from alula.cli.log_search import Looked, print_lines, refuse_unfit
from alula.cli.options import Target, target_options
from alula.cli.outage import RETRY_INTERVAL_S, FollowedPlatform
from alula.cli.values import suggest
from alula.core.engine.records import AttemptPhase
from alula.core.errors import FailedPrecondition, InvalidInput, NotFound, Unavailable
from alula.core.ids import AttemptId, ExecutionId
from alula.sdk.client import http
from alula.sdk.client.connection import Connection
from alula.sdk.client.rpcs import GET_EXECUTION
from alula.sdk.client.run_view import (
    NodeView,
    RunReader,
    find_nodes,
    get_node,
    has_ended,
    list_attempts,
    to_execution_id,
)

SILENCE_S = 24 * 3600.0
"""A task may be quiet for long while it is followed."""


@click.command("logs")
@click.argument("name")
@click.argument("node", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on until the attempt ends.")
@click.option("--attempt", type=click.IntRange(0), help="Which attempt, from 0; the newest otherwise.")
@click.option("--index", type=click.IntRange(0), help="Which item of an array node.")
@click.option("--grep", metavar="TEXT", help="Only the lines that have this text, of all attempts.")
@click.option("-i", "--ignore-case", is_flag=True, help="With --grep: capital letters are as small ones.")
@target_options
def logs(
    target: Target,
    name: str,
    node: str | None,
    follow: bool,
    attempt: int | None,
    index: int | None,
    grep: str | None,
    ignore_case: bool,
) -> None:
    """Print the log of a task of a run: NODE is a node's id or its task's name.

    Without NODE: of every task that has begun, one after the other.
    """
    id = target.execution(name)
    refuse_unfit(grep, ignore_case=ignore_case, follow=follow)
    with target.connect() as connection:
        base = _base(connection)  # where logs can't be had nothing else is worth asking
        if grep is not None and node is None:
            print_lines(base, id, Looked(grep, ignore_case, None, attempt, index))
            return
        nodes = list(RunReader(connection, id).read().walk())
        chosen = _chosen(nodes, node, id)
        if grep is not None:
            print_lines(base, id, Looked(grep, ignore_case, tuple(n.node_id for n in chosen), attempt, index))
            return
        if node is None and follow and len(chosen) != 1:
            raise InvalidInput(
                "MissingNode",
                "--follow follows one task",
                fix=f"name one of: {', '.join(each.node_id for each in chosen)}",
            )
        for each in chosen:
            if len(chosen) > 1:
                say(f"==> {each.node_id} {each.name}")
            for log in _logs_of(id, each, attempt, index):
                if follow:
                    with FollowedPlatform(target, connection) as platform:
                        follow_log(platform, log)
                else:
                    _print_pieces(connection, log)


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


def _logs_of(id: ExecutionId, node: NodeView, attempt: int | None, index: int | None) -> Iterator[AttemptId]:
    """One log, or of an array without an index each item's."""
    if node.is_array and index is None:
        items = sorted({item.index for item in node.attempts[-1].closure.metadata.external_resources})
        for item in items:
            say(f"==> {node.node_id}[{item}]")
            yield from _logs_of(id, node, attempt, item)
        return
    chosen = node.attempts[-1].id.retry_attempt if attempt is None else attempt
    if node.is_array and attempt is None:
        chosen = _newest_attempt_of_item(node, index or 0)
    yield AttemptId(id, node.node_id, chosen, -1 if index is None else index)


def _newest_attempt_of_item(node: NodeView, index: int) -> int:
    resources = node.attempts[-1].closure.metadata.external_resources
    return max((item.retry_attempt for item in resources if item.index == index), default=0)


def follow_log(platform: FollowedPlatform, log: AttemptId) -> None:
    """Print what an attempt writes until it ends. A platform that goes away is waited for, and the log goes on where
    it was. Raises `Unavailable` when it stays away."""
    printed, ended = 0, False
    while True:
        try:
            for count in _new_pieces(platform.connection, log, after=printed, follow=not ended):
                printed += count
                platform.is_up()
            if ended:
                return
            # A stream also ends with the platform: one more round reads what came after it.
            ended = _has_ended(platform.connection, log)
            platform.is_up()
        except Unavailable as error:
            platform.wait(error, say)
        else:
            if not ended:
                time.sleep(RETRY_INTERVAL_S)


def _print_pieces(connection: Connection, log: AttemptId) -> None:
    for _ in _new_pieces(connection, log, after=0, follow=False):
        pass


def _new_pieces(connection: Connection, log: AttemptId, *, after: int, follow: bool) -> Iterator[int]:
    """Print all after the first `after` bytes, piece by piece; gives the number of bytes of each."""
    path = "/".join(quote(part, safe="") for part in (*log.execution, log.node_id, str(log.attempt)))
    url = f"{_base(connection)}/api/v1/alula/logs/{path}?index={log.index}&offset={after}&follow={int(follow)}"
    try:
        for piece in http.stream_pieces(url, timeout_s=SILENCE_S if follow else http.TRANSFER_TIMEOUT_S):
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            yield len(piece)
    except NotFound as error:
        where = log.node_id if log.index < 0 else f"{log.node_id}[{log.index}]"
        raise NotFound("NoLog", f"attempt {log.attempt} of {where} has no log") from error


def _base(connection: Connection) -> str:
    base = connection.http_endpoint()
    if not base:
        raise FailedPrecondition(
            "Unimplemented", "this platform does not serve logs to `alula`", fix="use its own log links"
        )
    return base


def _has_ended(connection: Connection, log: AttemptId) -> bool:
    request = execution_pb2.WorkflowExecutionGetRequest(id=to_execution_id(log.execution))
    if has_ended(connection.call(GET_EXECUTION, request)):
        return True
    node = get_node(connection, log.execution, log.node_id)
    return any(_is_over(attempt, log) for attempt in list_attempts(connection, node.id))


def _is_over(seen: task_execution_pb2.TaskExecution, log: AttemptId) -> bool:
    """True if an attempt of the node, or of an array's items, says that the log's attempt has ended."""
    if log.index < 0:
        return seen.id.retry_attempt == log.attempt and AttemptPhase(seen.closure.phase).is_terminal
    return any(
        item.retry_attempt > log.attempt or (item.retry_attempt == log.attempt and AttemptPhase(item.phase).is_terminal)
        for item in seen.closure.metadata.external_resources
        if item.index == log.index
    )
