"""`alula debug`: an attempt of a run, run again here under the debugger."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from alula.cli.failures import say
from alula.cli.options import Target, target_options
from alula.cli.values import suggest
from alula.core.errors import InvalidInput, NotFound
from alula.core.ids import ExecutionId
from alula.sdk.client.attempt_copy import copy_attempt
from alula.sdk.client.run_view import NodeView, RunReader, find_nodes, refuse_several


@click.command("debug")
@click.argument("run")
@click.argument("node")
@click.option("--attempt", type=click.IntRange(0), help="Which attempt, from 0; the newest otherwise.")
@click.option("--item", type=click.IntRange(0), help="Which item of an array node.")
@click.option("--shell", "way", flag_value="--shell", help="Open a shell in the code instead.")
@click.option("--no-pdb", "way", flag_value="--no-pdb", help="Only run it.")
@click.option("--python", default=sys.executable, show_default="this one", help="The Python that runs it.")
@target_options
def debug(
    target: Target, run: str, node: str, attempt: int | None, item: int | None, way: str | None, python: str
) -> None:
    """Run an attempt again on this machine, and stop at the first line of its task.

    NODE is a node's id or its task's name. Code, inputs and variables come from the platform, packages from this
    Python. The platform is told nothing: results stay in a temporary folder.
    """
    id = target.execution(run)
    with target.connect() as connection:
        reader = RunReader(connection, id)
        seen = _node(list(reader.read().walk()), node, id)
        _require_item(seen, item)
        chosen = seen.attempts[-1].id
        if attempt is not None and attempt > chosen.retry_attempt and not seen.is_array:
            missing = f"node `{seen.node_id}` of {id.name} has no attempt {attempt}"
            raise NotFound("NoAttempt", missing, fix=f"the newest is {chosen.retry_attempt}")
        if attempt is not None:
            chosen.retry_attempt = attempt
        folder = Path(tempfile.mkdtemp(prefix="alula-debug-"))
        copy_attempt(connection, chosen, reader.task(chosen.task_id), item=-1 if item is None else item, folder=folder)
    say(f"a copy of {id.name}/{seen.node_id}, attempt {chosen.retry_attempt}, is in {folder}")
    words = [python, "-m", "alula.sdk.local.debugging", str(folder), *([way] if way else [])]
    sys.stdout.flush()
    os.execvp(python, words)


def _node(nodes: Sequence[NodeView], wanted: str, id: ExecutionId) -> NodeView:
    """The node with attempts that is meant. Raises `NotFound`, and `InvalidInput` if it may be several."""
    found = find_nodes(nodes, wanted)
    if not found:
        known = [node.node_id for node in nodes] + [node.name for node in nodes]
        raise NotFound("NodeNotFound", f"{id.name} has no node `{wanted}`", fix=suggest(wanted, known))
    begun = [node for node in found if node.attempts]
    if not begun:
        raise NotFound("NoAttempt", f"node `{wanted}` of {id.name} has run no attempt")
    refuse_several(begun, wanted, id)
    return begun[0]


def _require_item(node: NodeView, item: int | None) -> None:
    items = len({each.index for each in node.attempts[-1].closure.metadata.external_resources}) if node.is_array else 0
    if node.is_array and item is None:
        raise InvalidInput("MissingItem", f"`{node.node_id}` is an array", fix=f"--item 0 to --item {items - 1}")
    if not node.is_array and item is not None:
        raise InvalidInput("NoSuchItem", f"`{node.node_id}` is no array, so it has no item {item}")
    if item is not None and item >= items:
        raise NotFound("NoSuchItem", f"`{node.node_id}` has no item {item}", fix=f"--item 0 to --item {items - 1}")
