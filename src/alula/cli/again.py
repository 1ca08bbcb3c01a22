"""`alula relaunch`, `alula recover`, `alula fork`: start a run again, and follow it if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from alula.cli.follow import show_launched
from alula.cli.options import Command, Target, output_option, target_options
from alula.cli.values import from_text
from alula.core.errors import InvalidInput
from alula.core.ids import ExecutionId
from alula.sdk.authoring.resources import Resources
from alula.sdk.client import again
from alula.sdk.client.connection import Connection
from alula.sdk.client.inputs import variable_literals
from alula.sdk.client.python_types import python_type_of
from alula.sdk.client.run_view import NodeView, RunReader, find_nodes, refuse_several
from alula.sdk.client.upload import RemoteStore

if TYPE_CHECKING:
    from flyteidl.core import literals_pb2


def _new_run_options(command: Command) -> Command:
    """`RUN`, `--name` and `--wait`, and where and how to print."""
    decorated: Any = command
    for option in (
        target_options,
        output_option,
        click.option("--wait", is_flag=True, help="Follow the new run to its end."),
        click.option("--name", "new_name", metavar="NAME", default="", help="Name of the new run; else a new one."),
        click.argument("run"),
    ):
        decorated = option(decorated)
    return decorated


@click.command("relaunch")
@click.option("--overwrite-cache", is_flag=True, help="Run cached tasks all the same.")
@_new_run_options
def relaunch(target: Target, run: str, new_name: str, overwrite_cache: bool, wait: bool, form: str) -> None:
    """Start a run again with the same inputs. Nothing is taken over but what is cached."""
    id = target.execution(run)
    with target.connect() as connection:
        new = again.relaunch(connection, id, name=new_name, overwrite_cache=overwrite_cache)
        show_launched(target, connection, new, form, wait=wait)


@click.command("recover")
@_new_run_options
def recover(target: Target, run: str, new_name: str, wait: bool, form: str) -> None:
    """Start a run again without doing again what succeeded: nodes, items of map tasks, child runs."""
    id = target.execution(run)
    with target.connect() as connection:
        new = again.recover(connection, id, name=new_name)
        show_launched(target, connection, new, form, wait=wait)


@click.command("fork")
@click.option(
    "--from",
    "nodes",
    multiple=True,
    metavar="NODE",
    help="This node, by id or name, and all after it run again. Repeat.",
)
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="Another value of an input. Repeat.")
@click.option("--version", default="", metavar="V", help="Another version of what was launched.")
@click.option("--image", default="", help="Image of the tasks that --from names.")
@click.option("--cpu", metavar="AMOUNT", help="CPU of the tasks that --from names.")
@click.option("--mem", metavar="AMOUNT", help="Memory of the tasks that --from names.")
@_new_run_options
def fork(
    target: Target,
    run: str,
    new_name: str,
    nodes: Sequence[str],
    inputs: Sequence[str],
    version: str,
    image: str,
    cpu: str | None,
    mem: str | None,
    wait: bool,
    form: str,
) -> None:
    """Start a run that goes on from any node of an earlier one, with changes.

    What is before the nodes that --from names is taken over; so is, without --from, everything whose inputs stay the
    same. `alula describe execution RUN` shows the ids and names of nodes.
    """
    id = target.execution(run)
    resources = Resources(cpu=cpu, mem=mem) if cpu or mem else None
    with target.connect() as connection:
        changes = again.Changes(
            nodes=_node_ids(connection, id, nodes),
            inputs=_literals(connection, id, inputs, version),
            version=version,
            requests=resources,
            limits=resources,
            container_image=image,
            name=new_name,
        )
        new = again.fork(connection, id, changes)
        show_launched(target, connection, new, form, wait=wait)


def _node_ids(connection: Connection, id: ExecutionId, wanted: Sequence[str]) -> list[str]:
    """Ids of nodes that are named by id or by name; what the run has not is left to the platform to refuse.

    Raises `InvalidInput` for the name of several.
    """
    nodes = list(RunReader(connection, id).read().walk()) if wanted else []
    return [_node_id(nodes, each, id) for each in wanted]


def _node_id(nodes: Sequence[NodeView], wanted: str, id: ExecutionId) -> str:
    found = find_nodes(nodes, wanted)
    refuse_several(found, wanted, id)
    return found[0].node_id if found else wanted


def _literals(
    connection: Connection, id: ExecutionId, inputs: Sequence[str], version: str
) -> dict[str, literals_pb2.Literal]:
    texts: dict[str, str] = {}
    for each in inputs:
        name, equals, text = each.partition("=")
        if not equals:
            raise InvalidInput("BadOption", f"`--input {each}` gives no value", fix="write it as --input NAME=VALUE")
        texts[name] = text
    if not texts:
        return {}
    variables = again.input_variables(connection, id, version=version)
    values: dict[str, object] = {
        name: from_text(text, python_type_of(variables[name].type), f"--input {name}") if name in variables else text
        for name, text in texts.items()
    }
    store = RemoteStore(connection, project=id.project, domain=id.domain)
    return variable_literals(id.name, variables, values, store)
