"""Random workflows of every kind of node, from a seed, as FlyteIDL templates.

Everything computes with integers, so that any output fits any input. What a task gives is the business of `tasks.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from flyteidl.core import dynamic_job_pb2, identifier_pb2, literals_pb2, tasks_pb2, types_pb2, workflow_pb2
from tests.graphs import (
    INT,
    approval_node,
    binding,
    branch_node,
    comparison,
    identifier,
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

ERROR = types_pb2.LiteralType(simple=types_pb2.ERROR)
INTS, MAYBE_INTS = list_of(INT), list_of(optional(INT))
NODES_MAX = 6
KINDS = (
    *("task",) * 5,
    *("pair",) * 2,
    *("array",) * 3,
    *("array_of_workflows",) * 2,
    *("branch",) * 2,
    *("subworkflow",) * 2,
    *("launch_plan",) * 2,
    *("dynamic",) * 2,
    *("approve", "signal", "sleep"),
)

Sub = workflow_pb2.WorkflowTemplate


@dataclass
class Library:
    """What is registered, in an order in which it can be."""

    tasks: dict[str, tasks_pb2.TaskTemplate] = field(default_factory=dict)
    graphs: dict[str, dynamic_job_pb2.DynamicJobSpec] = field(default_factory=dict)
    """What each dynamic task asks for."""
    workflows: list[tuple[Sub, list[Sub]]] = field(default_factory=list)
    """Each has a launch plan of its own name. With the sub-workflows that it may use."""
    tops: list[str] = field(default_factory=list)
    """Names of the launch plans to launch."""


def make_library(random: Random, *, timeout_s: int) -> Library:
    """`timeout_s` is that of tasks and gates that have one."""
    return _Author(random, timeout_s).library()


class _Author:
    def __init__(self, random: Random, timeout_s: int) -> None:
        self._random = random
        self.timeout_s = timeout_s
        self._library = Library()
        self._subs: list[Sub] = []
        self._plans: list[identifier_pb2.Identifier] = []
        self._dynamic: list[tasks_pb2.TaskTemplate] = []
        self.maps_workflows = False
        # Half of the seeds are mostly about one kind, for what strikes only where much of it comes together.
        self.kinds = KINDS + (random.choice(KINDS),) * random.choice((0, 20))

    def library(self) -> Library:
        random = self._random
        self._plain = [self._task(f"plain{i}", x=INT) for i in range(3)]
        self._pairs = [self._task(f"pair{i}", x=INT, y=INT) for i in range(2)]
        self._mapped = [self._task(f"mapped{i}", INTS, xs=INTS, by=INT) for i in range(2)]
        self._tolerant = self._task("tolerant0", MAYBE_INTS, xs=INTS, by=INT)
        self._sum = self._task("sum0", xs=INTS)
        self._count = self._task("count0", xs=MAYBE_INTS)
        self._clean = self._add(task("clean0", inputs={"x": INT, "err": optional(ERROR)}, outputs={}))
        for i in range(random.randint(0, 2)):
            self._subs.append(self._graph(f"sub{i}", random.randint(1, 3)))
        for i in range(2):
            if random.random() < 0.5:
                self._register(f"child{i}", random.randint(1, 3))
            if random.random() < 0.5:
                self._dynamic_task(f"dynamic{i}")
        self.maps_workflows = True  # at the top only: an array of arrays of workflows takes for ever
        for i in range(random.randint(1, 2)):
            self._register(f"top{i}", random.randint(1, NODES_MAX))
            self._library.tops.append(f"top{i}")
        return self._library

    def _register(self, name: str, size: int) -> None:
        self._library.workflows.append((self._graph(name, size), list(self._subs)))
        self._plans.append(identifier(identifier_pb2.LAUNCH_PLAN, name))

    def _task(
        self, name: str, gives: types_pb2.LiteralType = INT, **inputs: types_pb2.LiteralType
    ) -> tasks_pb2.TaskTemplate:
        random = self._random
        return self._add(
            task(
                name,
                inputs=inputs,
                outputs={"o0": gives},
                retries=random.randint(0, 3),
                timeout_s=self.timeout_s if random.random() < 0.5 else 0,
                cache_version="1" if random.random() < 0.4 else "",
                serialize=random.random() < 0.5,
            )
        )

    def _add(self, template: tasks_pb2.TaskTemplate) -> tasks_pb2.TaskTemplate:
        self._library.tasks[template.id.name] = template
        return template

    def _dynamic_task(self, name: str) -> None:
        body = self._graph(f"{name}-body", self._random.randint(1, 4), dynamic=True)
        self._library.graphs[name] = dynamic_job_pb2.DynamicJobSpec(
            nodes=body.nodes,
            outputs=body.outputs,
            tasks=list(self._library.tasks.values()),
            subworkflows=self._subs,
        )
        template = self._task(name, x=INT)
        template.metadata.ClearField("timeout")  # its graph may take any time
        self._dynamic.append(template)

    def _graph(self, name: str, size: int, *, dynamic: bool = False) -> Sub:
        random = self._random
        graph = _Graph(self, random, name)
        for number in range(size):
            graph.grow(number)
        template = workflow(
            name, graph.nodes, outputs={"o0": (INT, graph.promise())}, run_on_failure=random.random() < 0.4
        )
        template.metadata_defaults.interruptible = random.random() < 0.3
        if random.random() < 0.25 and not dynamic:
            failure = task_node("fn0", self._clean, x=".x")
            none = failure.inputs.add(var="err")
            none.binding.scalar.union.value.scalar.none_type.SetInParent()
            none.binding.scalar.union.type.simple = types_pb2.NONE
            template.failure_node.CopyFrom(failure)
        return template

    # What graphs are made of

    def pick(self, kind: str) -> tasks_pb2.TaskTemplate:
        return self._random.choice({"task": self._plain, "pair": self._pairs, "array": self._mapped}[kind])

    @property
    def subs(self) -> Sequence[Sub]:
        return self._subs

    @property
    def plans(self) -> Sequence[identifier_pb2.Identifier]:
        return self._plans

    @property
    def dynamic_tasks(self) -> Sequence[tasks_pb2.TaskTemplate]:
        return self._dynamic

    @property
    def tolerant(self) -> tasks_pb2.TaskTemplate:
        return self._tolerant

    def reducer(self, *, tolerant: bool) -> tasks_pb2.TaskTemplate:
        return self._count if tolerant else self._sum


class _Graph:
    """A workflow in the making: each new node takes from what stands already."""

    def __init__(self, author: _Author, random: Random, name: str) -> None:
        self.nodes: list[workflow_pb2.Node] = []
        self._author = author
        self._random = random
        self._name = name
        self._numbers: list[str] = [".x"]

    def promise(self) -> str:
        return self._random.choice(self._numbers)

    def grow(self, number: int) -> None:
        random, id = self._random, f"n{number}"
        kind = random.choice(self._author.kinds)
        before = [node.id for node in self.nodes]
        node = self._node(kind, id)
        if before and random.random() < 0.2:
            node.upstream_node_ids.append(random.choice(before))
        self.nodes.append(node)
        if node.HasField("array_node"):
            tolerant = node.array_node.min_success_ratio < 1
            reduce = task_node(f"{id}r", self._author.reducer(tolerant=tolerant))
            reduce.inputs.append(binding("xs", f"{id}.o0"))
            self.nodes.append(reduce)
            self._numbers.append(f"{id}r.o0")
        elif not (node.HasField("gate_node") and node.gate_node.HasField("sleep")):
            self._numbers.append(f"{id}.o0")

    def _node(self, kind: str, id: str) -> workflow_pb2.Node:
        author, random = self._author, self._random
        match kind:
            case "pair":
                return task_node(id, author.pick("pair"), x=self._source(), y=self._source())
            case "array":
                return self._array(id)
            case "branch":
                return self._branch(id)
            case "subworkflow" if author.subs:
                return sub_workflow_node(id, random.choice(author.subs), x=self._source())
            case "array_of_workflows" if author.maps_workflows and (author.subs or author.plans):
                return self._array_of_workflows(id)
            case "launch_plan" if author.plans:
                return launch_plan_node(id, random.choice(author.plans), x=self._source())
            case "dynamic" if author.dynamic_tasks:
                return task_node(id, random.choice(author.dynamic_tasks), x=self._source())
            case "approve":
                timeout_s = author.timeout_s if random.random() < 0.3 else 0
                node = approval_node(id, timeout_s=timeout_s, o0=self._source())
                node.gate_node.approve.signal_id = f"{self._name}-{id}-ok"
                return node
            case "signal":
                node = signal_node(id, INT)
                node.gate_node.signal.signal_id = f"{self._name}-{id}-value"
                return node
            case "sleep":
                return sleep_node(id, random.choice((0, 1, 30, 600)))
            case _:
                twins = [node for node in self.nodes if node.HasField("task_node") and not node.upstream_node_ids]
                if twins and random.random() < 0.2:  # the same once more, perhaps at the same time
                    node = workflow_pb2.Node()
                    node.CopyFrom(random.choice(twins))
                    node.id = id
                    return node
                node = task_node(id, author.pick("task"), x=self._source())
                if random.random() < 0.15:
                    node.metadata.retries.retries = 4
                return node

    def _source(self) -> int | str:
        return self._random.randint(0, 3) if self._random.random() < 0.15 else self.promise()

    def _array(self, id: str) -> workflow_pb2.Node:
        random = self._random
        tolerant = random.random() < 0.4
        of = self._author.tolerant if tolerant else self._author.pick("array")
        node = map_node(
            id,
            of,
            concurrency=random.choice((0, 0, 1, 2)),
            min_success_ratio=random.choice((0.0, 0.5, 0.75)) if tolerant else 1.0,
            bound=["by"],
            run_all=random.random() < 0.2,
            by=self._source(),
        )
        return self._over_list(node, "xs")

    def _array_of_workflows(self, id: str) -> workflow_pb2.Node:
        random = self._random
        node = map_workflow_node(
            id,
            random.choice([*self._author.subs, *self._author.plans]),
            concurrency=random.choice((0, 0, 1, 2)),
            min_success_ratio=random.choice((0.0, 0.5, 0.75)) if random.random() < 0.4 else 1.0,
            run_all=random.random() < 0.2,
        )
        return self._over_list(node, "x")

    def _over_list(self, node: workflow_pb2.Node, var: str) -> workflow_pb2.Node:
        """The array with a list of some length as this input."""
        items = [binding("", self._source()).binding for _ in range(self._random.choice((0, 1, 2, 3, 5)))]
        collection = literals_pb2.BindingDataCollection(bindings=items)
        listed = literals_pb2.Binding(var=var, binding=literals_pb2.BindingData(collection=collection))
        for of_node in (node, node.array_node.node):
            of_node.inputs.append(listed)
        return node

    def _branch(self, id: str) -> workflow_pb2.Node:
        random = self._random
        inside = [self._inner(f"{id}{letter}") for letter in "abc"]
        cases = [(comparison("v", random.choice(("GT", "LT")), random.randint(10, 90)), node) for node in inside[:2]]
        has_else = random.random() < 0.8
        return branch_node(
            id,
            cases[: random.randint(1, 2)],
            otherwise=inside[2] if has_else else None,
            error="" if has_else else "no case",
            v=self._source(),
        )

    def _inner(self, id: str) -> workflow_pb2.Node:
        if self._author.subs and self._random.random() < 0.2:
            return sub_workflow_node(id, self._random.choice(self._author.subs), x=self._source())
        return task_node(id, self._author.pick("task"), x=self._source())
