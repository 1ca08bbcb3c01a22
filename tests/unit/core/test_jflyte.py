"""What flytekit-java and jflyte write is understood. The recordings are of jflyte 0.3.20; `Flows.java` is their source.

`package.tgz` is what `jflyte serialize workflows` wrote, the other files are what attempts of its tasks left.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import dynamic_job_pb2, literals_pb2
from tests.present import present

from alula.core.compiler.dynamic import compile_dynamic
from alula.core.compiler.package import Package, Source, compile_package, complete, id_of
from alula.core.compiler.placeholders import Registration
from alula.core.compiler.specification import specification_of_bytes
from alula.core.errors import TaskError
from alula.core.literals.checking import check_value
from alula.core.policy.outcome import Outcome, Succeeded, interpret

FOLDER = Path(__file__).parent / "jflyte"
SOMEWHERE = Registration("p", "d", "v1")


@pytest.fixture(scope="module")
def sources() -> dict[str, Source]:
    """By name and kind, as `Flows$Sum task`."""
    found: dict[str, Source] = {}
    with tarfile.open(FOLDER / "package.tgz") as archive:
        for member in archive:
            file = archive.extractfile(member)
            assert file is not None
            source = complete(Source(member.name, specification_of_bytes(file.read(), member.name)), SOMEWHERE)
            id = id_of(source.specification)
            kind = {1: "task", 2: "workflow", 3: "launch plan"}[id.resource_type]
            found[f"{id.name.removeprefix('example.')} {kind}"] = source
    return found


@pytest.fixture(scope="module")
def package(sources: dict[str, Source]) -> Package:
    return compile_package(list(sources.values()))


def test_a_package_compiles_with_launch_plans_that_have_no_id(package: Package) -> None:
    assert not package.errors
    assert sorted(one.id.name for one in package.compiled if one.id.resource_type == 3) == [
        "example.Answer",
        "example.Daily",
        "example.Flows$Add",
        "example.Flows$Everything",
    ]
    assert len(package.compiled) == 4 + 2 + 4
    assert {(one.id.project, one.id.domain, one.id.version) for one in package.compiled} == {("p", "d", "v1")}


def test_a_workflow_needs_one_of_a_package_to_be_there(sources: dict[str, Source]) -> None:
    others = [source for name, source in sources.items() if name != "Flows$Sum task"]
    assert {error.code for error in compile_package(others).errors} == {"TaskReferenceNotFound"}


def test_what_a_dynamic_workflow_made_compiles_with_its_sub_workflow(sources: dict[str, Source]) -> None:
    specification = sources["Flows$Fibonacci task"].specification
    assert isinstance(specification, task_pb2.TaskSpec)
    left = interpret(
        exit_code=0, futures=read("futures.pb"), declared=specification.template.interface.outputs.variables
    )
    assert isinstance(left, Succeeded)
    job = dynamic_job_pb2.DynamicJobSpec.FromString(present(left.futures))
    closure = compile_dynamic(job, parent=specification.template, node_id="fibonacci")
    assert [node.id for node in closure.primary.template.nodes][2:] == ["sub", "fib-3", "fib-4"]
    assert [one.template.id.name for one in closure.sub_workflows] == ["example.Flows$Add"]


def test_outputs_are_of_the_types_that_the_task_declares(sources: dict[str, Source]) -> None:
    specification = sources["Flows$Sum task"].specification
    assert isinstance(specification, task_pb2.TaskSpec)
    declared = specification.template.interface.outputs.variables
    left = interpret(exit_code=0, outputs=read("outputs.pb"), declared=declared)
    assert isinstance(left, Succeeded)
    value = literals_pb2.LiteralMap.FromString(left.outputs).literals["c"]
    assert value.scalar.primitive.integer == 5
    assert not check_value(value, declared["c"].type)


def test_an_error_has_the_code_of_its_author_and_an_exception_its_trace() -> None:
    declared = failed(interpret(exit_code=0, error_document=read("error-recoverable.pb"), declared={}))
    assert (declared.code, declared.message, declared.kind, declared.recoverable) == (
        "Negative",
        "is negative",
        "USER",
        True,
    )
    thrown = failed(interpret(exit_code=0, error_document=read("error-exception.pb"), declared={}))
    assert (thrown.code, thrown.recoverable) == ("SYSTEM:Unknown", False)
    assert thrown.message.startswith("java.lang.ArithmeticException: / by zero\n\tat example.Flows$Divide.run(")


def read(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def failed(outcome: Outcome) -> TaskError:
    assert isinstance(outcome, TaskError)
    return outcome
