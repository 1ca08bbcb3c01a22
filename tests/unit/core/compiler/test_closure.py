"""What a compiled workflow looks like, and what compiles."""

import pytest
from flyteidl.core import compiler_pb2, identifier_pb2, interface_pb2, literals_pb2, types_pb2, workflow_pb2
from tests.graphs import (
    INT,
    binding,
    branch_node,
    comparison,
    identifier,
    interface,
    list_of,
    map_node,
    optional,
    sub_workflow_node,
    task,
    task_node,
    workflow,
)
from tests.unit.core.compiler.defects import LISTS, T, bound, gate, items
from tests.unit.core.literals.values import STR, STRUCT, dataclass, tagged, union

from alula.core.compiler import CompileErrors, ReferencedLaunchPlan, compile_workflow

BIG, SMALL = task_node("big", T, x="n0.o0"), task_node("small", T, x=1)


def edges(connections: compiler_pb2.ConnectionSet) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    return (
        {node: list(ids.ids) for node, ids in connections.upstream.items()},
        {node: list(ids.ids) for node, ids in connections.downstream.items()},
    )


def of(*nodes: workflow_pb2.Node, **outputs: tuple[types_pb2.LiteralType, str]) -> compiler_pb2.CompiledWorkflow:
    return compile_workflow(workflow("w", nodes, outputs=outputs), [], [T, LISTS]).primary


def test_start_and_end_come_first_and_connections_go_both_ways() -> None:
    compiled = of(task_node("n0", T, x=".x"), task_node("n1", T, x="n0.o0"), o0=(INT, "n1.o0"))
    assert [node.id for node in compiled.template.nodes] == ["start-node", "end-node", "n0", "n1"]
    upstream, downstream = edges(compiled.connections)
    assert upstream == {"n0": ["start-node"], "n1": ["n0"], "end-node": ["n1"]}
    assert downstream == {"start-node": ["n0"], "n0": ["n1"], "n1": ["end-node"]}


def test_loose_ends_are_tied_to_start_and_end() -> None:
    compiled = of(task_node("n0", T, x=1), task_node("n1", T, x=2), o0=(INT, "n1.o0"))
    upstream, downstream = edges(compiled.connections)
    assert upstream["end-node"] == ["n0", "n1"]
    assert downstream["start-node"] == ["n0", "n1"]


def test_the_end_node_holds_the_outputs_and_workflow_inputs_come_from_the_start_node() -> None:
    compiled = of(task_node("n0", T, x=".x"), o0=(INT, "n0.o0"))
    assert list(compiled.template.nodes[1].inputs) == list(compiled.template.outputs)
    assert compiled.template.nodes[2].inputs[0].binding.promise.node_id == "start-node"


def test_an_output_may_be_an_input() -> None:
    compiled = of(task_node("n0", T, x=1), o0=(INT, ".x"))
    assert edges(compiled.connections)[0]["end-node"] == ["n0", "start-node"]


def test_the_template_given_is_left_as_it_is() -> None:
    template = workflow("w", [task_node("n0", T, x=".x")])
    before = template.SerializeToString(deterministic=True)
    compile_workflow(template, [], [T])
    assert template.SerializeToString(deterministic=True) == before


def test_ordering_edges_count_and_repeat_nothing() -> None:
    compiled = of(task_node("n0", T, x=1), task_node("n1", T, x="n0.o0", after=["n0", "n0"]))
    assert edges(compiled.connections)[0]["n1"] == ["n0"]


def test_nodes_inside_a_branch_get_its_id_before_theirs() -> None:
    branch = branch_node("n1", [(comparison("v", "GT", 1), BIG)], otherwise=SMALL, v=".x")
    compiled = of(task_node("n0", T, x=1), branch, task_node("n2", T, x="n1.o0"), o0=(INT, "n2.o0"))
    assert [node.id for node in compiled.template.nodes] == ["start-node", "end-node", "n0", "n1", "n2"]
    if_else = compiled.template.nodes[3].branch_node.if_else
    assert (if_else.case.then_node.id, if_else.else_node.id) == ("n1-big", "n1-small")


def test_nodes_inside_a_branch_have_only_what_they_wait_for() -> None:
    branch = branch_node("n1", [(comparison("v", "GT", 1), BIG)], otherwise=SMALL, v=".x")
    compiled = of(task_node("n0", T, x=1), branch, task_node("n2", T, x="n1.o0"), o0=(INT, "n2.o0"))
    upstream, downstream = edges(compiled.connections)
    assert upstream == {
        "n0": ["start-node"],
        "n1": ["start-node"],
        "n1-big": ["n0"],
        "n2": ["n1"],
        "end-node": ["n0", "n2"],
    }
    assert downstream == {"start-node": ["n0", "n1"], "n0": ["end-node"], "n1": ["n2"], "n2": ["end-node"]}


