"""The form of graphs: Flyte's compiled closures, with what is drawn of them and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec


class Shown(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A part of a graph. What is not set is left out."""


class Entity(Shown, frozen=True):
    project: str
    domain: str
    name: str
    version: str


class Key(Shown, frozen=True):
    """A step of the way into a value."""

    string_value: str | None = None
    int_value: int | None = None


class Output(Shown, frozen=True):
    """An output of a node; of no node, an input of the graph."""

    node_id: str = ""
    var: str = ""
    attr_path: list[Key] = []


class Collection(Shown, frozen=True):
    bindings: list[Source]


class Map(Shown, frozen=True):
    bindings: dict[str, Source]


class Source(Shown, frozen=True):
    """Where a value comes from. What is written into the graph itself is left out."""

    promise: Output | None = None
    collection: Collection | None = None
    map: Map | None = None


class Binding(Shown, frozen=True):
    var: str
    binding: Source


class Metadata(Shown, frozen=True):
    name: str = ""
    timeout: str = ""
    """The time that a gate has for an answer, as JSON writes durations. Those of other nodes are left out."""


class TaskNode(Shown, frozen=True):
    reference_id: Entity


class WorkflowNode(Shown, frozen=True):
    launchplan_ref: Entity | None = None
    sub_workflow_ref: Entity | None = None


class ArrayNode(Shown, frozen=True):
    node: Node


class Case(Shown, frozen=True):
    # `Any`: the condition as the specification writes it in JSON.
    condition: dict[str, Any]
    then_node: Node


class IfElse(Shown, frozen=True):
    case: Case
    other: list[Case] = []
    else_node: Node | None = None


class BranchNode(Shown, frozen=True):
    if_else: IfElse


class Asks(Shown, frozen=True):
    signal_id: str


class Sleeps(Shown, frozen=True):
    duration: str = ""


class GateNode(Shown, frozen=True):
    """One of the three."""

    approve: Asks | None = None
    signal: Asks | None = None
    sleep: Sleeps | None = None


class Node(Shown, frozen=True):
    id: str
    metadata: Metadata | None = None
    inputs: list[Binding] = []
    task_node: TaskNode | None = None
    workflow_node: WorkflowNode | None = None
    array_node: ArrayNode | None = None
    branch_node: BranchNode | None = None
    gate_node: GateNode | None = None


class Template(Shown, frozen=True):
    id: Entity
    nodes: list[Node]
    outputs: list[Binding] = []
    failure_node: Node | None = None


class Ids(Shown, frozen=True):
    ids: list[str]


class Connections(Shown, frozen=True):
    downstream: dict[str, Ids]
    """From a node to those that begin after it."""


class Workflow(Shown, frozen=True):
    template: Template
    connections: Connections


class Graph(Shown, frozen=True):
    primary: Workflow
    sub_workflows: list[Workflow] = []
