"""A run as the platform tells it: the execution, its nodes with those still to come, their attempts.

Reads over gRPC only, and again only what may have changed. Says nothing about how to show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from flyteidl.admin import (
    common_pb2,
    execution_pb2,
    node_execution_pb2,
    task_execution_pb2,
)
from flyteidl.core import compiler_pb2, identifier_pb2, tasks_pb2, workflow_pb2

from alula.core.engine.records import ExecutionPhase, NodePhase
from alula.core.errors import InvalidInput, NotFound
from alula.core.ids import ExecutionId
from alula.sdk.client.connection import Connection
from alula.sdk.client.rpcs import (
    GET_DYNAMIC_NODE_WORKFLOW,
    GET_EXECUTION,
    GET_NODE_EXECUTION,
    GET_TASK_EXECUTION,
    GET_WORKFLOW,
    LIST_NODE_EXECUTIONS,
    LIST_TASK_EXECUTIONS,
)

PAGE = 500
DEPTH_LIMIT = 20
_MAPPED = re.compile(r"map_(.+)_[0-9a-f]{32}-arraynode")
_ENDED_BADLY = (NodePhase.FAILED, NodePhase.FAILING, NodePhase.TIMED_OUT)
_HIDDEN = frozenset(("start-node", "end-node"))


class NodeView(msgspec.Struct):
    """A node of the run's graph. `execution` is None as long as it has not begun."""

    node_id: str
    """Unique in the run once it has begun, before that its id in the template."""
    name: str
    """The short name of the task or workflow that it runs."""
    execution: node_execution_pb2.NodeExecution | None = None
    attempts: list[task_execution_pb2.TaskExecution] = []
    children: list[NodeView] = []
    is_array: bool = False

    @property
    def phase(self) -> NodePhase:
        return NodePhase.UNDEFINED if self.execution is None else NodePhase(self.execution.closure.phase)


class RunView(msgspec.Struct):
    """One run."""

    execution: execution_pb2.Execution
    nodes: list[NodeView]

    @property
    def id(self) -> ExecutionId:
        return from_execution_id(self.execution.id)

    @property
    def phase(self) -> ExecutionPhase:
        return ExecutionPhase(self.execution.closure.phase)

    def walk(self) -> Iterator[NodeView]:
        """Every node, parents first."""
        waiting = list(reversed(self.nodes))
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