def test_a_node_whose_id_begins_like_its_branch_is_renamed_too() -> None:
    named = task_node("n1-a", T, x=1)
    compiled = of(branch_node("n1", [(comparison("v", "GT", 1), named)], error="no", v=".x"), task_node("n1-a", T, x=2))
    assert compiled.template.nodes[2].branch_node.if_else.case.then_node.id == "n1-n1-a"


def test_a_branch_that_nobody_reads_is_still_waited_for() -> None:
    branch = branch_node("n1", [(comparison("v", "GT", 1), SMALL)], error="no", v=".x")
    assert edges(of(branch).connections)[0]["end-node"] == ["n1"]


def test_branches_inside_branches() -> None:
    inner = branch_node("deep", [(comparison("w", "EQ", 1), BIG)], error="no", w=".x")
    compiled = of(task_node("n0", T, x=1), branch_node("n1", [(comparison("v", "GT", 1), inner)], error="no", v=".x"))
    deep = compiled.template.nodes[3].branch_node.if_else.case.then_node
    assert (deep.id, deep.branch_node.if_else.case.then_node.id) == ("n1-deep", "n1-deep-big")
    upstream, _ = edges(compiled.connections)
    assert (upstream["n1-deep-big"], upstream["n1-deep"]) == (["n0"], ["n0", "start-node"])


def test_a_branch_gives_what_all_its_cases_give() -> None:
    two = task("two", outputs={"o0": INT, "more": INT})
    branch = branch_node("n0", [(comparison("v", "GT", 1), task_node("a", two, x=1))], otherwise=SMALL, v=".x")
    template = workflow("w", [branch], outputs={"o0": (INT, "n0.o0")})
    compile_workflow(template, [], [T, two])
    with pytest.raises(CompileErrors, match="node `n0` has no output `more`"):
        compile_workflow(workflow("w", [branch], outputs={"o0": (INT, "n0.more")}), [], [T, two])


@pytest.mark.parametrize("kind", [optional(INT), tagged(INT, "int"), union(INT, STR)])
def test_conditions_compare_what_may_be_equal(kind: types_pb2.LiteralType) -> None:
    template = workflow("w", [branch_node("n0", [(comparison("v", "EQ", 1), SMALL)], error="no", v=".x")])
    template.interface.CopyFrom(interface({"x": kind}, {}))
    compile_workflow(template, [], [T])


def test_conditions_ask_whether_there_is_anything() -> None:
    is_none = comparison("v", "EQ", 1)
    is_none.comparison.right_value.scalar.none_type.SetInParent()
    template = workflow("w", [branch_node("n0", [(is_none, SMALL)], error="no", v=".x")])
    template.interface.CopyFrom(interface({"x": optional(INT)}, {}))
    compile_workflow(template, [], [T])


def test_an_approval_gives_what_goes_into_it() -> None:
    approve = gate(approve=workflow_pb2.ApproveCondition(signal_id="ok"))
    approve.inputs.append(binding("value", ".x"))
    of(approve, task_node("n1", T, x="n0.value"))


def test_a_signal_gives_its_value_and_a_sleep_nothing() -> None:
    signal = workflow_pb2.SignalCondition(signal_id="s", type=INT, output_variable_name="o0")
    of(gate(signal=signal), task_node("n1", T, x="n0.o0"))
    sleep = workflow_pb2.SleepCondition()
    sleep.duration.seconds = 1
    of(gate(sleep=sleep), task_node("n1", T, x=1, after=["n0"]))


def test_a_long_chain_of_approvals_compiles() -> None:
    nodes = []
    for number in range(3000):
        node = gate(approve=workflow_pb2.ApproveCondition(signal_id="ok"))
        node.id = f"n{number}"
        node.inputs.append(binding("v", f"n{number - 1}.v" if number else ".x"))
        nodes.append(node)
    of(*nodes, o0=(INT, "n2999.v"))


def test_a_map_task_has_the_lists_in_its_interface() -> None:
    node = map_node("n0", LISTS, concurrency=2)
    node.inputs.append(bound("xs", items(1, ".x")))
    of(node, o0=(list_of(INT), "n0.o0"))


@pytest.mark.parametrize(("ratio", "item"), [(1.0, INT), (0.5, optional(INT))])
def test_an_array_over_one_item_is_wrapped_in_lists(ratio: float, item: types_pb2.LiteralType) -> None:
    two = task("two", inputs={"x": INT, "y": STR})
    node = map_node("n0", two, bound=["y"], min_success_ratio=ratio)
    node.array_node.is_original_sub_node_interface.value = True
    text = literals_pb2.BindingData(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(string_value="a")))
    node.inputs.extend([bound("x", items(1, 2)), bound("y", text)])
    compile_workflow(workflow("w", [node], outputs={"o0": (list_of(item), "n0.o0")}), [], [two])


