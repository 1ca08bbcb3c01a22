"""A package: all that a set of files specifies, compiled together, without a platform.

It accepts and refuses the same as a registration of these files, each after those that it needs. Nothing depends on the
order of the files: a node needs only the interface of what it refers to, and a specification says it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import msgspec
from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, identifier_pb2, tasks_pb2

from alula.core.compiler.entities import ReferencedLaunchPlan
from alula.core.compiler.errors import Code, CompileErrors
from alula.core.compiler.launch_plan import launch_plan_errors, referenced_launch_plan, unchecked_inputs
from alula.core.compiler.placeholders import Registration, fill_launch_plan, fill_task, fill_workflow
from alula.core.compiler.references import referenced
from alula.core.compiler.specification import Specification
from alula.core.compiler.task import compile_task
from alula.core.compiler.workflow import compile_workflow
from alula.core.errors import InvalidInput
from alula.core.ids import EntityId, entity_id
from alula.core.policy.registration import check_id, check_labels, check_schedule

Closure: TypeAlias = task_pb2.TaskClosure | compiler_pb2.CompiledWorkflowClosure
_T = TypeVar("_T")


class Source(msgspec.Struct, frozen=True):
    """One file."""

    file: str
    specification: Specification


class Compiled(msgspec.Struct, frozen=True):
    """The result of one file."""

    file: str
    id: identifier_pb2.Identifier
    closure: Closure | None
    """As a platform keeps it; a launch plan has none of its own."""


class PackageError(msgspec.Struct, frozen=True):
    """One thing that is wrong."""

    file: str
    code: str
    message: str
    path: str = ""
    """The node, as in `CompileError`."""


class Package(msgspec.Struct, frozen=True):
    """The outcome, in the order of the files: all that is right, and all that is wrong."""

    compiled: tuple[Compiled, ...]
    errors: tuple[PackageError, ...]


def complete(source: Source, registration: Registration) -> Source:
    """The same with every id filled in that it leaves open."""
    match source.specification:
        case task_pb2.TaskSpec() as task:
            spec = task_pb2.TaskSpec()
            spec.CopyFrom(task)
            fill_task(spec, registration)
        case workflow_pb2.WorkflowSpec() as workflow:
            spec = workflow_pb2.WorkflowSpec()
            spec.CopyFrom(workflow)
            fill_workflow(spec, registration)
        case launch_plan_pb2.LaunchPlan() as plan:
            spec = launch_plan_pb2.LaunchPlan()
            spec.CopyFrom(plan)
            fill_launch_plan(spec, registration)
    return Source(source.file, spec)


def id_of(specification: Specification) -> identifier_pb2.Identifier:
    """The id of the entity that it specifies."""
    return specification.id if isinstance(specification, launch_plan_pb2.LaunchPlan) else specification.template.id


def compile_package(sources: Sequence[Source]) -> Package:
    """Compile all of it. Ids must be complete; see `complete`."""
    return _Package(sources).compile()


class _Package:
    """The entities that the files specify, by id, and the errors so far."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._errors: list[PackageError] = []
        self._first: dict[tuple[int, EntityId], Source] = {}
        self._tasks: dict[EntityId, tasks_pb2.TaskTemplate] = {}
        self._workflows: dict[EntityId, workflow_pb2.WorkflowSpec] = {}
        self._launch_plans: dict[EntityId, ReferencedLaunchPlan] = {}

    def compile(self) -> Package:
        for source in self._sources:
            self._take(source)
        for source in self._sources:
            if isinstance(source.specification, launch_plan_pb2.LaunchPlan):
                self._refer_to(source.specification)
        compiled = [one for source in self._sources if (one := self._compiled(source)) is not None]
        return Package(tuple(compiled), tuple(self._errors))

    def _take(self, source: Source) -> None:
        id = id_of(source.specification)
        first = self._first.setdefault((id.resource_type, entity_id(id)), source)
        if first is not source:
            return
        match source.specification:
            case task_pb2.TaskSpec() as task:
                self._tasks[entity_id(id)] = task.template
            case workflow_pb2.WorkflowSpec() as workflow:
                self._workflows[entity_id(id)] = workflow
            case _:
                pass

    def _refer_to(self, plan: launch_plan_pb2.LaunchPlan) -> None:
        workflow = self._workflows.get(entity_id(plan.spec.workflow_id))
        if workflow is not None and entity_id(plan.id) not in self._launch_plans:
            interface = workflow.template.interface
            expected = unchecked_inputs(
                interface.inputs, defaults=plan.spec.default_inputs, fixed=plan.spec.fixed_inputs
            )
            self._launch_plans[entity_id(plan.id)] = referenced_launch_plan(
                plan.id, fixed=plan.spec.fixed_inputs, expected=expected, outputs=interface.outputs
            )

    def _compiled(self, source: Source) -> Compiled | None:
        """The file's result; `None` and errors where something is wrong with it."""
        before = len(self._errors)
        specification = source.specification
        id = id_of(specification)
        first = self._first[id.resource_type, entity_id(id)]
        if first.specification != specification:
            message = f"`{entity_id(id)}` is in `{first.file}` too, with different contents; leave one of them"
            self._errors.append(PackageError(source.file, Code.DUPLICATE_ID, message))
        self._attempt(source.file, lambda: check_id(entity_id(id)))
        closure: Closure | None = None
        match specification:
            case task_pb2.TaskSpec():
                closure = self._attempt(source.file, lambda: _task_closure(specification))
            case workflow_pb2.WorkflowSpec():
                closure = self._attempt(source.file, lambda: self._workflow_closure(specification))
            case launch_plan_pb2.LaunchPlan():
                self._check_launch_plan(source.file, specification)
        return Compiled(source.file, id, closure) if len(self._errors) == before else None

    def _workflow_closure(self, spec: workflow_pb2.WorkflowSpec) -> compiler_pb2.CompiledWorkflowClosure:
        needed = referenced((spec.template, *spec.sub_workflows))
        return compile_workflow(
            spec.template,
            spec.sub_workflows,
            [self._tasks[id] for id in needed.tasks if id in self._tasks],
            [self._launch_plans[id] for id in needed.launch_plans if id in self._launch_plans],
        )

    def _check_launch_plan(self, file: str, plan: launch_plan_pb2.LaunchPlan) -> None:
        spec = plan.spec
        self._attempt(file, lambda: check_labels(spec.labels.values))
        workflow = self._workflows.get(entity_id(spec.workflow_id))
        if workflow is None:
            message = f"the launch plan is for workflow `{entity_id(spec.workflow_id)}`, which is in no file; add it"
            self._errors.append(PackageError(file, "WorkflowNotFound", message))
            return
        inputs = workflow.template.interface.inputs
        wrong = launch_plan_errors(inputs, defaults=spec.default_inputs, fixed=spec.fixed_inputs)
        self._errors += [PackageError(file, error.code, error.message) for error in wrong]
        expected = unchecked_inputs(inputs, defaults=spec.default_inputs, fixed=spec.fixed_inputs)
        self._attempt(file, lambda: check_schedule(spec, expected))

    def _attempt(self, file: str, check: Callable[[], _T]) -> _T | None:
        try:
            return check()
        except CompileErrors as wrong:
            self._errors += [PackageError(file, error.code, error.message, error.path) for error in wrong.errors]
        except InvalidInput as wrong:
            self._errors.append(PackageError(file, wrong.code, str(wrong)))
        return None


def _task_closure(spec: task_pb2.TaskSpec) -> task_pb2.TaskClosure:
    return task_pb2.TaskClosure(compiled_task=compile_task(spec.template))
