"""Large values are put aside; who has to look into one waits until it is loaded."""

from __future__ import annotations

from flyteidl.core import literals_pb2, types_pb2, workflow_pb2
from tests.graphs import (
    INT,
    branch_node,
    comparison,
    compiled,
    integer,
    integers,
    list_of,
    map_node,
    map_workflow_node,
    sub_workflow_node,
    task,
    task_node,
    workflow,
)
from tests.unit.core.engine.driver import Driver

from alula.core.engine.actions import LoadValue
from alula.core.engine.events import ValueLoaded
from alula.core.engine.records import ExecutionPhase, NodePhase
from alula.core.engine.step import accepts, outstanding
from alula.core.errors import TaskError
from alula.core.literals.offloading import OffloadRule, is_offloaded, put_aside

RULE = OffloadRule("mem://values", 60)
NUMBERS = integers(range(20))
SPREAD = task("spread", outputs={"o0": list_of(INT)})
SUM = task("sum", inputs={"xs": list_of(INT)})
T = task("t")
PARTS = task("parts", inputs={"d": types_pb2.LiteralType(map_value_type=INT)}, outputs={})
ITEM = task("item", inputs={"x": list_of(INT)}, outputs={"o0": list_of(INT)})


def part(id: str, *path: int) -> workflow_pb2.Node:
    """A node that takes one number out of the list that `n0` gives."""
    node = task_node(id, T, x="n0.o0")
    for step in path:
        node.inputs[0].binding.promise.attr_path.add(int_value=step)
    return node


def driver(*nodes: workflow_pb2.Node, offload: OffloadRule | None = RULE) -> Driver:
    return Driver(compiled(workflow("w", nodes), [SPREAD, SUM, T, ITEM]), offload=offload, x=integer(1))


def spread(run: Driver) -> None:
    """`n0` gives its list, put aside as the shell does."""
    uri = "mem://values/numbers"
    run.objects[uri] = NUMBERS
    reference = literals_pb2.LiteralOffloadedMetadata(uri=uri, size_bytes=NUMBERS.ByteSize())
    reference.inferred_type.CopyFrom(list_of(INT))
    run.succeed("n0", o0=literals_pb2.Literal(offloaded_metadata=reference, hash="h"))


def test_a_reference_is_handed_on_as_it_is() -> None:
    run = driver(task_node("n0", SPREAD, x=".x"), task_node("n1", SUM, xs="n0.o0"))
    spread(run)
    assert run.inputs_of("n1")["xs"].offloaded_metadata.uri == "mem://values/numbers"
    assert run.loads == []


def test_a_path_waits_for_the_value() -> None:
    run = driver(task_node("n0", SPREAD, x=".x"), part("n1", 7))
    spread(run)
    assert run.loads == ["mem://values/numbers"]
    assert "n1" not in run.nodes
    assert run.codes("n1") == ["WaitsForValue"]
    assert list(outstanding(run.state)) == [LoadValue("mem://values/numbers")]
    run.assert_replays()
    run.load()
    assert run.inputs_of("n1") == {"x": integer(7)}
    run.assert_replays()


def test_many_that_wait_for_one_value_ask_once() -> None:
    run = driver(task_node("n0", SPREAD, x=".x"), part("n1", 1), part("n2", 2))
    spread(run)
    assert run.loads == ["mem://values/numbers"]
    run.load()
    assert [run.inputs_of(id)["x"] for id in ("n1", "n2")] == [integer(1), integer(2)]
    assert run.state.loaded == {}


def test_a_value_that_has_arrived_counts_from_its_event_on() -> None:
    late = part("n3", 2)
    late.upstream_node_ids.append("n2")
    run = driver(task_node("n0", SPREAD, x=".x"), part("n1", 1), task_node("n2", T, x=".x"), late)
    spread(run)
    run.state.arrived["mem://values/numbers"] = run.objects["mem://values/numbers"]
    run.succeed("n2", o0=integer(1))
    assert "n3" not in run.nodes, "a replay could not have begun it here"
    run.assert_replays()
    run.load()
    assert [run.inputs_of(id)["x"] for id in ("n1", "n3")] == [integer(1), integer(2)]
    run.assert_replays()