def test_an_array_over_a_sub_workflow_takes_it_along() -> None:
    inner = workflow("inner", [task_node("n0", T, x=".x")], outputs={"o0": (INT, "n0.o0")})
    node = workflow_pb2.Node(id="n0", array_node=workflow_pb2.ArrayNode(node=sub_workflow_node("i", inner)))
    node.array_node.is_original_sub_node_interface.value = True
    node.inputs.append(bound("x", items(1, 2)))
    closure = compile_workflow(workflow("w", [node]), [inner], [T])
    assert [one.template.id.name for one in closure.sub_workflows] == ["inner"]


def test_the_failure_node_stands_apart() -> None:
    cleanup = task("cleanup", inputs={"x": INT, "err": optional(STRUCT)})
    template = workflow("w", [task_node("n0", T, x=1)])
    template.failure_node.CopyFrom(task_node("fn0", cleanup, x=".x"))
    closure = compile_workflow(template, [], [T, cleanup])
    assert [node.id for node in closure.primary.template.nodes] == ["start-node", "end-node", "n0"]
    assert closure.primary.template.failure_node.inputs[0].binding.promise.node_id == "start-node"
    upstream, downstream = edges(closure.primary.connections)
    assert upstream["fn0"] == ["start-node"]
    assert downstream == {"start-node": ["n0"], "n0": ["end-node"]}
    assert {one.template.id.name for one in closure.tasks} == {"t", "cleanup"}


def test_optional_inputs_may_be_left_out() -> None:
    free = task("free", inputs={"x": optional(INT)})
    compile_workflow(workflow("w", [task_node("n0", free)]), [], [free])


def test_tags_choose_between_variants() -> None:
    one_of = task("one_of", inputs={"v": union(tagged(STR, "a"), tagged(STR, "b"))})
    source = task("source", outputs={"o0": tagged(STR, "b")})
    node = task_node("n1", one_of, v="n0.o0")
    compile_workflow(workflow("w", [task_node("n0", source, x=1), node]), [], [one_of, source])


def test_an_attribute_path_is_followed_into_types_and_left_alone_where_there_are_none() -> None:
    config = dataclass("Config", {"lr": "integer"})
    config.structure.dataclass_type["lr"].CopyFrom(INT)
    for kind in (config, STRUCT, optional(config)):
        source = task("source", outputs={"o0": list_of(kind)})
        data = binding("", "n0.o0").binding
        data.promise.attr_path.add(int_value=0)
        data.promise.attr_path.add(string_value="lr")
        node = task_node("n1", T)
        node.inputs.append(bound("x", data))
        compile_workflow(workflow("w", [task_node("n0", source, x=1), node]), [], [T, source])


def test_old_index_notation_becomes_an_attribute_path() -> None:
    lists = task_node("n0", LISTS)
    lists.inputs.append(bound("xs", items(1)))
    node = task_node("n1", T)
    data = literals_pb2.BindingData(promise=types_pb2.OutputReference(node_id="n0", var="[2].o0"))
    node.inputs.append(bound("x", data))
    promise = of(lists, node).template.nodes[3].inputs[0].binding.promise
    assert (promise.var, promise.attr_path[0].int_value) == ("o0", 2)


def test_an_alias_becomes_the_output_behind_it() -> None:
    node = task_node("n0", T, x=1)
    node.output_aliases.add(var="o0", alias="result")
    compiled = of(node, task_node("n1", T, x="n0.result"), o0=(INT, "n0.o0"))
    assert compiled.template.nodes[3].inputs[0].binding.promise.var == "o0"


def test_only_what_is_used_is_taken_along_in_the_order_given() -> None:
    inner = workflow("inner", [task_node("n0", T, x=".x")], outputs={"o0": (INT, "n0.o0")})
    middle = workflow("middle", [sub_workflow_node("n0", inner, x=".x")], outputs={"o0": (INT, "n0.o0")})
    nodes = [sub_workflow_node("n0", middle, x=".x"), sub_workflow_node("n1", inner, x="n0.o0")]
    unused = workflow("unused", [])
    closure = compile_workflow(workflow("w", nodes), [inner, unused, middle, inner], [task("unused"), T, T])
    assert [one.template.id.name for one in closure.sub_workflows] == ["inner", "middle"]
    assert [one.template.id.name for one in closure.tasks] == ["t"]
    assert all("start-node" in edges(one.connections)[1] for one in closure.sub_workflows)


def launch_plan(fixed: dict[str, literals_pb2.Literal] | None = None) -> workflow_pb2.LaunchPlanTemplate:
    return workflow_pb2.LaunchPlanTemplate(
        id=identifier(identifier_pb2.LAUNCH_PLAN, "lp"),
        interface=interface({"x": INT, "y": INT, "z": optional(INT)}, {"o0": INT}),
        fixed_inputs=literals_pb2.LiteralMap(literals=fixed or {}),
    )


