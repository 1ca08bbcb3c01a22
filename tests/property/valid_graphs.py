"""Valid workflows of every kind of node, drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec
from flyteidl.core import identifier_pb2, literals_pb2, types_pb2, workflow_pb2
from hypothesis import strategies as st
from tests.graphs import (
    INT,
    binding,
    branch_node,
    comparison,
    identifier,
    interface,
    launch_plan_node,
    list_of,
    map_node,
    map_workflow_node,
    optional,
    signal_node,
    sleep_node,
    sub_workflow_node,
    task,
    task_node,
    workflow,
)
from tests.unit.core.literals.values import STRUCT, dict_type, enum

Path: TypeAlias = tuple[str | int, ...]
Source: TypeAlias = int | str | tuple[str, Path]
"""A constant, an output of a node (`node.var`) or of the workflow's inputs (`.var`), or a part of it."""

CONFIG = types_pb2.LiteralType()
CONFIG.CopyFrom(STRUCT)
for field, field_type in (("depth", INT), ("sizes", list_of(INT))):
    CONFIG.structure.dataclass_type[field].CopyFrom(field_type)

ADD = task("add", inputs={"a": INT, "b": INT})
SPREAD = task("spread", inputs={"a": INT}, outputs={"o0": list_of(INT)})
TABLE = task("table", inputs={"a": INT}, outputs={"o0": dict_type(list_of(INT))})
CONFIGURE = task("configure", inputs={"a": INT}, outputs={"o0": CONFIG})
PAINT = task("paint", inputs={"colour": enum("red", "blue"), "times": optional(INT)})
SQUARE = task("square", inputs={"xs": list_of(INT), "by": INT}, outputs={"o0": list_of(INT)})
SUM = task("sum", inputs={"xs": list_of(INT)})
CLEAN = task("clean", inputs={"x": INT, "error": optional(STRUCT)}, outputs={})
TASKS = (ADD, SPREAD, TABLE, CONFIGURE, PAINT, SQUARE, SUM, CLEAN)
INNER = workflow("step", [task_node("n0", ADD, a=".x", b=1)], outputs={"o0": (INT, "n0.o0")})
PLAN = workflow_pb2.LaunchPlanTemplate(
    id=identifier(identifier_pb2.LAUNCH_PLAN, "plan"),
    interface=interface({"x": INT, "maybe": optional(INT)}, {"o0": INT}),
)
HANDLERS = (
    None,
    task_node("failure", CLEAN, x=".x"),
    sub_workflow_node("failure", INNER, x=".x"),
    launch_plan_node("failure", PLAN.id, x=".x"),
)


class Sources(msgspec.Struct):
    """What later nodes may take."""

    numbers: list[Source] = msgspec.field(default_factory=lambda: [".x", 7])
    lists: list[Source] = []


def bound(var: str, source: Source) -> literals_pb2.Binding:
    if not isinstance(source, tuple):
        return binding(var, source)
    whole = binding(var, source[0])
    for step in source[1]:
        if isinstance(step, str):
            whole.binding.promise.attr_path.add(string_value=step)
        else:
            whole.binding.promise.attr_path.add(int_value=step)
    return whole


def with_inputs(node: workflow_pb2.Node, **inputs: Source) -> workflow_pb2.Node:
    node.inputs.extend(bound(var, source) for var, source in inputs.items())
    if node.HasField("array_node"):
        node.array_node.node.inputs.extend(node.inputs)
    return node


