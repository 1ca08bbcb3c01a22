"""Calls that clients make to look closer: metrics, dynamic graphs, descriptions, names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.integration.flytekit.conftest import Pyflyte
from tests.integration.platform import RunningPlatform

BASICS = "flows/basics.py"
LOOKING = """
import json, sys
from flyteidl.admin import common_pb2, description_entity_pb2, node_execution_pb2, task_execution_pb2
from flytekit.configuration import Config
from flytekit.models.core.identifier import Identifier, ResourceType
from flytekit.remote import FlyteRemote

remote = FlyteRemote(Config.auto(), "flytesnacks", "development")
stub = remote.client._stub
execution = remote.fetch_execution(name="looked-at")
nodes = stub.ListNodeExecutions(
    node_execution_pb2.NodeExecutionListRequest(workflow_execution_id=execution.id.to_flyte_idl(), limit=100)
).node_executions
dynamic = next(node for node in nodes if node.metadata.is_dynamic)
graph = stub.GetDynamicNodeWorkflow(node_execution_pb2.GetDynamicNodeWorkflowRequest(id=dynamic.id))
attempt = stub.ListTaskExecutions(
    task_execution_pb2.TaskExecutionListRequest(node_execution_id=dynamic.id, limit=10)
).task_executions[0]
children = stub.ListNodeExecutionsForTask(
    node_execution_pb2.NodeExecutionForTaskListRequest(task_execution_id=attempt.id, limit=100)
).node_executions
remote.client.update_named_entity(
    ResourceType.WORKFLOW,
    __import__("flytekit.models.common").models.common.NamedEntityIdentifier(
        "flytesnacks", "development", "flows.basics.dynamic_sum"
    ),
    __import__("flytekit.models.named_entity").models.named_entity.NamedEntityMetadata("sums", 1),
)
names = stub.ListNamedEntities(common_pb2.NamedEntityListRequest(
    resource_type=2, project="flytesnacks", domain="development", limit=100, filters="eq(state,1)"
)).entities
print(json.dumps({
    "graph": len(graph.compiled_workflow.primary.template.nodes) - 2,
    "children": len(children),
    "archived": [[entity.id.name, entity.metadata.description] for entity in names],
}))
"""


@pytest.fixture
def pyflyte(flytekit_bin: Path, platform: RunningPlatform, tmp_path: Path) -> Pyflyte:
    return Pyflyte(flytekit_bin, tmp_path, platform.grpc)


def test_a_dynamic_run_seen_closely(pyflyte: Pyflyte) -> None:
    pyflyte("run", "--remote", "--wait", "--poll-interval", "1", "--name", "looked-at", BASICS, "dynamic_sum")
    seen = json.loads(pyflyte.python(LOOKING).splitlines()[-1])
    assert seen == {"graph": 4, "children": 4, "archived": [["flows.basics.dynamic_sum", "sums"]]}
    explained = pyflyte("metrics", "explain", "looked-at")
    assert explained.count("TASK_RUNTIME") == 6
    dumped = pyflyte("metrics", "dump", "looked-at")
    assert "TASK_RUNTIME" in dumped
    assert "n0-0-dn0" in dumped