def launch_plan_node(**inputs: int | str) -> workflow_pb2.Node:
    reference = workflow_pb2.WorkflowNode(launchplan_ref=identifier(identifier_pb2.LAUNCH_PLAN, "lp"))
    return workflow_pb2.Node(
        id="n0", workflow_node=reference, inputs=[binding(var, source) for var, source in inputs.items()]
    )


def test_a_launch_plan_node_needs_what_has_no_default() -> None:
    plan = launch_plan()
    expected = interface_pb2.ParameterMap()
    for name in "xyz":
        expected.parameters[name].var.CopyFrom(plan.interface.inputs.variables[name])
        expected.parameters[name].required = True
    expected.parameters["y"].default.scalar.primitive.integer = 7
    template = workflow("w", [launch_plan_node(x=1), task_node("n1", T, x="n0.o0")])
    closure = compile_workflow(template, [], [T], [ReferencedLaunchPlan(plan, expected)])
    assert [one.template.id.name for one in closure.launch_plans] == ["lp"]
    with pytest.raises(CompileErrors, match="`y` of type int is not bound"):
        compile_workflow(template, [], [T], [plan])


def test_a_fixed_input_of_a_launch_plan_can_not_be_bound() -> None:
    fixed = literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=1)))
    with pytest.raises(CompileErrors, match="`x` is bound, but is not an input"):
        compile_workflow(workflow("w", [launch_plan_node(x=1, y=2)]), [], [], [launch_plan({"x": fixed})])


def test_a_compiled_template_compiles_to_itself() -> None:
    branch = branch_node("n1", [(comparison("v", "GT", 1), BIG)], otherwise=SMALL, v=".x")
    closure = compile_workflow(workflow("w", [task_node("n0", T, x=1), branch]), [], [T])
    assert compile_workflow(closure.primary.template, [], closure.tasks) == closure


def test_all_errors_come_at_once_in_order_with_their_paths() -> None:
    inner = workflow("inner", [task_node("n0", T, x=".nope")])
    nodes = [
        task_node("n0", task("nobody"), x=1),
        sub_workflow_node("n1", inner, x=".x"),
        task_node("n2", T),
        task_node("n3", T, x="n9.o0"),
    ]
    with pytest.raises(CompileErrors) as caught:
        compile_workflow(workflow("w", nodes, outputs={"o0": (STR, "n2.o0")}), [inner], [T])
    found = [(error.path, error.code.value) for error in caught.value.errors]
    assert found == [
        ("n0", "TaskReferenceNotFound"),
        ("n2", "ParameterNotBound"),
        ("n3", "NodeReferenceNotFound"),
        ("end-node", "MismatchingTypes"),
        ("n1/n0", "VariableNameNotFound"),
    ]
    assert str(caught.value).startswith("workflow `p/d/w@v` has 5 errors:\n  n0: TaskReferenceNotFound: ")


def test_an_unknown_source_is_reported_once_and_not_by_those_that_read_it() -> None:
    nodes = [task_node("n0", task("nobody"), x=1), task_node("n1", T, x="n0.o0"), task_node("n2", T, x="n1.o0")]
    with pytest.raises(CompileErrors) as caught:
        compile_workflow(workflow("w", nodes), [], [T])
    assert [error.path for error in caught.value.errors] == ["n0"]


def test_a_cycle_is_told_in_the_order_of_its_nodes() -> None:
    nodes = [task_node("a", T, x="c.o0"), task_node("b", T, x="a.o0"), task_node("c", T, x="b.o0")]
    with pytest.raises(CompileErrors, match=r"a > b > c > a|b > c > a > b|c > a > b > c"):
        compile_workflow(workflow("w", [*nodes, task_node("d", T, x=1)]), [], [T])


def test_compiling_is_linear() -> None:
    """A wide and a deep graph of 20,000 nodes: a quadratic pass would take minutes."""
    deep = [task_node(f"n{i}", T, x=f"n{i - 1}.o0" if i else ".x") for i in range(10_000)]
    wide = [task_node(f"w{i}", T, x=".x") for i in range(10_000)]
    compiled = of(*deep, *wide)
    assert len(edges(compiled.connections)[0]["end-node"]) == 10_001


def test_deep_lists_for_deep_unions_are_checked_in_no_more_steps_than_they_have_parts() -> None:
    kind, data = INT, binding("", 1).binding
    for _ in range(20):
        kind = union(list_of(kind), STR)
        data = literals_pb2.BindingData(collection=literals_pb2.BindingDataCollection(bindings=[data]))
    deep = task("deep", inputs={"v": kind})
    node = task_node("n0", deep)
    node.inputs.append(bound("v", data))
    compile_workflow(workflow("w", [node]), [], [deep])
