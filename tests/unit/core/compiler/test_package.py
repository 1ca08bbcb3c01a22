"""A package compiles as a whole: ids are completed, references found among the files, everything wrong told at once."""

from __future__ import annotations

import random
import tarfile
from pathlib import Path
from typing import Any

import pytest
from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, identifier_pb2, tasks_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2
from tests.graphs import (
    INT,
    branch_node,
    comparison,
    identifier,
    integer,
    launch_plan_node,
    list_of,
    map_node,
    map_workflow_node,
    sub_workflow_node,
    task,
    task_node,
    workflow,
)
from tests.packages import without_place

from alula.core.compiler.package import Package, Source, compile_package, complete, id_of
from alula.core.compiler.placeholders import Registration
from alula.core.compiler.specification import specification_of_bytes

PACKAGE = Path(__file__).parent / "flytekit" / "package.tgz"
REGISTRATION = Registration("flytesnacks", "development", "v7")
T = task("t")
LISTS = task("lists", inputs={"xs": list_of(INT)}, outputs={"o0": list_of(INT)})


def task_file(template: tasks_pb2.TaskTemplate, file: str = "") -> Source:
    return Source(file or f"{template.id.name}_1.pb", task_pb2.TaskSpec(template=template))


def workflow_file(
    template: core_workflow_pb2.WorkflowTemplate, *subs: core_workflow_pb2.WorkflowTemplate, file: str = ""
) -> Source:
    spec = workflow_pb2.WorkflowSpec(template=template, sub_workflows=subs)
    return Source(file or f"{template.id.name}_2.pb", spec)


def plan_file(name: str = "lp", of: str = "w", file: str = "", **spec: Any) -> Source:
    plan = launch_plan_pb2.LaunchPlan(
        id=identifier(identifier_pb2.LAUNCH_PLAN, name),
        spec=launch_plan_pb2.LaunchPlanSpec(workflow_id=identifier(identifier_pb2.WORKFLOW, of), **spec),
    )
    return Source(file or f"{name}_3.pb", plan)


def simple() -> Source:
    return workflow_file(workflow("w", [task_node("n0", T, x=".x")], outputs={"o0": (INT, "n0.o0")}))


def found(package: Package) -> list[tuple[str, str, str]]:
    return [(error.file, error.code, error.path) for error in package.errors]


def test_each_task_and_workflow_has_a_closure_and_a_launch_plan_none() -> None:
    package = compile_package([plan_file(), simple(), task_file(T)])
    assert package.errors == ()
    assert [(one.file, type(one.closure)) for one in package.compiled] == [
        ("lp_3.pb", type(None)),
        ("w_2.pb", compiler_pb2.CompiledWorkflowClosure),
        ("t_1.pb", task_pb2.TaskClosure),
    ]


def test_a_closure_holds_only_what_it_needs() -> None:
    package = compile_package([task_file(LISTS), task_file(T), simple()])
    closure = package.compiled[2].closure
    assert isinstance(closure, compiler_pb2.CompiledWorkflowClosure)
    assert [one.template.id.name for one in closure.tasks] == ["t"]


def test_all_that_is_wrong_in_all_files_comes_at_once() -> None:
    broken = task("broken")
    broken.type = ""
    sub = workflow("sub", [task_node("n0", T)])
    outer = workflow("w", [sub_workflow_node("n1", sub, x=".x"), task_node("n2", broken, x="n9.o0")])
    sources = [task_file(broken), task_file(T), workflow_file(outer, sub), plan_file(of="nowhere")]
    assert found(compile_package(sources)) == [
        ("broken_1.pb", "ValueRequired", ""),
        ("w_2.pb", "NodeReferenceNotFound", "n2"),
        ("w_2.pb", "ParameterNotBound", "n1/n0"),
        ("lp_3.pb", "WorkflowNotFound", ""),
    ]


def test_a_task_that_no_file_has_is_missing() -> None:
    assert found(compile_package([simple()])) == [("w_2.pb", "TaskReferenceNotFound", "n0")]


def test_the_same_thing_in_two_files_is_fine() -> None:
    package = compile_package([task_file(T, "a.pb"), task_file(T, "b.pb"), simple()])
    assert package.errors == ()
    assert [one.file for one in package.compiled] == ["a.pb", "b.pb", "w_2.pb"]


def test_two_things_of_one_id_are_not() -> None:
    package = compile_package([task_file(T, "a.pb"), task_file(task("t", retries=1), "b.pb")])
    assert found(package) == [("b.pb", "DuplicateId", "")]
    assert "`a.pb`" in package.errors[0].message


def test_a_task_and_a_workflow_may_have_one_name() -> None:
    assert compile_package([task_file(T), workflow_file(workflow("t", [task_node("n0", T, x=1)]))]).errors == ()


def test_a_node_sees_a_launch_plan_as_its_callers_do() -> None:
    """Fixed inputs can't be bound, those with a default need not be."""
    two = workflow("two", [task_node("n0", T, x=".x")], inputs={"x": INT, "y": INT, "z": INT})
    plan = plan_file(
        of="two",
        default_inputs={"parameters": {"y": {"var": {"type": INT}, "default": integer(1)}}},
        fixed_inputs={"literals": {"z": integer(2)}},
    )
    id = id_of(plan.specification)
    good = workflow_file(workflow("good", [launch_plan_node("n0", id, x=1)]))
    bad = workflow_file(workflow("bad", [launch_plan_node("n0", id, z=1)]))
    assert found(compile_package([good, bad, plan, workflow_file(two), task_file(T)])) == [
        ("bad_2.pb", "VariableNameNotFound", "n0"),
        ("bad_2.pb", "ParameterNotBound", "n0"),
    ]