def test_a_value_that_cannot_be_had_fails_who_looks_into_it_and_only_them() -> None:
    run = driver(task_node("n0", SPREAD, x=".x"), part("n1", 1), task_node("n2", SUM, xs="n0.o0"))
    spread(run)
    run.load(error=TaskError("ValueNotFound", "the value is gone", "SYSTEM"))
    assert run.phase("n1") is NodePhase.FAILED
    assert run.result is not None and run.result.error is not None
    assert (run.result.error.code, run.result.error.node_id) == ("ValueNotFound", "n1")
    assert run.phase("n2") is NodePhase.ABORTED


def test_an_abort_while_a_value_is_loaded_ends_it() -> None:
    run = driver(task_node("n0", SPREAD, x=".x"), part("n1", 1))
    spread(run)
    run.abort()
    assert run.state.phase is ExecutionPhase.ABORTED
    late = ValueLoaded(run.now, "mem://values/numbers")
    assert not accepts(run.state, late)
    run.assert_replays()


def test_a_path_that_leads_nowhere_says_so_once_the_value_is_there() -> None:
    run = driver(task_node("n0", SPREAD, x=".x"), part("n1", 99))
    spread(run)
    run.load()
    assert run.phase("n1") is NodePhase.FAILED
    assert run.result is not None and run.result.error is not None
    assert run.result.error.code == "BindingResolutionFailure"


def test_an_array_waits_for_its_lists_and_its_items_take_theirs() -> None:
    run = driver(task_node("n0", SPREAD, x=".x"), map_node("n1", ITEM, x="n0.o0"))
    spread(run)
    assert run.loads == ["mem://values/numbers"]
    run.load()
    assert len([name for name in run.waiting if name.startswith("n1[")]) == 20
    run.assert_replays()


def test_results_of_items_that_are_large_together_are_put_aside() -> None:
    run = driver(task_node("n0", SPREAD, x=".x"), map_node("n1", ITEM, x="n0.o0"), task_node("n2", SUM, xs="n1.o0"))
    run.succeed("n0", o0=integers([3, 4]))
    assert run.loads == []
    for index in range(2):
        run.succeed(f"n1[{index}]", o0=integers([index] * 5))
    (given,) = run.inputs_of("n2").values()
    assert is_offloaded(given)
    assert run.objects[given.offloaded_metadata.uri].collection.literals[1] == integers([1] * 5)
    run.assert_replays()


def test_a_large_list_that_a_binding_makes_is_put_aside_and_mapped_at_once() -> None:
    array = map_node("n1", ITEM, x=0)
    for inputs in (array.inputs, array.array_node.node.inputs):
        bindings = [literals_pb2.BindingData(promise=types_pb2.OutputReference(node_id="", var="x"))] * 20
        inputs[0].binding.collection.CopyFrom(literals_pb2.BindingDataCollection(bindings=bindings))
    run = driver(array)
    assert run.loads == []
    assert len(run.waiting) == 20
    assert is_offloaded(run.inputs_of("n1[0]")["x"])
    run.assert_replays()


def test_items_that_are_workflows_begin_with_their_own_part() -> None:
    inner = workflow("inner", [task_node("n0", T, x=".x")], outputs={"o0": (INT, "n0.o0")})
    array = map_workflow_node("n1", inner, x="n0.o0")
    template = workflow("w", [task_node("n0", SPREAD, x=".x"), array])
    run = Driver(compiled(template, [SPREAD, T], [inner]), offload=RULE, x=integer(1))
    spread(run)
    run.load()
    assert sorted(run.inputs_of(name)["x"].scalar.primitive.integer for name in run.waiting) == list(range(20))
    run.assert_replays()


def test_outputs_of_a_graph_wait_for_the_value_they_are_part_of() -> None:
    inner = workflow("inner", [task_node("n0", SPREAD, x=".x")], outputs={"o0": (INT, "n0.o0")})
    inner.outputs[0].binding.promise.attr_path.add(int_value=5)
    template = workflow("w", [sub_workflow_node("s", inner, x=".x")], outputs={"o0": (INT, "s.o0")})
    run = Driver(compiled(template, [SPREAD], [inner]), offload=RULE, x=integer(1))
    uri = "mem://values/numbers"
    run.objects[uri] = NUMBERS
    reference = literals_pb2.LiteralOffloadedMetadata(uri=uri, inferred_type=list_of(INT))
    run.succeed("s-0-n0", o0=literals_pb2.Literal(offloaded_metadata=reference))
    assert run.loads == [uri]
    run.assert_replays()
    run.load()
    assert run.outputs() == {"o0": integer(5)}