class RunReader:
    """Reads one run repeatedly. Not for several threads.

    With `attempts_max` the attempts of so many nodes are read, and beyond these only those of arrays and of nodes that
    failed: each node's are a question of their own.
    """

    def __init__(self, connection: Connection, id: ExecutionId, *, attempts_max: int | None = None) -> None:
        self._connection = connection
        self._id = id
        self._attempts_max = attempts_max
        self._closure: compiler_pb2.CompiledWorkflowClosure | None = None
        self._made: dict[str, compiler_pb2.CompiledWorkflowClosure] = {}
        """The graphs that dynamic tasks made, by node."""
        self._attempts: dict[str, tuple[bytes, list[task_execution_pb2.TaskExecution]]] = {}

    def read(self) -> RunView:
        """The run as it is now. Raises `NotFound` and `Unavailable`."""
        request = execution_pb2.WorkflowExecutionGetRequest(id=to_execution_id(self._id))
        execution = self._connection.call(GET_EXECUTION, request)
        if self._closure is None:
            self._closure = self._read_closure(execution.closure.workflow_id)
        template = self._closure.primary.template
        nodes = self._level("", template.nodes, depth=0)
        if has_ended(execution):
            nodes = [node for node in nodes if node.execution is not None]
        return RunView(execution=execution, nodes=nodes)

    def task(self, id: identifier_pb2.Identifier) -> tasks_pb2.TaskTemplate:
        """A task of the graphs that were read, which a dynamic task may have made. Raises `NotFound`."""
        for closure in (self._closure, *self._made.values()):
            for task in closure.tasks if closure is not None else ():
                if task.template.id == id:
                    return task.template
        raise NotFound("NotFound", f"{self._id} has no task `{id.name}`")

    def _read_closure(self, id: identifier_pb2.Identifier) -> compiler_pb2.CompiledWorkflowClosure:
        try:
            workflow = self._connection.call(GET_WORKFLOW, common_pb2.ObjectGetRequest(id=id))
        except NotFound:
            return compiler_pb2.CompiledWorkflowClosure()
        return workflow.closure.compiled_workflow

    def _level(
        self, parent: str, nodes: Iterable[workflow_pb2.Node], depth: int, *, is_branch: bool = False
    ) -> list[NodeView]:
        """The nodes of one graph in the order of its template, then any that it does not have; of a branch, those
        that have begun."""
        begun = {
            execution.metadata.spec_node_id or execution.id.node_id: execution
            for execution in self._node_executions(parent)
            if execution.id.node_id not in _HIDDEN
        }
        views: list[NodeView] = []
        for node in nodes:
            if node.id in begun or not (is_branch or node.id in _HIDDEN):
                views.append(self._view(node, begun.pop(node.id, None), depth))
        for execution in begun.values():
            views.append(self._view(workflow_pb2.Node(id=execution.id.node_id), execution, depth))
        return views

    def _view(
        self, node: workflow_pb2.Node, execution: node_execution_pb2.NodeExecution | None, depth: int
    ) -> NodeView:
        is_array = node.HasField("array_node")
        if execution is None:
            return NodeView(node_id=node.id, name=_name_of(node), is_array=is_array)
        view = NodeView(
            node_id=execution.id.node_id,
            name=_name_of(node),
            execution=execution,
            is_array=is_array or execution.metadata.is_array,
        )
        if execution.metadata.is_parent_node and depth < DEPTH_LIMIT:
            is_branch = node.HasField("branch_node")
            inside = _cases_of(node) if is_branch else self._nodes_of(node, execution)
            view.children = self._level(view.node_id, inside, depth + 1, is_branch=is_branch)
        may_have_run = view.is_array or execution.metadata.is_dynamic or not execution.metadata.is_parent_node
        if may_have_run and self._reads_attempts_of(view):
            view.attempts = self._task_executions(execution)
        if view.is_array and not view.attempts and depth < DEPTH_LIMIT:
            view.children = self._items(view.node_id, node.array_node.node, depth + 1)
        if node.WhichOneof("target") is None and view.attempts:  # of a graph that was made at run time
            view.name = short_name(view.attempts[0].id.task_id.name)
        return view

    def _items(self, array: str, item: workflow_pb2.Node, depth: int) -> list[NodeView]:
        """The items of an array of workflows or launch plans, which are nodes."""
        views = [self._view(item, execution, depth) for execution in self._node_executions(array)]
        for view in views:
            assert view.execution is not None, "it was listed"
            view.name = f"{view.name}[{view.execution.metadata.spec_node_id.removeprefix('n')}]"
        return views

    def _nodes_of(
        self, node: workflow_pb2.Node, execution: node_execution_pb2.NodeExecution
    ) -> Iterable[workflow_pb2.Node]:
        if execution.metadata.is_dynamic:
            return self._graph_of(execution).primary.template.nodes
        wanted = node.workflow_node.sub_workflow_ref
        for closure in (self._closure, *self._made.values()):
            for workflow in closure.sub_workflows if closure is not None else ():
                if workflow.template.id == wanted:
                    return workflow.template.nodes
        return ()

    def _graph_of(self, execution: node_execution_pb2.NodeExecution) -> compiler_pb2.CompiledWorkflowClosure:
        node_id = execution.id.node_id
        if node_id not in self._made:
            request = node_execution_pb2.GetDynamicNodeWorkflowRequest(id=execution.id)
            self._made[node_id] = self._connection.call(GET_DYNAMIC_NODE_WORKFLOW, request).compiled_workflow
        return self._made[node_id]

    def _node_executions(self, parent: str) -> list[node_execution_pb2.NodeExecution]:
        found: list[node_execution_pb2.NodeExecution] = []
        token = ""
        while True:
            request = node_execution_pb2.NodeExecutionListRequest(
                workflow_execution_id=to_execution_id(self._id),
                limit=PAGE,
                token=token,
                unique_parent_id=parent,
                sort_by=common_pb2.Sort(key="created_at", direction=common_pb2.Sort.ASCENDING),
            )
            page = self._connection.call(LIST_NODE_EXECUTIONS, request)
            found.extend(page.node_executions)
            token = page.token
            if not token or not page.node_executions:
                return found

    def _reads_attempts_of(self, node: NodeView) -> bool:
        if node.is_array or node.phase in _ENDED_BADLY or node.node_id in self._attempts:
            return True
        return self._attempts_max is None or len(self._attempts) < self._attempts_max

    def _task_executions(self, node: node_execution_pb2.NodeExecution) -> list[task_execution_pb2.TaskExecution]:
        """A node's attempts; read again only when the node has changed or may have."""
        seen = node.closure.SerializeToString(deterministic=True)
        known = self._attempts.get(node.id.node_id)
        if known is not None and known[0] == seen and NodePhase(node.closure.phase).is_terminal:
            return known[1]
        attempts = list_attempts(self._connection, node.id)
        self._attempts[node.id.node_id] = (seen, attempts)
        return attempts


