"""References in an author's code: their entities, read from the platform and held to the code's declarations."""

from __future__ import annotations

from collections.abc import Iterable

from flyteidl.admin import common_pb2
from flyteidl.core import identifier_pb2, tasks_pb2, workflow_pb2

from alula.core.compiler import ReferencedLaunchPlan
from alula.core.compiler.launch_plan import referenced_launch_plan
from alula.core.compiler.references import referenced
from alula.core.errors import NotFound
from alula.core.ids import EntityId, entity_id
from alula.sdk.client.connection import Connection
from alula.sdk.client.registered import what_may_be_meant
from alula.sdk.client.rpcs import GET_LAUNCH_PLAN, GET_TASK, GET_WORKFLOW
from alula.sdk.serialize.referenced import AnyReference, Registered, check_reference, identifier_of


def look_up(connection: Connection, references: Iterable[AnyReference]) -> Registered:
    """The platform's entities behind these references.

    Raises `NotFound` code `ReferenceNotFound`, and `InvalidInput` code `ReferenceMismatch` for one that is declared
    otherwise than it is registered.
    """
    found = _Found(connection)
    for reference in references:
        try:
            found.add(identifier_of(reference))
        except NotFound as error:
            raise _missing(connection, reference) from error
        check_reference(reference, found.registered.interface(reference))
    return found.registered


class _Found:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tasks: dict[EntityId, tasks_pb2.TaskTemplate] = {}
        self._workflows: dict[EntityId, tuple[workflow_pb2.WorkflowTemplate, ...]] = {}
        self._launch_plans: dict[EntityId, ReferencedLaunchPlan] = {}
        self.registered = Registered(self._tasks, self._workflows, self._launch_plans)

    def add(self, id: identifier_pb2.Identifier) -> None:
        request = common_pb2.ObjectGetRequest(id=id)
        if id.resource_type == identifier_pb2.TASK:
            task = self._connection.call(GET_TASK, request)
            self._tasks[entity_id(id)] = task.closure.compiled_task.template
        elif id.resource_type == identifier_pb2.LAUNCH_PLAN:
            plan = self._connection.call(GET_LAUNCH_PLAN, request)
            self._launch_plans[entity_id(id)] = referenced_launch_plan(
                plan.id,
                fixed=plan.spec.fixed_inputs,
                expected=plan.closure.expected_inputs,
                outputs=plan.closure.expected_outputs,
            )
        else:
            self._add_workflow(id)

    def _add_workflow(self, id: identifier_pb2.Identifier) -> None:
        workflow = self._connection.call(GET_WORKFLOW, common_pb2.ObjectGetRequest(id=id))
        closure = workflow.closure.compiled_workflow
        templates = (*(each.template for each in closure.sub_workflows), closure.primary.template)
        self._workflows[entity_id(id)] = templates
        self._tasks.update({entity_id(task.template.id): task.template for task in closure.tasks})
        for plan in referenced(templates).launch_plans:
            self.add(
                identifier_pb2.Identifier(
                    resource_type=identifier_pb2.LAUNCH_PLAN,
                    project=plan.project,
                    domain=plan.domain,
                    name=plan.name,
                    version=plan.version,
                )
            )


def _missing(connection: Connection, reference: AnyReference) -> NotFound:
    id = identifier_of(reference)
    return NotFound(
        "ReferenceNotFound",
        f"{reference.location}: {reference.interface.kind} `{reference.interface.name}` is of `{id.name}`, version"
        f" {id.version}, which is no {reference.kind} in {id.project}/{id.domain}",
        fix=what_may_be_meant(connection, id.project, id.domain, id.name, id.version),
    )