def test_outputs_of_a_graph_whose_value_is_gone_fail_it() -> None:
    template = workflow("w", [task_node("n0", SPREAD, x=".x")], outputs={"o0": (INT, "n0.o0")})
    template.outputs[0].binding.promise.attr_path.add(int_value=5)
    run = Driver(compiled(template, [SPREAD]), offload=RULE, x=integer(1))
    spread(run)
    run.load(error=TaskError("ValueNotFound", "the value is gone", "SYSTEM"))
    assert run.state.phase is ExecutionPhase.FAILED
    assert run.result is not None and run.result.error is not None
    assert run.result.error.code == "ValueNotFound"


def test_a_branch_waits_for_what_its_condition_compares() -> None:
    text = types_pb2.LiteralType(simple=types_pb2.STRING)
    write = task("write", outputs={"o0": text})
    cases = [(comparison("v", "EQ", 0), task_node("yes", T, x=1))]
    cases[0][0].comparison.right_value.primitive.string_value = "short"
    branch = branch_node("n1", cases, otherwise=task_node("no", T, x=2), v="n0.o0")
    run = Driver(
        compiled(workflow("w", [task_node("n0", write, x=".x"), branch]), [write, T]), offload=RULE, x=integer(1)
    )
    uri = "mem://values/text"
    run.objects[uri] = literals_pb2.Literal()
    run.objects[uri].scalar.primitive.string_value = "long" * 100
    reference = literals_pb2.LiteralOffloadedMetadata(uri=uri, inferred_type=text)
    run.succeed("n0", o0=literals_pb2.Literal(offloaded_metadata=reference))
    assert run.loads == [uri]
    run.load()
    assert [name for name in run.waiting if name.endswith("no")]
    run.assert_replays()


def test_without_a_rule_everything_stays_where_it_is() -> None:
    run = driver(task_node("n0", SPREAD, x=".x"), map_node("n1", ITEM, x="n0.o0"), offload=None)
    run.succeed("n0", o0=NUMBERS)
    for index in range(20):
        run.succeed(f"n1[{index}]", o0=NUMBERS)
    assert run.objects == {}


def test_another_execution_takes_over_what_was_put_aside() -> None:
    nodes = [task_node("n0", SPREAD, x=".x"), part("n1", 7), task_node("n2", T, x="n1.o0")]
    run = driver(*nodes)
    spread(run)
    run.load()
    run.succeed("n1", 5)
    run.fail("n2")
    template = workflow("w", nodes)
    again = run.recovered(compiled(template, [SPREAD, T]))
    again.objects.update(run.objects)
    assert again.loads == ["mem://values/numbers"]
    again.load()
    assert again.phase("n1") is NodePhase.RECOVERED
    assert again.inputs_of("n2") == {"x": integer(5)}
    again.assert_replays()


def test_values_are_asked_for_in_the_order_of_their_names_in_every_process() -> None:
    names = [f"x{number}" for number in range(8)]
    lists = {name: list_of(INT) for name in names}
    wide = task("wide", inputs=lists, outputs={"o0": list_of(INT)})
    given = literals_pb2.LiteralMap(literals={name: integers([*range(20), place]) for place, name in enumerate(names)})
    asides = put_aside(given, RULE)
    uris = [given.literals[name].offloaded_metadata.uri for name in names]
    mapped = map_node("n0", wide, given={name: f".{name}" for name in reversed(names)})
    parts = workflow_pb2.Node(id="n1", task_node=workflow_pb2.TaskNode(reference_id=PARTS.id))
    entries = parts.inputs.add(var="d").binding.map.bindings
    for name in reversed(names):
        entries[name].promise.var = name
        entries[name].promise.attr_path.add(int_value=0)
    for node in (mapped, parts):
        closure = compiled(workflow("w", [node], inputs=lists), [wide, PARTS])
        run = Driver(closure, offload=RULE, given=given.literals)
        run.objects.update({aside.uri: literals_pb2.Literal.FromString(aside.data) for aside in asides})
        asked: list[str] = []
        while run.loads:
            asked += run.loads
            run.load()
        assert asked == uris
        run.assert_replays()


def test_a_reference_in_a_binding_is_handed_on() -> None:
    node = workflow_pb2.Node(id="n0", task_node=workflow_pb2.TaskNode(reference_id=SUM.id))
    binding = node.inputs.add(var="xs").binding.offloaded_metadata
    binding.uri, binding.size_bytes = "mem://values/else", 10
    binding.inferred_type.CopyFrom(list_of(INT))
    assert driver(node).inputs_of("n0")["xs"].offloaded_metadata.uri == "mem://values/else"
