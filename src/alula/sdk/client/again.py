"""Starting a run again: as it was (relaunch), without what succeeded (recover), or from any node on, with changes
(fork)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

import msgspec
from flyteidl.admin import common_pb2, execution_pb2
from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2, workflow_pb2
from google.protobuf import json_format

from alula.core.errors import Unavailable
from alula.core.ids import ExecutionId
from alula.sdk.authoring.resources import Resources
from alula.sdk.client import http
from alula.sdk.client.connection import Connection
from alula.sdk.client.rpcs import (
    GET_EXECUTION,
    GET_LAUNCH_PLAN,
    GET_TASK,
    GET_WORKFLOW,
    RECOVER_EXECUTION,
    RELAUNCH_EXECUTION,
)
from alula.sdk.client.run_view import from_execution_id, to_execution_id


class Changes(msgspec.Struct, frozen=True):
    """The differences of a fork from the run that it is made from."""

    nodes: Sequence[str] = ()
    """Ids of nodes that run again, with all that comes after them."""
    inputs: Mapping[str, literals_pb2.Literal] = {}
    version: str = ""
    """Another version of the launched entity."""
    requests: Resources | None = None
    """Resources of the tasks in `nodes`."""
    limits: Resources | None = None
    container_image: str = ""
    """Image of the tasks in `nodes`."""
    name: str = ""
    """Of the new run; empty: the platform makes one."""


def relaunch(
    connection: Connection, source: ExecutionId, *, name: str = "", overwrite_cache: bool = False
) -> ExecutionId:
    """Start the same with the same inputs."""
    request = execution_pb2.ExecutionRelaunchRequest(
        id=to_execution_id(source), name=name, overwrite_cache=overwrite_cache
    )
    return from_execution_id(connection.call(RELAUNCH_EXECUTION, request).id)


def recover(connection: Connection, source: ExecutionId, *, name: str = "") -> ExecutionId:
    """Start the same without doing again what succeeded. Raises `FailedPrecondition` for a run that has not ended."""
    request = execution_pb2.ExecutionRecoverRequest(id=to_execution_id(source), name=name)
    return from_execution_id(connection.call(RECOVER_EXECUTION, request).id)


def fork(connection: Connection, source: ExecutionId, changes: Changes) -> ExecutionId:
    """Start a run that goes on from nodes of another, with changes.

    Raises `NotFound` for nodes that it does not have, `InvalidInput` for inputs that do not fit.
    """
    base = connection.http_endpoint()
    if not base:
        raise Unavailable("ForkNotOffered", "this platform does not offer to fork runs", fix="relaunch it")
    inputs = literals_pb2.LiteralMap(literals=changes.inputs)
    body = {
        "nodes": list(changes.nodes),
        "inputs": json_format.MessageToDict(inputs).get("literals", {}),
        "version": changes.version,
        "overrides": json_format.MessageToDict(_overrides(changes)),
        "name": changes.name,
    }
    path = "/".join(quote(part, safe="") for part in source)
    answer = http.post(f"{base}/api/v1/alula/fork/{path}", msgspec.json.encode(body))
    return msgspec.convert(msgspec.json.decode(answer), _Id).id


def input_variables(
    connection: Connection, source: ExecutionId, *, version: str = ""
) -> Mapping[str, interface_pb2.Variable]:
    """The inputs of the entity that a run runs, or of another version of it."""
    request = execution_pb2.WorkflowExecutionGetRequest(id=to_execution_id(source))
    launched = connection.call(GET_EXECUTION, request).spec.launch_plan
    if version:
        launched.version = version
    get = common_pb2.ObjectGetRequest(id=launched)
    if launched.resource_type == identifier_pb2.TASK:
        return connection.call(GET_TASK, get).closure.compiled_task.template.interface.inputs.variables
    workflow = common_pb2.ObjectGetRequest(id=connection.call(GET_LAUNCH_PLAN, get).spec.workflow_id)
    template = connection.call(GET_WORKFLOW, workflow).closure.compiled_workflow.primary.template
    return template.interface.inputs.variables


class _Id(msgspec.Struct, frozen=True):
    project: str
    domain: str
    name: str

    @property
    def id(self) -> ExecutionId:
        return ExecutionId(self.project, self.domain, self.name)


def _overrides(changes: Changes) -> workflow_pb2.TaskNodeOverrides:
    from alula.sdk.serialize.nodes import resources_message  # lazy: brings all that can be serialized

    overrides = workflow_pb2.TaskNodeOverrides(container_image=changes.container_image)
    if changes.requests is not None or changes.limits is not None:
        overrides.resources.CopyFrom(resources_message(changes.requests, changes.limits))
    return overrides
