"""A copy of an attempt: its code, inputs and variables, fetched from a platform into a folder of this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
from flyteidl.admin import execution_pb2, node_execution_pb2
from flyteidl.core import identifier_pb2, literals_pb2, tasks_pb2

from alula.core.errors import FailedPrecondition
from alula.core.policy.target import environment_of, pod_of
from alula.sdk.client.connection import Connection
from alula.sdk.client.endpoint import Endpoint
from alula.sdk.client.rpcs import GET_EXECUTION, GET_NODE_EXECUTION_DATA
from alula.sdk.client.upload import RemoteStore

DOCUMENT = "attempt.json"
INPUTS = "inputs.pb"
BUNDLE = "code.tar.gz"
_COMMAND = "alula-execute"
ITEM_VARIABLE = "FLYTE_K8S_ARRAY_INDEX"


class AttemptCopy(msgspec.Struct, frozen=True):
    """All of an attempt but its inputs and its code, which are files beside this document."""

    words: list[str]
    """The arguments of `alula-execute`, with template variables in them."""
    variables: dict[str, str]
    """The variables that the attempt has of its task, its run and its own."""
    endpoint: Endpoint
    """The platform that has the files among the inputs."""
    project: str
    domain: str


def copy_attempt(
    connection: Connection,
    id: identifier_pb2.TaskExecutionIdentifier,
    task: tasks_pb2.TaskTemplate,
    *,
    item: int,
    folder: Path,
) -> None:
    """Fetch an attempt into `folder`; of an item of an array, if `item` is not negative.

    Raises `FailedPrecondition` for a task that Alula's SDK does not run.
    """
    words = _words(task)
    if words[:1] != [_COMMAND]:
        raise FailedPrecondition(
            "NotDebuggable",
            f"task `{task.id.name}` is run by `{words[0] if words else task.type}`, not by Alula's SDK",
            fix="`alula logs` shows what it has written, `alula describe execution` its error",
        )
    run = id.node_execution_id.execution_id
    store = RemoteStore(connection, project=run.project, domain=run.domain)
    inputs = _inputs(connection, id.node_execution_id, store)
    (folder / INPUTS).write_bytes(inputs.SerializeToString(deterministic=True))
    if "--code" in words:
        shutil.copyfile(store.readable(words[words.index("--code") + 1]), folder / BUNDLE)
    spec = connection.call(GET_EXECUTION, execution_pb2.WorkflowExecutionGetRequest(id=run)).spec
    variables = {
        **environment_of(task),
        **{pair.key: pair.value for pair in spec.envs.values},
        **_identity(id, item),
    }
    copy = AttemptCopy(words[1:], variables, connection.endpoint, run.project, run.domain)
    (folder / DOCUMENT).write_bytes(msgspec.json.format(msgspec.json.encode(copy)))


def _words(task: tasks_pb2.TaskTemplate) -> list[str]:
    """The command line of a task, with template variables in it."""
    if not task.HasField("container") and not task.HasField("k8s_pod"):
        return []
    pod, primary = pod_of(task, "primary")
    container = next(each for each in pod["containers"] if each.get("name", primary) == primary)
    return [str(word) for word in (*container.get("command", ()), *container.get("args", ()))]


def _inputs(
    connection: Connection, node: identifier_pb2.NodeExecutionIdentifier, store: RemoteStore
) -> literals_pb2.LiteralMap:
    """The inputs of a node, with those in their places that the platform has put aside."""
    request = node_execution_pb2.NodeExecutionGetDataRequest(id=node)
    inputs = connection.call(GET_NODE_EXECUTION_DATA, request).full_inputs
    for literal in inputs.literals.values():
        if literal.HasField("offloaded_metadata"):
            literal.ParseFromString(Path(store.readable(literal.offloaded_metadata.uri)).read_bytes())
    return inputs


def _identity(id: identifier_pb2.TaskExecutionIdentifier, item: int) -> dict[str, str]:
    run, task = id.node_execution_id.execution_id, id.task_id
    variables = {
        "FLYTE_INTERNAL_EXECUTION_ID": run.name,
        "FLYTE_INTERNAL_EXECUTION_PROJECT": run.project,
        "FLYTE_INTERNAL_EXECUTION_DOMAIN": run.domain,
        "FLYTE_INTERNAL_TASK_PROJECT": task.project,
        "FLYTE_INTERNAL_TASK_DOMAIN": task.domain,
        "FLYTE_INTERNAL_TASK_NAME": task.name,
        "FLYTE_INTERNAL_TASK_VERSION": task.version,
        "FLYTE_ATTEMPT_NUMBER": str(id.retry_attempt),
    }
    if item >= 0:
        variables |= {"BATCH_JOB_ARRAY_INDEX_VAR_NAME": ITEM_VARIABLE, ITEM_VARIABLE: str(item)}
    return variables