def list_attempts(
    connection: Connection, node: identifier_pb2.NodeExecutionIdentifier
) -> list[task_execution_pb2.TaskExecution]:
    """All attempts of a node, by number."""
    attempts: list[task_execution_pb2.TaskExecution] = []
    token = ""
    while True:
        request = task_execution_pb2.TaskExecutionListRequest(node_execution_id=node, limit=PAGE, token=token)
        page = connection.call(LIST_TASK_EXECUTIONS, request)
        attempts.extend(page.task_executions)
        token = page.token
        if not token or not page.task_executions:
            return sorted(attempts, key=lambda attempt: attempt.id.retry_attempt)


def read_full_errors(connection: Connection, run: RunView) -> None:
    """Replace the errors of nodes and attempts, which lists shorten, by the whole ones."""
    for node in run.walk():
        for place, attempt in enumerate(node.attempts):
            if attempt.closure.error.code:
                request = task_execution_pb2.TaskExecutionGetRequest(id=attempt.id)
                node.attempts[place] = connection.call(GET_TASK_EXECUTION, request)
        if node.execution is not None and node.execution.closure.error.code:
            node_request = node_execution_pb2.NodeExecutionGetRequest(id=node.execution.id)
            node.execution = connection.call(GET_NODE_EXECUTION, node_request)


def get_node(connection: Connection, run: ExecutionId, node_id: str) -> node_execution_pb2.NodeExecution:
    """One node of a run. Raises `NotFound`."""
    id = identifier_pb2.NodeExecutionIdentifier(node_id=node_id, execution_id=to_execution_id(run))
    return connection.call(GET_NODE_EXECUTION, node_execution_pb2.NodeExecutionGetRequest(id=id))


def find_nodes(nodes: Sequence[NodeView], wanted: str) -> list[NodeView]:
    """Nodes whose id is `wanted`, else those whose name is."""
    return [node for node in nodes if node.node_id == wanted] or [node for node in nodes if node.name == wanted]


def refuse_several(nodes: Sequence[NodeView], wanted: str, run: ExecutionId) -> None:
    """Raises `InvalidInput` if a name stands for more than one node."""
    if len(nodes) > 1:
        fix = f"name one of: {', '.join(node.node_id for node in nodes)}"
        raise InvalidInput("SeveralNodes", f"{run.name} has several nodes named `{wanted}`", fix=fix)


def to_execution_id(id: ExecutionId) -> identifier_pb2.WorkflowExecutionIdentifier:
    return identifier_pb2.WorkflowExecutionIdentifier(project=id.project, domain=id.domain, name=id.name)


def from_execution_id(id: identifier_pb2.WorkflowExecutionIdentifier) -> ExecutionId:
    return ExecutionId(id.project, id.domain, id.name)


def has_ended(execution: execution_pb2.Execution) -> bool:
    """True if the run has reached its end."""
    return ExecutionPhase(execution.closure.phase).is_terminal


def _cases_of(branch: workflow_pb2.Node) -> Iterator[workflow_pb2.Node]:
    block = branch.branch_node.if_else
    yield from (case.then_node for case in (block.case, *block.other))
    if block.HasField("else_node"):
        yield block.else_node


def _name_of(node: workflow_pb2.Node) -> str:
    """The short name of what a node runs, without module and `map over` machinery."""
    if node.HasField("array_node"):
        return _name_of(node.array_node.node)
    if node.HasField("task_node"):
        return short_name(node.task_node.reference_id.name)
    if node.workflow_node.HasField("sub_workflow_ref"):
        return short_name(node.workflow_node.sub_workflow_ref.name)
    if node.workflow_node.HasField("launchplan_ref"):
        return short_name(node.workflow_node.launchplan_ref.name)
    return node.metadata.name or node.id


def short_name(name: str) -> str:
    """`pipeline.train` as `train`; of a mapped task, the name of the task."""
    short = name.rsplit(".", 1)[-1]
    mapped = _MAPPED.fullmatch(short)
    return mapped[1] if mapped else short