class _Drawing:
    """One workflow while it is drawn: a method a kind of node."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._ids: list[str] = []
        self.sources = Sources()

    def node(self, id: str) -> workflow_pb2.Node:
        kinds: list[Callable[[str], workflow_pb2.Node]] = [
            *(self.task, self.spread, self.table, self.configure, self.paint, self.sub_workflow, self.launch_plan),
            *(self.branch, self.approval, self.signal, self.sleep),
            *((self.total, self.map_task, self.map_item, self.map_workflow) if self.sources.lists else ()),
        ]
        made = self._draw(st.sampled_from(kinds))(id)
        if self._ids and self._draw(st.booleans()):
            made.upstream_node_ids.append(self._draw(st.sampled_from(self._ids)))
        self._ids.append(id)
        return made

    def number(self) -> Source:
        return self._draw(st.sampled_from(self.sources.numbers))

    def items(self) -> Source:
        return self._draw(st.sampled_from(self.sources.lists))

    def task(self, id: str) -> workflow_pb2.Node:
        node = self._case(id)
        self.sources.numbers.append(f"{id}.o0")
        return node

    def spread(self, id: str) -> workflow_pb2.Node:
        node = with_inputs(task_node(id, SPREAD), a=self.number())
        self.sources.lists.append(f"{id}.o0")
        self.sources.numbers.append((f"{id}.o0", (2,)))
        return node

    def table(self, id: str) -> workflow_pb2.Node:
        node = with_inputs(task_node(id, TABLE), a=self.number())
        self.sources.lists.append((f"{id}.o0", ("key",)))
        self.sources.numbers.append((f"{id}.o0", ("key", 0)))
        return node

    def configure(self, id: str) -> workflow_pb2.Node:
        node = with_inputs(task_node(id, CONFIGURE), a=self.number())
        self.sources.lists.append((f"{id}.o0", ("sizes",)))
        self.sources.numbers += [(f"{id}.o0", ("depth",)), (f"{id}.o0", ("sizes", 1))]
        return node

    def paint(self, id: str) -> workflow_pb2.Node:
        node = task_node(id, PAINT)
        colour = literals_pb2.Scalar(primitive=literals_pb2.Primitive(string_value="blue"))
        node.inputs.append(literals_pb2.Binding(var="colour", binding=literals_pb2.BindingData(scalar=colour)))
        if self._draw(st.booleans()):
            node.inputs.append(bound("times", self.number()))
        self.sources.numbers.append(f"{id}.o0")
        return node

    def sub_workflow(self, id: str) -> workflow_pb2.Node:
        node = with_inputs(sub_workflow_node(id, INNER), x=self.number())
        self.sources.numbers.append(f"{id}.o0")
        return node

    def launch_plan(self, id: str) -> workflow_pb2.Node:
        node = with_inputs(launch_plan_node(id, PLAN.id), x=self.number())
        self.sources.numbers.append(f"{id}.o0")
        return node

    def branch(self, id: str) -> workflow_pb2.Node:
        node = self._branch(id, depth=0)
        self.sources.numbers.append(f"{id}.o0")
        return node

    def _branch(self, id: str, depth: int) -> workflow_pb2.Node:
        cases = [(comparison("v", "GT", number), self._inside(f"c{number}", depth)) for number in range(2)]
        otherwise = self._inside("other", depth) if self._draw(st.booleans()) else None
        return with_inputs(branch_node(id, cases, otherwise=otherwise, error="no"), v=self.number())

    def _inside(self, id: str, depth: int) -> workflow_pb2.Node:
        deeper = depth < 2 and self._draw(st.integers(0, 3)) == 0
        return self._branch(id, depth + 1) if deeper else self._case(id)

    def _case(self, id: str) -> workflow_pb2.Node:
        return with_inputs(task_node(id, ADD), a=self.number(), b=self.number())

    def approval(self, id: str) -> workflow_pb2.Node:
        node = with_inputs(workflow_pb2.Node(id=id), o0=self.number())
        node.gate_node.approve.signal_id = "ok"
        self.sources.numbers.append(f"{id}.o0")
        return node

    def signal(self, id: str) -> workflow_pb2.Node:
        self.sources.numbers.append(f"{id}.o0")
        return signal_node(id, INT)

    def sleep(self, id: str) -> workflow_pb2.Node:
        return sleep_node(id, 1)

    def total(self, id: str) -> workflow_pb2.Node:
        node = with_inputs(task_node(id, SUM), xs=self.items())
        self.sources.numbers.append(f"{id}.o0")
        return node

    def map_task(self, id: str) -> workflow_pb2.Node:
        node = with_inputs(map_node(id, SQUARE, bound=["by"]), xs=self.items(), by=self.number())
        self.sources.lists.append(f"{id}.o0")
        return node

    def map_item(self, id: str) -> workflow_pb2.Node:
        """Over a task with the interface of one item."""
        node = with_inputs(map_node(id, ADD, bound=["b"]), a=self.items(), b=self.number())
        node.array_node.is_original_sub_node_interface.value = True
        self.sources.lists.append(f"{id}.o0")
        return node

    def map_workflow(self, id: str) -> workflow_pb2.Node:
        over = self._draw(st.sampled_from([INNER, PLAN.id]))
        node = with_inputs(map_workflow_node(id, over), x=self.items())
        self.sources.lists.append(f"{id}.o0")
        return node


@st.composite
def valid_graphs(draw: st.DrawFn, prefix: str = "v") -> workflow_pb2.WorkflowTemplate:
    """A workflow that compiles, its nodes in any order, their ids all beginning with `prefix`."""
    drawing = _Drawing(draw)
    nodes = [drawing.node(f"{prefix}{number}") for number in range(draw(st.integers(1, 14)))]
    last = draw(st.sampled_from([source for source in drawing.sources.numbers if isinstance(source, str)]))
    template = workflow("valid", draw(st.permutations(nodes)), outputs={"o0": (INT, last)})
    handler = draw(st.sampled_from(HANDLERS))
    if handler is not None:
        template.failure_node.CopyFrom(handler)
    return template
