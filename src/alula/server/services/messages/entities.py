"""Tasks, workflows, launch plans and projects as messages."""

from __future__ import annotations

from collections.abc import Sequence

from flyteidl.admin import common_pb2, launch_plan_pb2, project_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2

from alula.server.services.messages.names import RESOURCE_TYPES, identifier
from alula.server.services.messages.times import timestamp
from alula.server.store.entities import EntityName, EntityRecord
from alula.server.store.named_entities import NamedEntityRecord
from alula.server.store.projects import ProjectRecord


def task(record: EntityRecord) -> task_pb2.Task:
    """A registered task."""
    return task_pb2.Task(
        id=identifier("task", record.id),
        closure=task_closure(record),
        short_description=record.short_description,
    )


def task_closure(record: EntityRecord) -> task_pb2.TaskClosure:
    """A task's closure, with its time of registration."""
    closure = task_pb2.TaskClosure.FromString(record.closure)
    return task_pb2.TaskClosure(compiled_task=closure.compiled_task, created_at=timestamp(record.created_at))


def workflow(record: EntityRecord) -> workflow_pb2.Workflow:
    """A registered workflow with its whole compiled closure."""
    shown = workflow_pb2.Workflow(
        id=identifier("workflow", record.id),
        closure=workflow_pb2.WorkflowClosure(created_at=timestamp(record.created_at)),
        short_description=record.short_description,
    )
    shown.closure.compiled_workflow.ParseFromString(record.closure)  # a copy would take as long again
    return shown


def workflow_summary(record: EntityRecord) -> workflow_pb2.Workflow:
    """A workflow as lists give it: its interface, without the graph."""
    closure = compiler_pb2.CompiledWorkflowClosure.FromString(record.closure)
    summary = workflow_pb2.Workflow(
        id=identifier("workflow", record.id),
        closure=workflow_pb2.WorkflowClosure(created_at=timestamp(record.created_at)),
        short_description=record.short_description,
    )
    template = summary.closure.compiled_workflow.primary.template
    template.id.CopyFrom(closure.primary.template.id)
    template.interface.CopyFrom(closure.primary.template.interface)
    return summary


def launch_plan(record: EntityRecord) -> launch_plan_pb2.LaunchPlan:
    """A registered launch plan with its state."""
    closure = launch_plan_pb2.LaunchPlanClosure.FromString(record.closure)
    closure.state = launch_plan_pb2.ACTIVE if record.active else launch_plan_pb2.INACTIVE
    closure.created_at.FromMicroseconds(record.created_at)
    if not closure.HasField("updated_at"):
        closure.updated_at.FromMicroseconds(record.created_at)
    return launch_plan_pb2.LaunchPlan(
        id=identifier("launch_plan", record.id),
        spec=launch_plan_pb2.LaunchPlanSpec.FromString(record.spec),
        closure=closure,
    )


def name_identifier(of: EntityName | NamedEntityRecord) -> common_pb2.NamedEntityIdentifier:
    """Project, domain and name as the message that lists of names hold."""
    return common_pb2.NamedEntityIdentifier(project=of.project, domain=of.domain, name=of.name)


def named_entity(record: NamedEntityRecord) -> common_pb2.NamedEntity:
    """All versions of a name as one thing."""
    return common_pb2.NamedEntity(
        resource_type=RESOURCE_TYPES[record.kind],
        id=name_identifier(record),
        metadata=common_pb2.NamedEntityMetadata(
            description=record.description,
            state=record.state,  # pyright: ignore[reportArgumentType]  stubs call a protobuf enum its own class
        ),
    )


def project(record: ProjectRecord, domain_names: Sequence[str]) -> project_pb2.Project:
    """A project with its domains."""
    return project_pb2.Project(
        id=record.id,
        name=record.name,
        description=record.description,
        labels=common_pb2.Labels(values=record.labels),
        state=project_pb2.Project.ARCHIVED if record.archived else project_pb2.Project.ACTIVE,
        domains=domains(domain_names),
    )


def domains(names: Sequence[str]) -> list[project_pb2.Domain]:
    """The platform's domains."""
    return [project_pb2.Domain(id=name, name=name) for name in names]
