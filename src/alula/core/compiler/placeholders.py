"""Ids that a specification leaves open: empty, or placeholders that a registration would fill.

`pyflyte package` writes neither project, domain nor version; other tools write `{{ registration.project }}` and its
like. jflyte writes the domain's placeholder into the version and the version's into the domain: whichever stands in a
field, the field says what belongs there. What a specification says itself is left as it is.
"""

from __future__ import annotations

import re

import msgspec
from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import identifier_pb2

from alula.core.compiler.references import all_nodes

_PLACEHOLDER = re.compile(r"\{\{\s*registration\.(project|domain|version)\s*\}\}")


class Registration(msgspec.Struct, frozen=True):
    """The project, domain and version under which a package is to be registered."""

    project: str
    domain: str
    version: str


def fill_task(spec: task_pb2.TaskSpec, registration: Registration) -> None:
    """Complete a task's id, in place."""
    _fill(spec.template.id, identifier_pb2.TASK, registration)


def fill_workflow(spec: workflow_pb2.WorkflowSpec, registration: Registration) -> None:
    """Complete the ids of a workflow, of its sub-workflows, and of all that their nodes refer to, in place."""
    templates = (spec.template, *spec.sub_workflows)
    for template in templates:
        _fill(template.id, identifier_pb2.WORKFLOW, registration)
    for node in all_nodes(templates):
        if node.task_node.HasField("reference_id"):
            _fill(node.task_node.reference_id, identifier_pb2.TASK, registration)
        elif node.workflow_node.HasField("sub_workflow_ref"):
            _fill(node.workflow_node.sub_workflow_ref, identifier_pb2.WORKFLOW, registration)
        elif node.workflow_node.HasField("launchplan_ref"):
            _fill(node.workflow_node.launchplan_ref, identifier_pb2.LAUNCH_PLAN, registration)


def fill_launch_plan(plan: launch_plan_pb2.LaunchPlan, registration: Registration) -> None:
    """Complete the ids of a launch plan and its workflow, in place. One without a name has its workflow's."""
    _fill(plan.spec.workflow_id, identifier_pb2.WORKFLOW, registration)
    if not plan.id.name:
        plan.id.name = plan.spec.workflow_id.name
    _fill(plan.id, identifier_pb2.LAUNCH_PLAN, registration)


def _fill(id: identifier_pb2.Identifier, kind: identifier_pb2.ResourceType, registration: Registration) -> None:
    if id.resource_type == identifier_pb2.UNSPECIFIED:
        id.resource_type = kind
    for part in ("project", "domain", "version"):
        if _is_open(getattr(id, part)):
            setattr(id, part, getattr(registration, part))


def _is_open(text: str) -> bool:
    return not text or _PLACEHOLDER.fullmatch(text) is not None
