"""Specifications as packages have them: with ids that leave open where they are to be registered."""

from __future__ import annotations

from flyteidl.admin import launch_plan_pb2, workflow_pb2
from tests.messages import copied

from alula.core.compiler.package import id_of
from alula.core.compiler.references import all_nodes
from alula.core.compiler.specification import Specification


def without_place(specification: Specification, mark: str = "", *, marked: bool = True) -> Specification:
    """The same with project, domain and version left open everywhere, as empty text or as placeholders.

    Where they are not `marked`, ids do not say what they are of either.
    """
    copy = copied(specification)
    ids = [id_of(copy)]
    if isinstance(copy, launch_plan_pb2.LaunchPlan):
        ids.append(copy.spec.workflow_id)
    elif isinstance(copy, workflow_pb2.WorkflowSpec):
        templates = (copy.template, *copy.sub_workflows)
        ids += [template.id for template in templates]
        for node in all_nodes(templates):
            for target in (node.task_node, node.workflow_node):
                reference = target.WhichOneof("reference")
                ids += [getattr(target, reference)] if reference else []
    for id in ids:
        if not marked:
            id.ClearField("resource_type")
        for part in ("project", "domain", "version"):
            setattr(id, part, mark.format(part))
    return copy
