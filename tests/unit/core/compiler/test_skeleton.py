"""The workflow in which a single task runs."""

import pytest
from flyteidl.core import identifier_pb2
from tests.graphs import INT, list_of, task

from alula.core.compiler import compile_workflow
from alula.core.compiler.skeleton import is_skeleton_name, skeleton_node_id, skeleton_workflow


def test_a_skeleton_passes_inputs_and_outputs_through_and_compiles() -> None:
    template = task("app.flows.train", inputs={"a": INT, "b": INT}, outputs={"o0": INT, "o1": INT})
    skeleton = skeleton_workflow(template)
    assert skeleton.id.name == ".flytegen.app.flows.train"
    assert (skeleton.id.version, skeleton.id.resource_type) == ("v", identifier_pb2.WORKFLOW)
    assert is_skeleton_name(skeleton.id.name) and not is_skeleton_name(template.id.name)
    compiled = compile_workflow(skeleton, [], [template]).primary.template
    assert compiled.interface == template.interface
    assert [node.id for node in compiled.nodes] == ["start-node", "end-node", "appflowstrain"]
    assert [(one.var, one.binding.promise.node_id) for one in compiled.nodes[2].inputs] == [
        ("a", "start-node"),
        ("b", "start-node"),
    ]
    assert [one.binding.promise.node_id for one in compiled.outputs] == ["appflowstrain"] * 2


def test_the_id_of_the_node_is_the_end_of_the_tasks_name() -> None:
    assert skeleton_node_id("foo@`!=+- 1,2$3(4)5") == "foo-12345"
    long = "app.long.path.name.to.a.defined.task.somewhere.in.code.very.very.nested.crazy"
    assert skeleton_node_id(long) == "nametoadefinedtasksomewhereincodeveryverynestedcrazy"
    assert skeleton_node_id("...") == "task"


@pytest.mark.parametrize(
    ("arguments", "bound"),
    [
        (["alula-execute", "--inputs", "x", "task-name", "f", "map-bound", "k"], ["k"]),
        (["alula-execute", "--inputs", "x", "task-name", "f", "map-bound", ""], []),
        (["pyflyte-map-execute", "--resolver", "R", "--", "vars", "a,b", "resolver", "S"], ["a", "b"]),
    ],
    ids=str,
)
def test_a_map_task_by_itself_is_an_array(arguments: list[str], bound: list[str]) -> None:
    template = task("f", inputs={"i": list_of(INT), "k": INT}, outputs={"o0": list_of(INT)})
    template.container.args.extend(arguments)
    (node,) = skeleton_workflow(template).nodes
    assert node.array_node.node.task_node.reference_id == template.id
    assert list(node.array_node.bound_inputs) == bound
