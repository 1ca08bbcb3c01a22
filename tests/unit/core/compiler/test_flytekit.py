"""What flytekit writes compiles: a package as `pyflyte package` makes it, and the futures of a dynamic task."""

from __future__ import annotations

import tarfile
from pathlib import Path

import msgspec
import pytest
from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, dynamic_job_pb2, interface_pb2, tasks_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2

from alula.core.compiler import ReferencedLaunchPlan, compile_task, compile_workflow
from alula.core.compiler.dynamic import compile_dynamic
from alula.core.compiler.launch_plan import expected_inputs

FOLDER = Path(__file__).parent / "flytekit"


class Package(msgspec.Struct):
    """What `pyflyte package` wrote: the digit at the end of a file name tells what is in it."""

    tasks: dict[str, tasks_pb2.TaskTemplate] = {}
    workflows: dict[str, workflow_pb2.WorkflowSpec] = {}
    launch_plans: list[launch_plan_pb2.LaunchPlan] = []

    def compiled(self, name: str) -> compiler_pb2.CompiledWorkflowClosure:
        spec = self.workflows[name]
        plans = [self.referenced(plan) for plan in self.launch_plans]
        return compile_workflow(spec.template, spec.sub_workflows, self.tasks.values(), plans)

    def referenced(self, plan: launch_plan_pb2.LaunchPlan) -> ReferencedLaunchPlan:
        interface = self.workflows[plan.spec.workflow_id.name].template.interface
        expected = expected_inputs(
            plan.id.name, interface.inputs, defaults=plan.spec.default_inputs, fixed=plan.spec.fixed_inputs
        )
        variables = {name: parameter.var for name, parameter in expected.parameters.items()}
        template = core_workflow_pb2.LaunchPlanTemplate(
            id=plan.id,
            interface=interface_pb2.TypedInterface(
                inputs=interface_pb2.VariableMap(variables=variables), outputs=interface.outputs
            ),
        )
        return ReferencedLaunchPlan(template, expected)


@pytest.fixture(scope="module")
def package() -> Package:
    read = Package()
    with tarfile.open(FOLDER / "package.tgz") as archive:
        for member in archive:
            file = archive.extractfile(member)
            assert file is not None
            content, kind = file.read(), member.name.removesuffix(".pb")[-1]
            if kind == "1":
                template = task_pb2.TaskSpec.FromString(content).template
                read.tasks[template.id.name] = template
            elif kind == "2":
                spec = workflow_pb2.WorkflowSpec.FromString(content)
                read.workflows[spec.template.id.name] = spec
            else:
                read.launch_plans.append(launch_plan_pb2.LaunchPlan.FromString(content))
    return read


def test_all_workflows_and_tasks_compile(package: Package) -> None:
    assert len(package.workflows) == 13
    for task in package.tasks.values():
        compile_task(task)
    for name, spec in package.workflows.items():
        compiled = package.compiled(name).primary.template
        written = {node.id for node in spec.template.nodes}
        assert written <= {node.id for node in compiled.nodes}


def test_a_map_task_that_tolerates_failures_gives_optional_items(package: Package) -> None:
    nodes = {node.id: node for node in package.compiled("flows.maps").primary.template.nodes}
    tolerant = [node for node in nodes.values() if node.array_node.min_success_ratio == 0.5]
    assert len(tolerant) == 1
    assert list(tolerant[0].array_node.bound_inputs) == ["b"]


def test_nodes_of_nested_branches_stand_inside_them(package: Package) -> None:
    compiled = package.compiled("flows.nested_branches").primary
    assert [node.id for node in compiled.template.nodes] == ["start-node", "end-node", "n0"]
    inner = compiled.template.nodes[2].branch_node.if_else.case.then_node
    assert inner.id == "n0-n0"
    assert inner.branch_node.if_else.else_node.id == "n0-n0-n1"
    assert set(compiled.connections.upstream) >= {"n0-n0", "n0-n0-n0", "n0-n0-n1"}


def test_what_a_dynamic_task_made_compiles(package: Package) -> None:
    job = dynamic_job_pb2.DynamicJobSpec.FromString((FOLDER / "futures.pb").read_bytes())
    closure = compile_dynamic(job, parent=package.tasks["flows.grow"], node_id="n0")
    assert len(closure.primary.template.nodes) == 2 + 4
    assert [one.template.id.name for one in closure.sub_workflows] == ["flows.inner"]
