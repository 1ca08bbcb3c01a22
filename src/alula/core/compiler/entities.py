"""The entities that a workflow may refer to: tasks, sub-workflows and launch plans, by id, with their interfaces.

Owns the lookup and the shape in which the rest of the compiler sees an interface. Each entity's interface is
worked out once, however many nodes use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias, TypeVar

import msgspec
from flyteidl.core import (
    compiler_pb2,
    interface_pb2,
    tasks_pb2,
    types_pb2,
    workflow_pb2,
)

from alula.core.compiler.errors import Code, Findings
from alula.core.ids import EntityId, entity_id
from alula.core.literals.casting import is_optional
from alula.core.policy.parameters import may_be_left_out

Kind: TypeAlias = Literal["task", "sub_workflow", "launch_plan"]
_E = TypeVar("_E", tasks_pb2.TaskTemplate, workflow_pb2.WorkflowTemplate, "ReferencedLaunchPlan")
Types: TypeAlias = Mapping[str, types_pb2.LiteralType]
Outputs: TypeAlias = Mapping[str, types_pb2.LiteralType | None]
"""`None` for a type that only the run can tell."""
Task: TypeAlias = tasks_pb2.TaskTemplate | compiler_pb2.CompiledTask


class Interface(msgspec.Struct, frozen=True):
    """The inputs and outputs of a node."""

    inputs: Types
    outputs: Outputs
    required: frozenset[str]
    """Inputs that must be bound."""


class ReferencedLaunchPlan(msgspec.Struct, frozen=True):
    """A registered launch plan, with the defaults of its inputs, which its template can't say."""

    template: workflow_pb2.LaunchPlanTemplate
    expected_inputs: interface_pb2.ParameterMap


LaunchPlan: TypeAlias = workflow_pb2.LaunchPlanTemplate | ReferencedLaunchPlan


def types_of(variables: interface_pb2.VariableMap) -> Types:
    """The type of each variable."""
    return {name: variable.type for name, variable in variables.variables.items()}


def interface_of(interface: interface_pb2.TypedInterface) -> Interface:
    """A typed interface in which `Optional` inputs may be left out."""
    inputs = types_of(interface.inputs)
    required = frozenset(name for name, kind in inputs.items() if not is_optional(kind))
    return Interface(inputs, types_of(interface.outputs), required)


class Entities:
    """The entities of one compilation."""

    def __init__(
        self,
        tasks: Iterable[Task],
        sub_workflows: Iterable[workflow_pb2.WorkflowTemplate],
        launch_plans: Iterable[LaunchPlan],
        findings: Findings,
    ) -> None:
        self.tasks: dict[EntityId, tasks_pb2.TaskTemplate] = {}
        self.sub_workflows: dict[EntityId, workflow_pb2.WorkflowTemplate] = {}
        self.launch_plans: dict[EntityId, ReferencedLaunchPlan] = {}
        self.used: dict[tuple[Kind, EntityId], str] = {}
        """Kind and id of each entity that nodes refer to, with the path of the first such node."""
        self._interfaces: dict[tuple[Kind, EntityId], Interface] = {}
        for task in tasks:
            template = task.template if isinstance(task, compiler_pb2.CompiledTask) else task
            _keep(self.tasks, entity_id(template.id), template, "task", findings)
        for workflow in sub_workflows:
            _keep(self.sub_workflows, entity_id(workflow.id), workflow, "sub-workflow", findings)
        for launch_plan in launch_plans:
            plan = _referenced(launch_plan)
            _keep(self.launch_plans, entity_id(plan.template.id), plan, "launch plan", findings)

    def use(self, kind: Kind, id: EntityId, path: str) -> Interface | None:
        """The interface of an entity that the node at `path` refers to; `None` if there is no such entity."""
        key = (kind, id)
        if key not in self.used:
            interface = self._interface(kind, id)
            if interface is None:
                return None
            self.used[key] = path
            self._interfaces[key] = interface
        return self._interfaces[key]

    def _interface(self, kind: Kind, id: EntityId) -> Interface | None:
        if kind == "launch_plan":
            plan = self.launch_plans.get(id)
            return None if plan is None else launch_plan_interface(plan)
        template = self.tasks.get(id) if kind == "task" else self.sub_workflows.get(id)
        return None if template is None else interface_of(template.interface)


def launch_plan_interface(plan: ReferencedLaunchPlan) -> Interface:
    """The interface of a launch plan: only inputs without a default must be bound."""
    parameters = plan.expected_inputs.parameters
    return Interface(
        {name: parameter.var.type for name, parameter in parameters.items()},
        types_of(plan.template.interface.outputs),
        frozenset(name for name, parameter in parameters.items() if not may_be_left_out(parameter)),
    )


def _keep(kept: dict[EntityId, _E], id: EntityId, entity: _E, word: str, findings: Findings) -> None:
    if kept.setdefault(id, entity) != entity:
        findings.add(Code.DUPLICATE_ID, "", f"{word} `{id}` is given twice, with different contents; give it once")


def _referenced(launch_plan: LaunchPlan) -> ReferencedLaunchPlan:
    """The launch plan with its expected inputs. A bare template requires all that are neither fixed nor `Optional`."""
    if isinstance(launch_plan, ReferencedLaunchPlan):
        return launch_plan
    variables = launch_plan.interface.inputs.variables
    expected = interface_pb2.ParameterMap(
        parameters={
            name: interface_pb2.Parameter(var=variable, required=not is_optional(variable.type))
            for name, variable in variables.items()
            if name not in launch_plan.fixed_inputs.literals
        }
    )
    return ReferencedLaunchPlan(launch_plan, expected)
