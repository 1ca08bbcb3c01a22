"""The values that move between nodes: large ones are put aside, and loaded where a node has to look into them.

Most nodes hand values on as they are, so that a reference does as well as the value. A path into a value, the lists
of an array and the condition of a branch need the value itself: the node waits until the shell has loaded it.
"""

from __future__ import annotations

from collections.abc import Collection

from flyteidl.core import literals_pb2

from alula.core.engine.actions import LoadValue
from alula.core.engine.plan import PlanNode
from alula.core.engine.sources import Unresolved, resolve
from alula.core.engine.state import Execution, Scope, Turn
from alula.core.errors import TaskError
from alula.core.literals.attributes import Loaded, NotLoaded
from alula.core.literals.offloading import is_offloaded, put_aside

OUTPUTS = -2
"""In place of a node's number: the outputs of the graph itself."""


def settle(turn: Turn, literals: literals_pb2.LiteralMap) -> bytes:
    """Values as they are handed on, serialized: the large ones of them are put aside, in place."""
    data = literals.SerializeToString()
    rule = turn.execution.created.offload
    if rule is None or len(data) < rule.limit:
        return data
    asides = put_aside(literals, rule)
    if not asides:
        return data
    turn.changes.asides.extend(asides)
    return literals.SerializeToString()


def inputs_of(turn: Turn, scope: Scope, plan: PlanNode, node: int) -> literals_pb2.LiteralMap | TaskError | None:
    """The inputs of a node that is to begin; None where a value has to be loaded first, after which it begins again."""
    loaded = turn.execution.loaded
    try:
        inputs = resolve(plan.bindings, scope.values, loaded)
        _look_into(plan, inputs, loaded)
    except NotLoaded as needed:
        return load(turn, scope, node, needed.uri)
    except Unresolved as unresolved:
        return unresolved.error
    return inputs


def _look_into(plan: PlanNode, inputs: literals_pb2.LiteralMap, loaded: Loaded) -> None:
    """Raises `NotLoaded` unless all is loaded that a node looks into as it begins."""
    if plan.branch is None and plan.array is None:
        return
    bound = plan.array.bound_inputs if plan.array is not None else ()
    for name in sorted(inputs.literals):  # a protobuf map has another order in each process
        literal = inputs.literals[name]
        if name not in bound and is_offloaded(literal) and literal.offloaded_metadata.uri not in loaded:
            raise NotLoaded(literal.offloaded_metadata.uri)


def whole(turn: Turn, inputs: bytes, *, but: Collection[str] = ()) -> literals_pb2.LiteralMap:
    """Inputs with those values in their places that are at hand: loaded, or put aside in this very turn.

    What nobody looks into must stay as it is (`but`): whether it happens to be at hand says nothing about it, and would
    give one value two hashes.
    """
    literals = literals_pb2.LiteralMap.FromString(inputs)
    for name, literal in literals.literals.items():
        if name in but or not is_offloaded(literal):
            continue
        uri = literal.offloaded_metadata.uri
        if uri in turn.execution.loaded:
            literal.CopyFrom(turn.execution.loaded[uri])
            continue
        # Nodes are opened as soon as their inputs are settled: what they need is among the last.
        aside = next((aside for aside in reversed(turn.changes.asides) if aside.uri == uri), None)
        if aside is not None:
            literal.ParseFromString(aside.data)
    return literals


def load(turn: Turn, scope: Scope, node: int, uri: str) -> TaskError | None:
    """Have the scope go on with a node once a value is loaded. Gives the error of one that can't be."""
    execution = turn.execution
    if uri in execution.unloadable:
        return execution.unloadable[uri]
    waiting = execution.loading.setdefault(uri, [])
    if not waiting:
        turn.do(LoadValue(uri))
    waiting.append((scope.id, node))
    if node != OUTPUTS:
        text = "Waits until a large value is loaded: a part of it is asked for."
        turn.explain(scope, node, -1, "WaitsForValue", text, {"uri": uri})
    return None


def go_on(turn: Turn, uri: str, error: TaskError | None) -> None:
    """Begin the nodes that waited for a value, which is loaded or can't be."""
    execution = turn.execution
    if error is not None:
        execution.unloadable[uri] = error
    else:
        execution.loaded[uri] = execution.arrived.pop(uri)
    for scope_id, node in execution.loading.pop(uri):
        turn.later(lambda scope_id=scope_id, node=node: _go_on(turn, scope_id, node))


def forget(execution: Execution) -> None:
    """Drop the loaded values, unless a node still waits: it may need several."""
    if not execution.loading:
        execution.arrived.clear()
        execution.loaded.clear()
        execution.unloadable.clear()


def _go_on(turn: Turn, scope_id: int, node: int) -> None:
    scope = turn.execution.scopes.get(scope_id)
    if scope is not None:
        scope.begin(turn, node)
