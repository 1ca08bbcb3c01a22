"""Conditionals, gates, failure handlers and dynamic tasks are written as flytekit writes them."""

import json
import sys
from pathlib import Path

import pytest
from flyteidl.admin.task_pb2 import TaskSpec
from flyteidl.admin.workflow_pb2 import WorkflowSpec
from flyteidl.core.dynamic_job_pb2 import DynamicJobSpec
from flyteidl.core.literals_pb2 import Literal, LiteralMap, Primitive, Scalar
from google.protobuf import text_format
from tests import modules
from tests.messages import copied

from alula.sdk.runtime.expanding import Expanded, expand
from alula.sdk.serialize import SerializationSettings, serialize
from alula.sdk.task_context.context import make_context

WIRE = Path(__file__).parent / "wire"
GOLDENS = json.loads((WIRE / "goldens.json").read_text())
SETTINGS = SerializationSettings(project="p", domain="d", version="v", image="image:1", environment={"E": "1"})
WORKFLOWS = [name.partition(" ")[2] for name in GOLDENS["constructs"] if name.startswith("workflow ")]


@pytest.fixture(scope="module")
def constructs():
    yield modules.load("constructs", WIRE / "constructs.py")
    del sys.modules["constructs"]


def sorted_nodes(nodes):
    """flytekit keeps the nodes that a node waits for in a set."""
    for node in nodes:
        node.upstream_node_ids.sort()
        block = node.branch_node.if_else if node.HasField("branch_node") else None
        if block is not None:
            sorted_nodes([each.then_node for each in (block.case, *block.other)])
            sorted_nodes([block.else_node] if block.HasField("else_node") else [])


def text(spec):
    for template in (spec.template, *spec.sub_workflows):
        sorted_nodes(template.nodes)
    return text_format.MessageToString(spec)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_is_written_as_flytekit_writes_it(name, constructs):
    golden = WorkflowSpec.FromString(bytes.fromhex(GOLDENS["constructs"][f"workflow {name}"]))
    entity = getattr(constructs, name.rpartition(".")[2])
    assert text(serialize(entity, settings=SETTINGS).workflows[name]) == text(golden)


def test_a_dynamic_task_is_written_as_flytekit_writes_it_but_for_what_it_is_told(constructs):
    golden = TaskSpec.FromString(bytes.fromhex(GOLDENS["constructs"]["task constructs.grow"]))
    ours = serialize(constructs.grow, settings=SETTINGS).tasks["constructs.grow"]
    assert [pair.key for pair in golden.template.container.env] == ["E", "_F_SS_C"]
    assert [pair.key for pair in ours.template.container.env] == ["E", "ALULA_SERIALIZATION"]
    assert comparable(ours.template) == comparable(golden.template)


def comparable(template):
    copy = copied(template)
    for own in ("args", "env"):
        copy.container.ClearField(own)
    copy.metadata.ClearField("runtime")
    copy.metadata.ClearField("metadata")
    return text_format.MessageToString(copy)


def test_a_graph_is_written_as_flytekit_writes_it(constructs, tmp_path):
    golden = DynamicJobSpec.FromString(bytes.fromhex(GOLDENS["graph"]))
    context = make_context(
        execution_id=("p", "d", "e"),
        task_id=("p", "d", "constructs.grow", "v"),
        attempt=0,
        working_directory=str(tmp_path),
        raw_output_prefix=str(tmp_path),
    )
    inputs = LiteralMap(literals={"n": Literal(scalar=Scalar(primitive=Primitive(integer=2)))})
    expanded = expand(constructs.grow, inputs.literals, context, SETTINGS)
    assert isinstance(expanded, Expanded)
    job = expanded.job
    assert {task.id.name: comparable(task) for task in job.tasks} == {
        task.id.name: comparable(task) for task in golden.tasks
    }
    assert [each.id.name for each in job.subworkflows] == [each.id.name for each in golden.subworkflows]
    for each in (job, golden):
        sorted_nodes(each.nodes)
        each.ClearField("tasks")
        each.ClearField("subworkflows")  # flytekit gives the nodes inside the prefix of the graph, too
    assert text_format.MessageToString(job) == text_format.MessageToString(golden)
