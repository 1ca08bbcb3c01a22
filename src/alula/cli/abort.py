"""`alula abort`: ask the platform to stop a run."""

from __future__ import annotations

import click
from flyteidl.admin import execution_pb2

from alula.cli.failures import say
from alula.cli.options import Target, output_option, target_options
from alula.cli.output import print_message
from alula.sdk.client.rpcs import GET_EXECUTION, TERMINATE_EXECUTION
from alula.sdk.client.run_view import to_execution_id


@click.command("abort")
@click.argument("name")
@click.option("--cause", default="aborted by the command line", show_default=True, help="Why; kept with the run.")
@output_option
@target_options
def abort(target: Target, name: str, cause: str, form: str) -> None:
    """Stop a run. Its running tasks are killed; what has finished stays."""
    id = target.execution(name)
    with target.connect() as connection:
        request = execution_pb2.ExecutionTerminateRequest(id=to_execution_id(id), cause=cause)
        connection.call(TERMINATE_EXECUTION, request)
        if form != "table":
            get = execution_pb2.WorkflowExecutionGetRequest(id=to_execution_id(id))
            print_message(connection.call(GET_EXECUTION, get), form)
    say(f"{id.name} is being aborted")
