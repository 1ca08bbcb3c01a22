"""The graph of a workflow while its body runs.

The stack of open graphs tells a call of a task whether it makes a node or runs the function. Nothing here knows
protobuf.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from alula.sdk.authoring.models import promise_in_model
from alula.sdk.authoring.promise import Entity, Node, Outputs, Promise, node_of, promises_in
from alula.sdk.authoring.unresolved import refused_by_python
from alula.sdk.mistake import Location, mistake


class Graph:
    """The nodes that a body made, in order, and the outputs that it returned.

    Args:
        owner: the name of what is being declared, for errors.
        prefix: of the ids of its nodes.
        has_values: the body sees its inputs as values, not as promises.
        outer: of the cases of a conditional, the graph around it, whose promises they may use.
    """

    __slots__ = (
        "failure",
        "has_values",
        "nodes",
        "open_conditionals",
        "outer",
        "outputs",
        "owner",
        "prefix",
        "sections",
    )

    def __init__(self, owner: str, *, prefix: str = "", has_values: bool = False, outer: Graph | None = None) -> None:
        self.owner = owner
        self.prefix = prefix
        self.has_values = has_values
        self.outer = outer
        self.nodes: list[Node] = []
        self.outputs: dict[str, object] = {}
        self.failure: Node | None = None
        """The node that runs when another one has failed."""
        self.sections: list[Graph] = []
        """For each conditional, the nodes of its cases."""
        self.open_conditionals: list[tuple[str, Location]] = []
        """Names of those that have no `else_()` yet."""

    def add(self, entity: Entity, inputs: dict[str, object], *, at: Location) -> Promise | Outputs:
        """A new node; gives the promises of its outputs."""
        node = self.add_node(entity, inputs, at=at)
        types = entity.interface.outputs
        if len(types) == 1 and entity.interface.output_tuple is None:
            name, type_ = next(iter(types.items()))
            return Promise(node, name, type_=type_)
        return Outputs.of(node, types)

    def add_node(self, entity: Entity, inputs: dict[str, object], *, at: Location) -> Node:
        """A new node. Raises `InvalidInput` for a promise that this graph can't see."""
        self.check_promises(inputs, at=at)
        node = Node(f"{self.prefix}n{len(self.nodes)}", entity, inputs, at, graph=self)
        self.nodes.append(node)
        return node

    def check_promises(self, value: object, *, at: Location) -> None:
        """Raise `InvalidInput` if a promise in `value` is of another workflow, or of a case of a conditional."""
        for promise in promises_in(value):
            node = node_of(promise)
            if node is not None:
                self.check_reach(node, at=at)

    def check_reach(self, node: Node, *, at: Location) -> None:
        """Raise `InvalidInput` if steps of this graph can't wait for `node`."""
        graph: Graph | None = self
        while graph is not None:
            if node.graph is graph:
                return
            graph = graph.outer
        inside = node.graph.outer is not None
        where = "a case of a conditional" if inside else f"`{node.graph.owner}`"
        raise mistake(
            "PromiseOutOfReach",
            f"step `{node.id}` ({node.entity.interface.name}) was made inside {where} at {node.at}, not here",
            at=at,
            fix="use what the conditional gives" if inside else "pass the value as an input",
        )

    def finish(self) -> None:
        """Raise `InvalidInput` for mistakes that only the whole body shows: open conditionals, ids given twice."""
        for name, at in self.open_conditionals:
            raise mistake(
                "ConditionalWithoutElse",
                f"conditional `{name}` does not say what happens when no case holds",
                at=at,
                fix="end it with `.else_().then(...)` or `.else_().fail(...)`",
            )
        seen: dict[str, Node] = {}
        for node in (*self.nodes, *([self.failure] if self.failure else [])):
            if node.id in seen:
                raise mistake(
                    "DuplicateNodeName",
                    f"two steps of `{self.owner}` are named `{node.id}`",
                    at=node.at,
                    fix=f"the other is at {seen[node.id].at}",
                )
            seen[node.id] = node
        for section in self.sections:
            section.finish()


_open_graph: ContextVar[Graph | None] = ContextVar("alula_open_graph", default=None)


def open_graph() -> Graph | None:
    """The graph of the workflow whose body is running to be declared, if one is."""
    return _open_graph.get()


def switch_graph(graph: Graph) -> None:
    """Calls of tasks add to `graph` from now on, inside the innermost `declaring`."""
    _open_graph.set(graph)


@contextmanager
def declaring(graph: Graph | None) -> Generator[None]:
    """Calls of tasks add to `graph` meanwhile; with None they run.

    Raises `InvalidInput` in place of what Python or a pydantic model says about a promise.
    """
    token = _open_graph.set(graph)
    try:
        yield
    except Exception as error:
        if refused := promise_in_model(error) or refused_by_python(error):
            raise refused from error
        raise
    finally:
        _open_graph.reset(token)
