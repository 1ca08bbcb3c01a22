"""When two registrations are the same thing, and how they differ."""

import pytest
from flyteidl.admin import launch_plan_pb2, task_pb2
from flyteidl.core import compiler_pb2, literals_pb2, tasks_pb2
from tests.graphs import INT, binding, sub_workflow_node, task, task_node, workflow

from alula.core.compiler import compile_workflow
from alula.core.compiler.normalise import MAX_DIFFERENCES, diff, digest

TWO = task("two", inputs={"x": INT, "y": INT})
T = task("t")
INNER = workflow("inner", [task_node("n0", T, x=".x")], outputs={"o0": (INT, "n0.o0")})


def closure(*, turned: bool = False, constant: int = 1) -> compiler_pb2.CompiledWorkflowClosure:
    nodes = [
        task_node("n0", TWO, x=".x", y=constant),
        sub_workflow_node("n1", INNER, x="n0.o0"),
        task_node("n2", T, x=1, after=["n0", "n1"]),
    ]
    tasks = [T, TWO]
    if turned:
        nodes.reverse()
        tasks.reverse()
        for node in nodes:
            bindings = list(node.inputs)[::-1]
            del node.inputs[:]
            node.inputs.extend(bindings)
            node.upstream_node_ids.reverse()
    template = workflow("w", nodes, outputs={"o0": (INT, "n1.o0")})
    return compile_workflow(template, [INNER], tasks)


def test_the_order_of_nodes_bindings_and_entities_does_not_count() -> None:
    assert digest(closure()) == digest(closure(turned=True))
    assert diff(closure(), closure(turned=True)) == []


def test_the_order_of_what_a_task_may_have_in_a_set_does_not_count() -> None:
    def spec(*names: str, value: str = "1") -> task_pb2.TaskSpec:
        made = task_pb2.TaskSpec(template=T)
        for name in names:
            made.template.container.env.add(key=name, value=value)
            made.template.security_context.secrets.add(group="g", key=name)
            made.template.metadata.cache_ignore_input_vars.append(name)
        return made

    def compiled(template: tasks_pb2.TaskTemplate) -> task_pb2.TaskClosure:
        return task_pb2.TaskClosure(compiled_task=compiler_pb2.CompiledTask(template=template))

    assert digest(spec("a", "b")) == digest(spec("b", "a"))
    assert digest(spec("a", "b")) != digest(spec("a", "b", value="2"))
    assert digest(compiled(spec("a", "b").template)) == digest(compiled(spec("b", "a").template))
    assert diff(spec("a", "b"), spec("b", "a")) == []


def test_what_runs_differently_is_different() -> None:
    assert digest(closure()) != digest(closure(constant=2))
    assert diff(closure(), closure(constant=2)) == [
        "`primary.template.nodes[n0].inputs[y].binding.scalar.primitive.integer` changed from `1` to `2`"
    ]


def test_the_order_of_maps_does_not_count() -> None:
    one = literals_pb2.LiteralMap(literals={"a": binding_literal(1), "b": binding_literal(2)})
    other = literals_pb2.LiteralMap(literals={"b": binding_literal(2), "a": binding_literal(1)})
    assert digest(one) == digest(other)


def binding_literal(value: int) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=binding("", value).binding.scalar)


def test_several_messages_make_up_one_entity() -> None:
    spec = launch_plan_pb2.LaunchPlanSpec(max_parallelism=1)
    assert digest(spec, closure()) != digest(closure(), spec)
    assert digest(spec) != digest(spec, launch_plan_pb2.LaunchPlanSpec())


def test_digests_tell_types_of_messages_apart() -> None:
    assert digest(launch_plan_pb2.LaunchPlanSpec()) != digest(compiler_pb2.CompiledTask())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: setattr(t.container, "image", "other"), "`container.image` changed from `python` to `other`"),
        (lambda t: t.container.args.append("-v"), "`container.args` changed from `['true']` to `['true', '-v']`"),
        (lambda t: t.config.update({"a": "b"}), "`config` is new (`{'a': 'b'}`)"),
        (lambda t: t.interface.outputs.variables.pop("o0"), "`interface.outputs.variables` is gone"),
        (lambda t: t.interface.inputs.variables["y"].type.CopyFrom(INT), "`interface.inputs.variables[y]` is new"),
        (lambda t: t.container.env.add(key="A", value="1"), "`container.env` is new"),
    ],
)
def test_differences_in_words(change: object, words: str) -> None:
    other = task("t")
    assert callable(change)
    change(other)
    (line,) = diff(T, other)
    assert line.startswith(words)


def test_items_of_a_list_are_known_by_their_names() -> None:
    one, other = task("t"), task("t")
    one.container.env.add(key="A", value="1")
    one.container.env.add(key="B", value="1")
    other.container.env.add(key="B", value="2")
    assert diff(one, other) == ["`container.env[A]` is gone", "`container.env[B].value` changed from `1` to `2`"]


def test_many_differences_are_cut() -> None:
    other = task("t")
    for number in range(100):
        other.interface.inputs.variables[f"v{number}"].type.CopyFrom(INT)
    lines = diff(T, other)
    assert len(lines) == MAX_DIFFERENCES + 1
    assert lines[-1] == "and 80 more"
