"""For each code of the compiler one workflow that has exactly this wrong with it, beside nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from flyteidl.core import identifier_pb2, literals_pb2, tasks_pb2, types_pb2, workflow_pb2
from tests.graphs import (
    INT,
    binding,
    branch_node,
    comparison,
    list_of,
    map_node,
    sub_workflow_node,
    task,
    task_node,
    workflow,
)
from tests.unit.core.literals.values import STR, enum, union

from alula.core.compiler import Code

T = task("t")
LISTS = task("lists", inputs={"xs": list_of(INT)}, outputs={"o0": list_of(INT)})


class Case(msgspec.Struct, frozen=True):
    """A workflow and what it refers to."""

    template: workflow_pb2.WorkflowTemplate
    tasks: tuple[tasks_pb2.TaskTemplate, ...] = (T, LISTS)
    sub_workflows: tuple[workflow_pb2.WorkflowTemplate, ...] = ()


_DEFECTS: dict[Code, Callable[[], Case]] = {}


def all_defects() -> dict[Code, Callable[[], Case]]:
    return _DEFECTS


def _defect(code: Code) -> Callable[[Callable[[], Case]], Callable[[], Case]]:
    def keep(make: Callable[[], Case]) -> Callable[[], Case]:
        _DEFECTS[code] = make
        return make

    return keep


def _of(*nodes: workflow_pb2.Node) -> Case:
    return Case(workflow("w", nodes))


def bound(var: str, data: literals_pb2.BindingData) -> literals_pb2.Binding:
    return literals_pb2.Binding(var=var, binding=data)


def items(*sources: int | str) -> literals_pb2.BindingData:
    bindings = [binding("", source).binding for source in sources]
    return literals_pb2.BindingData(collection=literals_pb2.BindingDataCollection(bindings=bindings))


def _takes(kind: types_pb2.LiteralType, data: literals_pb2.BindingData) -> Case:
    """A node whose input is of type `kind`, bound to `data`."""
    taker = task("taker", inputs={"v": kind})
    node = task_node("n0", taker)
    node.inputs.append(bound("v", data))
    return Case(workflow("w", [node]), (taker,))


def gate(**condition: object) -> workflow_pb2.Node:
    return workflow_pb2.Node(id="n0", gate_node=workflow_pb2.GateNode(**condition))  # type: ignore[arg-type]


def _branch() -> workflow_pb2.Node:
    case = (comparison("v", "GT", 1), task_node("a", T, x=1))
    return branch_node("n0", [case], otherwise=task_node("b", T, x=2), v=".x")


@_defect(Code.CYCLE_DETECTED)
def _cycle() -> Case:
    return _of(task_node("n0", T, x=1, after=["n1"]), task_node("n1", T, x="n0.o0"), task_node("n2", T, x=".x"))


@_defect(Code.BRANCH_NODE_ID_NOT_FOUND)
def _case_without_node() -> Case:
    node = _branch()
    node.branch_node.if_else.case.ClearField("then_node")
    return _of(node)


@_defect(Code.BRANCH_NODE_HAS_NO_CONDITION)
def _case_without_condition() -> Case:
    node = _branch()
    node.branch_node.if_else.case.ClearField("condition")
    return _of(node)


@_defect(Code.BRANCH_NODE_HAS_NO_DEFAULT)
def _no_default() -> Case:
    node = _branch()
    node.branch_node.if_else.ClearField("else_node")
    return _of(node)


@_defect(Code.VALUE_REQUIRED)
def _without_target() -> Case:
    return _of(workflow_pb2.Node(id="n0"))


@_defect(Code.INVALID_VALUE)
def _negative_timeout() -> Case:
    node = task_node("n0", T, x=1)
    node.metadata.timeout.seconds = -1
    return _of(node)


@_defect(Code.NODE_REFERENCE_NOT_FOUND)
def _unknown_node() -> Case:
    return _of(task_node("n0", T, x="n9.o0"))


@_defect(Code.TASK_REFERENCE_NOT_FOUND)
def _unknown_task() -> Case:
    return _of(task_node("n0", task("nobody"), x=1))


@_defect(Code.WORKFLOW_REFERENCE_NOT_FOUND)
def _unknown_workflow() -> Case:
    return _of(sub_workflow_node("n0", workflow("nobody", []), x=1))


@_defect(Code.VARIABLE_NAME_NOT_FOUND)
def _unknown_variable() -> Case:
    return _of(task_node("n0", T, x=".z"))


@_defect(Code.DUPLICATE_ALIAS)
def _alias_twice() -> Case:
    node = task_node("n0", T, x=1)
    node.output_aliases.add(var="o0", alias="a")
    node.output_aliases.add(var="o0", alias="b")
    return _of(node)


@_defect(Code.VALUE_COLLISION)
def _alias_of_another_output() -> Case:
    two = task("two", outputs={"o0": INT, "o1": INT})
    node = task_node("n0", two, x=1)
    node.output_aliases.add(var="o0", alias="o1")
    return Case(workflow("w", [node]), (two,))


@_defect(Code.DUPLICATE_ID)
def _two_nodes() -> Case:
    return _of(task_node("n0", T, x=1), task_node("n0", T, x=2))


@_defect(Code.MISMATCHING_TYPES)
def _other_type() -> Case:
    return _takes(STR, binding("", 1).binding)


@_defect(Code.MISMATCHING_BINDINGS)
def _list_for_an_int() -> Case:
    return _takes(INT, items(1))


@_defect(Code.MISMATCHING_INTERFACES)
def _nothing_to_map() -> Case:
    return _of(map_node("n0", T, x=1))


@_defect(Code.INCONSISTENT_TYPES)
def _reference_of_another_kind() -> Case:
    node = task_node("n0", T, x=1)
    node.task_node.reference_id.resource_type = identifier_pb2.WORKFLOW
    return _of(node)


@_defect(Code.PARAMETER_BOUND_MORE_THAN_ONCE)
def _bound_twice() -> Case:
    node = task_node("n0", T, x=1)
    node.inputs.append(binding("x", 2))
    return _of(node)


@_defect(Code.PARAMETER_NOT_BOUND)
def _not_bound() -> Case:
    return _of(task_node("n0", T))


@_defect(Code.UNRECOGNIZED_VALUE)
def _empty_constant() -> Case:
    return _takes(INT, literals_pb2.BindingData(scalar=literals_pb2.Scalar()))


@_defect(Code.UNRECOGNIZED_VALUE)
def _constant_that_nothing_can_be_done_with() -> Case:
    late = literals_pb2.Scalar(primitive={"datetime": {"seconds": 253_402_300_800}})
    return _takes(types_pb2.LiteralType(simple=types_pb2.DATETIME), literals_pb2.BindingData(scalar=late))


@_defect(Code.WORKFLOW_BUILD_ERROR)
def _contains_itself() -> Case:
    inner = workflow("inner", [])
    inner.nodes.append(sub_workflow_node("n0", inner, x=".x"))
    return Case(workflow("w", [sub_workflow_node("n0", inner, x=".x")]), (), (inner,))


@_defect(Code.SYNTAX_ERROR)
def _malformed_variable() -> Case:
    node = task_node("n1", T)
    node.inputs.append(bound("x", binding("", "n0.[a]").binding))
    return _of(task_node("n0", T, x=1), node)


@_defect(Code.NO_NODES_FOUND)
def _no_nodes() -> Case:
    return _of()


@_defect(Code.ILLEGAL_ENUM_VALUE)
def _illegal_enum_value() -> Case:
    text = literals_pb2.BindingData(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(string_value="c")))
    return _takes(enum("a", "b"), text)


@_defect(Code.AMBIGUOUS_BINDING_UNION_VALUE)
def _ambiguous() -> Case:
    return _takes(union(list_of(INT), list_of(union(INT, STR))), items(1))


@_defect(Code.INCOMPATIBLE_BINDING_UNION_VALUE)
def _incompatible() -> Case:
    return _takes(union(list_of(STR), INT), items(1))


@_defect(Code.NO_CONDITION_FOUND)
def _gate_without_condition() -> Case:
    return _of(gate())


def _path(kind: types_pb2.LiteralType, *steps: str | int) -> Case:
    """A node that takes a part of an output of type `kind`."""
    source = task("source", outputs={"o0": kind})
    data = binding("", "n0.o0").binding
    for step in steps:
        if isinstance(step, str):
            data.promise.attr_path.add(string_value=step)
        else:
            data.promise.attr_path.add(int_value=step)
    node = task_node("n1", T)
    node.inputs.append(bound("x", data))
    return Case(workflow("w", [task_node("n0", source, x=1), node]), (T, source))


@_defect(Code.FIELD_NOT_FOUND)
def _unknown_field() -> Case:
    config = types_pb2.LiteralType(simple=types_pb2.STRUCT)
    config.structure.dataclass_type["lr"].CopyFrom(INT)
    return _path(config, "rate")


@_defect(Code.IDL_TYPE_NOT_FOUND)
def _unknown_type() -> Case:
    return Case(
        workflow(
            "w", [task_node("n0", T, x=1)], inputs={"x": types_pb2.LiteralType(annotation=types_pb2.TypeAnnotation())}
        )
    )


def variants_of(code: Code) -> Iterator[Case]:
    """Other workflows with the same wrong with them."""
    yield from (make() for make in _MORE.get(code, ()))


def _approve_without_id() -> Case:
    return _of(gate(approve=workflow_pb2.ApproveCondition()))


def _empty_binding() -> Case:
    return _takes(INT, literals_pb2.BindingData())


def _node_without_id() -> Case:
    return _of(task_node("", T, x=1))


def _promise_without_output() -> Case:
    return _of(task_node("n0", T, x=1), task_node("n1", T, x="n0."))


def _workflow_node_without_reference() -> Case:
    return _of(workflow_pb2.Node(id="n0", workflow_node=workflow_pb2.WorkflowNode()))


def _task_node_without_reference() -> Case:
    return _of(workflow_pb2.Node(id="n0", task_node=workflow_pb2.TaskNode()))


def _array_without_node() -> Case:
    return _of(workflow_pb2.Node(id="n0", array_node=workflow_pb2.ArrayNode()))


def _branch_without_cases() -> Case:
    return _of(workflow_pb2.Node(id="n0", branch_node=workflow_pb2.BranchNode()))


def _union_of_nothing() -> Case:
    return Case(workflow("w", [task_node("n0", T, x=1)], inputs={"x": union()}))


def _id_with_a_slash() -> Case:
    return _of(task_node("n/0", T, x=1))


def _unknown_failure_policy() -> Case:
    case = _of(task_node("n0", T, x=1))
    case.template.metadata.on_failure = 7  # type: ignore[assignment]
    return case


def _item_with_a_negative_timeout() -> Case:
    node = map_node("n0", LISTS)
    node.inputs.append(bound("xs", items(1)))
    node.array_node.node.metadata.timeout.seconds = -1
    return _of(node)


def _request_over_its_limit() -> Case:
    node = task_node("n0", T, x=1)
    resources = node.task_node.overrides.resources
    resources.requests.add(name=tasks_pb2.Resources.CPU, value="2")
    resources.limits.add(name=tasks_pb2.Resources.CPU, value="1")
    return _of(node)


def _resources_that_are_no_quantity() -> Case:
    node = task_node("n0", T, x=1)
    node.task_node.overrides.resources.requests.add(name=tasks_pb2.Resources.MEMORY, value="1 potato")
    return _of(node)


def _impossible_ratio() -> Case:
    node = map_node("n0", LISTS, min_success_ratio=1.5)
    node.inputs.append(bound("xs", items(1)))
    return _of(node)


def _array_of_a_gate() -> Case:
    return _of(workflow_pb2.Node(id="n0", array_node=workflow_pb2.ArrayNode(node=gate())))


def _failure_node_of_a_gate() -> Case:
    case = _of(task_node("n0", T, x=1))
    case.template.failure_node.CopyFrom(workflow_pb2.Node(id="fn0", gate_node=workflow_pb2.GateNode()))
    return case


def _ordered_truth_values() -> Case:
    node = _branch()
    expression = node.branch_node.if_else.case.condition.comparison
    expression.left_value.primitive.boolean = True
    expression.right_value.primitive.boolean = False
    return _of(node)


def _condition_of_two_types() -> Case:
    node = _branch()
    node.branch_node.if_else.case.condition.comparison.right_value.primitive.string_value = "a"
    return _of(node)


def _branches_of_two_types() -> Case:
    text = task("text", outputs={"o0": STR})
    case = (comparison("v", "GT", 1), task_node("a", T, x=1))
    return Case(workflow("w", [branch_node("n0", [case], otherwise=task_node("b", text, x=2), v=".x")]), (T, text))


def _promise_of_another_type() -> Case:
    text = task("text", outputs={"o0": STR})
    return Case(workflow("w", [task_node("n0", text, x=1), task_node("n1", T, x="n0.o0")]), (T, text))


def _output_of_another_type() -> Case:
    return Case(workflow("w", [task_node("n0", T, x=1)], outputs={"o0": (STR, "n0.o0")}))


def _unbound_condition() -> Case:
    node = _branch()
    del node.inputs[:]
    return _of(node)


def _unknown_bound_input() -> Case:
    node = map_node("n0", LISTS, bound=["ys"])
    node.inputs.append(bound("xs", items(1)))
    return _of(node)


def _bound_input_twice() -> Case:
    two = task("two", inputs={"xs": list_of(INT), "y": INT})
    node = map_node("n0", two, bound=["y", "y"], y=1)
    node.inputs.append(bound("xs", items(1)))
    return Case(workflow("w", [node]), (two,))


def _waits_for_nobody() -> Case:
    return _of(task_node("n0", T, x=1, after=["n9"]))


def _reads_inside_a_branch() -> Case:
    return _of(_branch(), task_node("n1", T, x="n0-a.o0"))


def _waits_for_a_node_inside_a_branch() -> Case:
    return _of(_branch(), task_node("n1", T, x=1, after=["n0-a"]))


def _node_with_the_id_of_the_end_node() -> Case:
    return _of(task_node("n0", T, x=1), task_node("end-node", T, x=1))


def _waits_for_itself() -> Case:
    return _of(task_node("n0", T, x="n0.o0"), task_node("n1", T, x=1))


def _branch_that_waits_for_its_reader() -> Case:
    case = (comparison("v", "GT", 1), task_node("a", T, x="n1.o0"))
    branch = branch_node("n0", [case], otherwise=task_node("b", T, x=2), v=".x")
    return _of(branch, task_node("n1", T, x="n0.o0"), task_node("n2", T, x=1))


def _branch_that_waits_for_itself() -> Case:
    case = (comparison("v", "GT", 1), task_node("a", T, x="n0.o0"))
    return _of(branch_node("n0", [case], error="no", v=".x"), task_node("n2", T, x=1))


def _output_not_bound() -> Case:
    case = Case(workflow("w", [task_node("n0", T, x=1)], outputs={"o0": (INT, "n0.o0")}))
    del case.template.outputs[:]
    return case


def _field_of_a_list() -> Case:
    return _path(list_of(INT), "rate")


def _part_of_an_int() -> Case:
    return _path(INT, 0)


def _negative_position() -> Case:
    return _path(list_of(INT), -1)


def _position_in_a_dataclass() -> Case:
    config = types_pb2.LiteralType(simple=types_pb2.STRUCT)
    config.structure.dataclass_type["lr"].CopyFrom(INT)
    return _path(config, 0)


def _reference_of_a_kind_of_the_future() -> Case:
    node = task_node("n0", T, x=1)
    node.task_node.reference_id.resource_type = 99  # type: ignore[assignment]
    return _of(node)


def _two_tasks_of_one_name() -> Case:
    return Case(workflow("w", [task_node("n0", T, x=1)]), (T, task("t", retries=1)))


def _failure_node_with_the_id_of_another() -> Case:
    case = _of(task_node("n0", T, x=1))
    case.template.failure_node.CopyFrom(task_node("n0", T, x=".x"))
    return case


def _alias_of_nothing() -> Case:
    node = task_node("n0", T, x=1)
    node.output_aliases.add(var="o9", alias="a")
    return _of(node)


def _nested_in_a_circle() -> Case:
    one, other = workflow("one", []), workflow("other", [])
    one.nodes.append(sub_workflow_node("n0", other, x=".x"))
    other.nodes.append(sub_workflow_node("n0", one, x=".x"))
    return Case(workflow("w", [sub_workflow_node("n0", one, x=".x")]), (), (one, other))


def _nested_too_deeply() -> Case:
    chain = [workflow("s0", [task_node("n0", T, x=".x")])]
    for depth in range(1, 80):
        chain.append(workflow(f"s{depth}", [sub_workflow_node("n0", chain[-1], x=".x")]))
    return Case(workflow("w", [sub_workflow_node("n0", chain[-1], x=".x")]), (T,), tuple(chain))


_MORE: dict[Code, tuple[Callable[[], Case], ...]] = {
    Code.VALUE_REQUIRED: (
        _approve_without_id,
        _empty_binding,
        _node_without_id,
        _promise_without_output,
        _workflow_node_without_reference,
        _task_node_without_reference,
        _array_without_node,
        _branch_without_cases,
        _union_of_nothing,
    ),
    Code.INVALID_VALUE: (
        _id_with_a_slash,
        _impossible_ratio,
        _array_of_a_gate,
        _failure_node_of_a_gate,
        _ordered_truth_values,
        _unknown_failure_policy,
        _item_with_a_negative_timeout,
        _request_over_its_limit,
    ),
    Code.UNRECOGNIZED_VALUE: (_resources_that_are_no_quantity,),
    Code.MISMATCHING_TYPES: (
        _condition_of_two_types,
        _branches_of_two_types,
        _promise_of_another_type,
        _output_of_another_type,
    ),
    Code.VARIABLE_NAME_NOT_FOUND: (_unbound_condition, _unknown_bound_input),
    Code.VALUE_COLLISION: (_bound_input_twice,),
    Code.NODE_REFERENCE_NOT_FOUND: (
        _waits_for_nobody,
        _reads_inside_a_branch,
        _waits_for_a_node_inside_a_branch,
    ),
    Code.CYCLE_DETECTED: (_waits_for_itself, _branch_that_waits_for_its_reader, _branch_that_waits_for_itself),
    Code.INCONSISTENT_TYPES: (_reference_of_a_kind_of_the_future,),
    Code.PARAMETER_NOT_BOUND: (_output_not_bound, _alias_of_nothing),
    Code.FIELD_NOT_FOUND: (_field_of_a_list, _part_of_an_int, _negative_position, _position_in_a_dataclass),
    Code.DUPLICATE_ID: (
        _two_tasks_of_one_name,
        _failure_node_with_the_id_of_another,
        _node_with_the_id_of_the_end_node,
    ),
    Code.WORKFLOW_BUILD_ERROR: (_nested_in_a_circle, _nested_too_deeply),
}
