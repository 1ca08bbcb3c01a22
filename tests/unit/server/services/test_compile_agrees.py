"""What `alula compile` refuses, a registration refuses for the same reasons, and the other way round."""

from __future__ import annotations

from typing import Any

import pytest
from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import identifier_pb2
from tests import flyte_specs as specs
from tests.packages import without_place
from tests.unit.core.compiler.defects import Case, all_defects, variants_of

from alula.core.compiler import Code, CompileErrors
from alula.core.compiler.package import Source, compile_package, complete, id_of
from alula.core.compiler.placeholders import Registration
from alula.core.compiler.specification import Specification
from alula.core.errors import InvalidInput
from alula.server.identity import Caller
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow

pytestmark = pytest.mark.anyio
REGISTRATION = Registration(specs.PROJECT, specs.DOMAIN, "v1")


def sources_of(case: Case) -> list[Source]:
    """As files, with everything where it can be registered."""
    tasks = [task_pb2.TaskSpec(template=task) for task in case.tasks]
    workflow = workflow_pb2.WorkflowSpec(template=case.template, sub_workflows=case.sub_workflows)
    return [
        complete(Source(str(place), without_place(spec)), REGISTRATION) for place, spec in enumerate([*tasks, workflow])
    ]


async def register(platform: Platform, caller: Caller, specification: Specification) -> None:
    id = id_of(specification)
    match specification:
        case task_pb2.TaskSpec():
            await create_task(platform, caller, task_pb2.TaskCreateRequest(id=id, spec=specification), Registrant())
        case workflow_pb2.WorkflowSpec():
            await create_workflow(platform, caller, workflow_pb2.WorkflowCreateRequest(id=id, spec=specification))
        case launch_plan_pb2.LaunchPlan():
            request = launch_plan_pb2.LaunchPlanCreateRequest(id=id, spec=specification.spec)
            await create_launch_plan(platform, caller, request)


async def refusals(platform: Platform, caller: Caller, sources: list[Source]) -> set[tuple[str, str]]:
    """File and code of all that a platform says about them, one after the other."""
    said: set[tuple[str, str]] = set()
    for source in sources:
        try:
            await register(platform, caller, source.specification)
        except CompileErrors as wrong:
            said |= {(source.file, error.code) for error in wrong.errors}
        except InvalidInput as wrong:
            said.add((source.file, wrong.code))
    return said


def has_two_of_one_name(case: Case) -> bool:
    """What a platform notices when the second comes, under a code of its own."""
    return len({task.id.name for task in case.tasks}) < len(case.tasks)


CASES = [case for code in Code for case in (all_defects()[code](), *variants_of(code)) if not has_two_of_one_name(case)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.template.nodes[0].id if case.template.nodes else "empty")
async def test_on_workflows_with_a_defect(platform: Platform, caller: Caller, case: Case) -> None:
    sources = sources_of(case)
    compiled = {(error.file, str(error.code)) for error in compile_package(sources).errors}
    assert compiled == await refusals(platform, caller, sources)
    assert compiled


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"fixed_inputs": {"literals": {"x": specs.integer(1)}}},
        {"fixed_inputs": {"literals": {"x": specs.text("a")}}},
        {"fixed_inputs": {"literals": {"y": specs.integer(1)}}},
        {"default_inputs": {"parameters": {"x": {"var": {"type": specs.INTEGER}, "default": specs.text("a")}}}},
        {"labels": {"values": {"a b": "c"}}},
        {"entity_metadata": {"schedule": {"cron_schedule": {"schedule": "@daily"}}}},
        {"workflow_id": specs.identifier(identifier_pb2.WORKFLOW, "nowhere")},
    ],
)
async def test_on_launch_plans(platform: Platform, caller: Caller, spec: dict[str, Any]) -> None:
    plan = launch_plan_pb2.LaunchPlan(
        id=specs.identifier(identifier_pb2.LAUNCH_PLAN, "lp"),
        spec=launch_plan_pb2.LaunchPlanSpec(**{"workflow_id": specs.identifier(identifier_pb2.WORKFLOW, "w"), **spec}),
    )
    sources = [
        Source("t", specs.task("t").spec),
        Source("w", specs.workflow("w", "t").spec),
        Source("lp", plan),
    ]
    compiled = {(error.file, str(error.code)) for error in compile_package(sources).errors}
    assert compiled == await refusals(platform, caller, sources)
