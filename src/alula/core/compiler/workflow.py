"""Compiling a workflow: from templates to the closure that the engine runs, or to all that is wrong with them.

A workflow is read in three passes, each linear: collect the nodes (also those inside branches) and what they
wait for; order them; check each after those that it depends on, so that the types of its sources are known.
Sub-workflows are compiled once each, however often they are used.

The result is as Flyte's: `start-node` and `end-node` first, nodes inside a branch with the id `<branch>-<node>`,
workflow inputs as promises of `start-node`, and connection sets in both directions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from flyteidl.core import compiler_pb2, workflow_pb2

from alula.core.compiler.aliases import with_aliases
from alula.core.compiler.bindings import check_bindings
from alula.core.compiler.entities import Entities, Interface, LaunchPlan, Task, types_of
from alula.core.compiler.errors import Code, CompileError, CompileErrors, Findings
from alula.core.compiler.graph import END, START, Graph
from alula.core.compiler.interfaces import check_interface
from alula.core.compiler.nesting import check_nesting
from alula.core.compiler.nodes.registry import KINDS
from alula.core.compiler.promises import settle_promises
from alula.core.compiler.scope import Scope
from alula.core.compiler.settings import check_node_id, check_settings
from alula.core.ids import EntityId, entity_id
from alula.core.literals.casting import is_optional

_FAILURE_KINDS = ("task_node", "workflow_node")
_FAILURE_POLICIES = workflow_pb2.WorkflowMetadata.OnFailurePolicy.values()


def compile_workflow(
    template: workflow_pb2.WorkflowTemplate,
    sub_workflows: Iterable[workflow_pb2.WorkflowTemplate] = (),
    tasks: Iterable[Task] = (),
    launch_plans: Iterable[LaunchPlan] = (),
) -> compiler_pb2.CompiledWorkflowClosure:
    """Check and link a workflow with everything that it refers to.

    Args:
        template: the workflow; left as it is.
        sub_workflows: all that it or they contain, in any order; those that nothing uses are left out.
        tasks: at least those that its nodes refer to.
        launch_plans: at least those; a bare template counts every input that is not fixed as required.

    Raises:
        CompileErrors: everything that is wrong, in all of them.
    """
    root = Findings()
    entities = Entities(tasks, sub_workflows, launch_plans, root)
    errors = root.errors()
    primary = _Compilation(template, entities, Findings())
    errors += primary.run()
    compiled = {entity_id(template.id): primary}
    pending = _new_sub_workflows(entities, compiled)
    while pending:
        for id, path in pending.items():
            compilation = _Compilation(entities.sub_workflows[id], entities, Findings(path))
            errors += compilation.run()
            compiled[id] = compilation
        pending = _new_sub_workflows(entities, compiled)
    uses = {id: compilation.sub_workflows for id, compilation in compiled.items()}
    errors += check_nesting(entity_id(template.id), uses)
    if errors:
        raise CompileErrors(str(entity_id(template.id)), errors)
    return _closure(primary, compiled, entities)


def _new_sub_workflows(entities: Entities, compiled: Mapping[EntityId, _Compilation]) -> dict[EntityId, str]:
    return {id: path for (kind, id), path in entities.used.items() if kind == "sub_workflow" and id not in compiled}


def _closure(
    primary: _Compilation, compiled: Mapping[EntityId, _Compilation], entities: Entities
) -> compiler_pb2.CompiledWorkflowClosure:
    used = entities.used
    return compiler_pb2.CompiledWorkflowClosure(
        primary=primary.result(),
        sub_workflows=[compiled[id].result() for id in entities.sub_workflows if ("sub_workflow", id) in used],
        tasks=[
            compiler_pb2.CompiledTask(template=template)
            for id, template in entities.tasks.items()
            if ("task", id) in used
        ],
        launch_plans=[
            compiler_pb2.CompiledLaunchPlan(template=plan.template)
            for id, plan in entities.launch_plans.items()
            if ("launch_plan", id) in used
        ],
    )


class _Unit(msgspec.Struct, frozen=True):
    """A node of the workflow's own graph, with those inside it."""

    node: workflow_pb2.Node
    inside: tuple[_Unit, ...] = ()