CRON = {"schedule": {"cron_schedule": {"schedule": "@daily"}}}


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"fixed_inputs": {"literals": {"nope": integer(1)}}}, "VariableNameNotFound"),
        ({"fixed_inputs": {"literals": {"x": {"scalar": {"none_type": {}}}}}}, "MismatchingTypes"),
        ({"default_inputs": {"parameters": {"nope": {"required": True}}}}, "VariableNameNotFound"),
        ({"labels": {"values": {"not a label": "1"}}}, "InvalidLabel"),
        ({"labels": {"values": {f"l{number}": "1" for number in range(17)}}}, "TooManyLabels"),
        ({"entity_metadata": CRON}, "ScheduleInputs"),
    ],
)
def test_launch_plans_are_checked_as_at_registration(spec: dict[str, Any], code: str) -> None:
    assert found(compile_package([task_file(T), simple(), plan_file(**spec)])) == [("lp_3.pb", code, "")]


def test_who_calls_a_launch_plan_is_not_blamed_for_what_is_wrong_with_it() -> None:
    plan = plan_file(fixed_inputs={"literals": {"nope": integer(1)}})
    caller = workflow_file(workflow("caller", [launch_plan_node("n0", id_of(plan.specification), x=1)]))
    assert found(compile_package([task_file(T), simple(), plan, caller])) == [("lp_3.pb", "VariableNameNotFound", "")]


@pytest.mark.parametrize(("version", "code"), [("a/b", "InvalidVersion"), ("v" * 600, "InvalidVersion")])
def test_a_version_that_nothing_can_be_registered_under(version: str, code: str) -> None:
    open_id = task("t")
    open_id.id.ClearField("version")
    source = complete(task_file(open_id), Registration("p", "d", version))
    assert found(compile_package([source])) == [("t_1.pb", code, "")]


@pytest.mark.parametrize("mark", ["", "{{{{ registration.{} }}}}", "{{{{registration.{}}}}}"])
def test_ids_are_completed_wherever_they_are(mark: str) -> None:
    plan = plan_file()
    sub = workflow("sub", [task_node("n0", T, x=".x")], outputs={"o0": (INT, "n0.o0")})
    cases = [(comparison("v", "GT", 1), sub_workflow_node("a", sub, x=1))]
    everything = workflow(
        "everything",
        [
            branch_node("n0", cases, otherwise=task_node("b", T, x=1), v=".x"),
            map_node("n1", LISTS, xs=".xs"),
            map_workflow_node("n2", sub, x=".xs"),
            map_workflow_node("n3", id_of(plan.specification), x=".xs"),
            launch_plan_node("n4", id_of(plan.specification), x=1),
        ],
        inputs={"x": INT, "xs": list_of(INT)},
    )
    everything.failure_node.CopyFrom(task_node("fn0", T, x=".x"))
    sources = [task_file(T), task_file(LISTS), simple(), plan, workflow_file(everything, sub)]
    registration = Registration("p", "d", "v")
    completed = [
        complete(Source(source.file, without_place(source.specification, mark, marked=False)), registration)
        for source in sources
    ]
    package = compile_package(completed)
    assert package.errors == ()
    assert package == compile_package(sources)


def test_what_an_id_says_itself_stays() -> None:
    assert complete(simple(), REGISTRATION) == simple()


def test_a_launch_plan_without_a_name_has_its_workflows() -> None:
    bare = Source("any.yaml", launch_plan_pb2.LaunchPlan(spec=plan_file().specification.spec))  # type: ignore[union-attr]
    assert id_of(complete(bare, REGISTRATION).specification).name == "w"


def test_a_package_is_left_as_it_is() -> None:
    source = Source("t_1.pb", without_place(task_file(T).specification))
    before = source.specification.SerializeToString()
    complete(source, REGISTRATION)
    assert source.specification.SerializeToString() == before


@pytest.fixture(scope="module")
def flytekits() -> list[Source]:
    """What flytekit wrote, completed."""
    sources = []
    with tarfile.open(PACKAGE) as archive:
        for member in archive:
            file = archive.extractfile(member)
            assert file is not None
            specification = specification_of_bytes(file.read(), member.name)
            sources.append(complete(Source(member.name, specification), REGISTRATION))
    return sources


def test_a_package_of_flytekit_compiles_in_any_order(flytekits: list[Source]) -> None:
    whole = compile_package(flytekits)
    assert whole.errors == ()
    closures = {one.file: one.closure for one in whole.compiled}
    for seed in range(5):
        turned = random.Random(seed).sample(flytekits, len(flytekits))
        assert {one.file: one.closure for one in compile_package(turned).compiled} == closures


def test_a_file_that_is_taken_out_is_missed_by_name_and_nothing_else_is_wrong(flytekits: list[Source]) -> None:
    for gone in flytekits:
        if isinstance(gone.specification, task_pb2.TaskSpec):
            package = compile_package([source for source in flytekits if source is not gone])
            assert {error.code for error in package.errors} <= {"TaskReferenceNotFound"}
            assert all(f"/{id_of(gone.specification).name}@v7`" in error.message for error in package.errors)