class _Compilation:
    """One workflow: the primary one or a sub-workflow."""

    def __init__(self, template: workflow_pb2.WorkflowTemplate, entities: Entities, findings: Findings) -> None:
        self._template = workflow_pb2.WorkflowTemplate()
        self._template.CopyFrom(template)
        self._is_compiled = any(_is_made(node) for node in self._template.nodes)
        self._nodes = [node for node in self._template.nodes if not _is_made(node)]
        del self._template.nodes[:]
        self._units: dict[str, _Unit] = {}
        self._scope = Scope(entities, findings, types_of(template.interface.inputs), Graph())
        self.sub_workflows: dict[EntityId, str] = {}
        """Sub-workflows that it contains, with the path of the first node that does."""

    def run(self) -> list[CompileError]:
        """All errors of this workflow, in the order of its nodes."""
        scope, template = self._scope, self._template
        if not template.id.name:
            scope.findings.add(Code.VALUE_REQUIRED, "", "the workflow has no name; set its id")
        if template.metadata.on_failure not in _FAILURE_POLICIES:
            scope.findings.add(
                Code.INVALID_VALUE,
                "",
                f"the failure policy is {template.metadata.on_failure}, which this version does not know; use "
                "FAIL_IMMEDIATELY or FAIL_AFTER_EXECUTABLE_NODES_COMPLETE",
            )
        check_interface(template.interface, scope.findings)
        for node in self._nodes:
            unit = self._collect(node, owner="")
            if unit is not None:
                self._units[unit.node.id] = unit
        if not self._nodes:
            scope.findings.add(Code.NO_NODES_FOUND, "", "the workflow has no nodes; add at least one")
        scope.graph.add_node(END)
        for node_id, node in scope.nodes.items():
            self._connect(node, node_id)
        self._connect_outputs()
        for node_id in scope.graph.order(scope.findings):
            if node_id in self._units:
                self._check(self._units[node_id])
        wanted = types_of(template.interface.outputs)
        required = frozenset(name for name, kind in wanted.items() if not is_optional(kind))
        check_bindings(template.outputs, Interface(wanted, {}, required), END, scope)
        self._check_failure_node()
        return self._ordered_errors()

    def result(self) -> compiler_pb2.CompiledWorkflow:
        """The compiled workflow; only where `run` found no errors."""
        nodes = [
            workflow_pb2.Node(id=START),
            workflow_pb2.Node(id=END, inputs=self._template.outputs),
            *(unit.node for unit in self._units.values()),
        ]
        compiled = compiler_pb2.CompiledWorkflow(template=self._template, connections=self._scope.graph.connections())
        compiled.template.nodes.extend(nodes)
        return compiled

    def _collect(self, node: workflow_pb2.Node, *, owner: str) -> _Unit | None:
        """Take a node in, and those inside it under their new ids."""
        scope = self._scope
        if owner and node.id and not self._is_compiled:
            node.id = f"{owner}-{node.id}"
        if not check_node_id(node.id, owner, scope.findings):
            return None
        if node.id in scope.nodes or node.id in (START, END):
            scope.findings.add(Code.DUPLICATE_ID, node.id, f"two nodes have the id `{node.id}`; give each its own")
            return None
        scope.nodes[node.id] = node
        scope.graph.add_node(node.id, owner=owner)
        kind = KINDS.get(node.WhichOneof("target") or "")
        inside = () if kind is None else kind.inside(node)
        units = (self._collect(inner, owner=node.id) for inner in inside)
        return _Unit(node, tuple(unit for unit in units if unit is not None))

    def _connect(self, node: workflow_pb2.Node, node_id: str) -> None:
        scope = self._scope
        for before in settle_promises(node.inputs, node_id, scope):
            scope.graph.add_edge(before, node_id)
        node.upstream_node_ids.sort()
        for before in node.upstream_node_ids:
            if scope.is_source(before or START):
                scope.graph.add_edge(before or START, node_id)
            else:
                scope.report_no_source(before, "the node waits for", reader=node_id)

    def _connect_outputs(self) -> None:
        for before in settle_promises(self._template.outputs, END, self._scope):
            self._scope.graph.add_edge(before, END)

    def _check(self, unit: _Unit) -> None:
        """Check a node, after those inside: the outputs of a branch follow from them."""
        for inner in unit.inside:
            self._check(inner)
        scope, node = self._scope, unit.node
        check_settings(node.metadata, node.id, scope.findings)
        kind = KINDS.get(node.WhichOneof("target") or "")
        if kind is None:
            scope.findings.add(
                Code.VALUE_REQUIRED,
                node.id,
                "the node runs nothing; give it a task, workflow, branch, gate or array",
            )
            return
        interface = kind.check(node, node.id, scope)
        if interface is not None:
            scope.outputs[node.id] = with_aliases(node, node.id, interface.outputs, scope)
        self._note_sub_workflow(node, node.id)

    def _note_sub_workflow(self, node: workflow_pb2.Node, node_id: str) -> None:
        target = node.array_node.node if node.HasField("array_node") else node
        if target.workflow_node.HasField("sub_workflow_ref"):
            id = entity_id(target.workflow_node.sub_workflow_ref)
            self.sub_workflows.setdefault(id, self._scope.findings.path_of(node_id))

    def _check_failure_node(self) -> None:
        """Check the failure node. It runs after everything else, on the workflow's inputs: no node waits for it."""
        if not self._template.HasField("failure_node"):
            return
        scope, node = self._scope, self._template.failure_node
        if not check_node_id(node.id, "", scope.findings):
            return
        if node.id in scope.nodes:
            scope.findings.add(
                Code.DUPLICATE_ID, node.id, f"the failure node has the id of node `{node.id}`; rename it"
            )
        if node.WhichOneof("target") not in _FAILURE_KINDS:
            scope.findings.add(
                Code.INVALID_VALUE, node.id, "a failure node runs a task or a workflow; make it one of them"
            )
            return
        sources = settle_promises(node.inputs, node.id, scope)
        check_settings(node.metadata, node.id, scope.findings)
        KINDS[node.WhichOneof("target") or ""].check(node, node.id, scope)
        self._note_sub_workflow(node, node.id)
        scope.graph.add_apart(node.id, sources)

    def _ordered_errors(self) -> list[CompileError]:
        findings = self._scope.findings
        if not findings.errors():
            return []
        places = {findings.path_of(node_id): place for place, node_id in enumerate(self._scope.nodes, 1)}
        last = len(places) + 1
        places[findings.path_of("")] = 0
        return sorted(findings.errors(), key=lambda error: places.get(error.path, last))


def _is_made(node: workflow_pb2.Node) -> bool:
    """True if the compiler made the node: a template that was compiled before has such nodes, and they are made
    anew."""
    return node.id in (START, END) and node.WhichOneof("target") is None
