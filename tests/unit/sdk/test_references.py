"""References: names of registered entities with a declared interface, held to the registered one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from flyteidl.admin.launch_plan_pb2 import LaunchPlan as LaunchPlanMessage
from flyteidl.admin.workflow_pb2 import WorkflowSpec
from google.protobuf import text_format
from tests import modules

from alula import (
    LaunchPlan,
    dynamic,
    map_task,
    reference_launch_plan,
    reference_task,
    reference_workflow,
    task,
    workflow,
)
from alula.core.compiler.entities import interface_of
from alula.core.errors import AlulaError, InvalidInput
from alula.core.ids import entity_id
from alula.sdk.serialize import SerializationSettings, serialize
from alula.sdk.serialize.compiling import compiled_workflow
from alula.sdk.serialize.interfaces import typed_interface
from alula.sdk.serialize.referenced import Registered, check_reference, identifier_of

WIRE = Path(__file__).parent / "wire"
GOLDENS = json.loads((WIRE / "goldens.json").read_text())["references"]
SETTINGS = SerializationSettings(project="p", domain="d", version="v", image="image:1", environment={"E": "1"})
HOME = {"project": "p", "domain": "d", "version": "v1"}


@reference_task(name="base.clean", **HOME)
def clean(rows: list[float], depth: int = 3) -> list[float]: ...


@reference_workflow(name="base.whole", **HOME)
def whole(n: int) -> int: ...


@reference_launch_plan(name="nightly", **HOME)
def nightly(n: int) -> int: ...


@task
def show(n: int) -> int:
    return n


@dynamic
def expanding(n: int) -> int:
    return nightly(n=n)


@pytest.fixture(scope="module")
def written():
    yield serialize(modules.load("references", WIRE / "references.py").referring, settings=SETTINGS)
    del sys.modules["references"]


def test_nodes_are_written_as_flytekit_writes_them(written):
    golden = WorkflowSpec.FromString(bytes.fromhex(GOLDENS["workflow references.referring"]))
    ours = written.workflows["references.referring"]
    for node in ours.template.nodes:  # flytekit has its own form of a name that nothing reads
        if node.HasField("array_node"):
            node.array_node.node.id = node.array_node.node.id.replace(".", "-")
    assert text_format.MessageToString(ours) == text_format.MessageToString(golden)


def test_a_launch_plan_of_a_reference_is_written_as_flytekit_writes_it(written):
    golden = LaunchPlanMessage.FromString(bytes.fromhex(GOLDENS["launch plan deeper"])).spec
    assert written.launch_plans["deeper"].workflow_id == golden.workflow_id
    assert written.launch_plans["deeper"].fixed_inputs == golden.fixed_inputs


def test_nothing_that_is_referred_to_is_registered_again(written):
    own = {"references.referring", "deeper"}
    assert {each.id.name for each in written.entities} == own
    assert {each.name for each in written.references} == {"base.join", "base.each", "base.whole", "nightly"}


def test_defaults_of_the_signature_are_values_of_the_call():
    @workflow
    def calling(rows: list[float]) -> list[float]:
        return clean(rows=rows)

    node = serialize(calling, settings=SETTINGS).workflows[calling.name].template.nodes[0]
    bound = {each.var: each.binding for each in node.inputs}
    assert bound["depth"].scalar.primitive.integer == 3


def test_a_workflow_that_runs_inside_is_taken_from_what_is_registered():
    @workflow
    def inner(n: int) -> int:
        return show(n=n)

    @workflow
    def outer(n: int) -> int:
        return whole(n=n)

    theirs = serialize(inner, settings=SETTINGS)
    template = theirs.workflows[inner.name].template
    template.id.CopyFrom(identifier_of(whole))
    tasks = {entity_id(spec.template.id): spec.template for spec in theirs.tasks.values()}
    registered = Registered(tasks=tasks, workflows={entity_id(template.id): (template,)})
    ours = serialize(outer, settings=SETTINGS, registered=registered)
    assert [each.id.name for each in ours.workflows[outer.name].sub_workflows] == ["base.whole"]
    assert [each.template.id.name for each in compiled_workflow(ours, outer.name).tasks] == [show.name]


@pytest.mark.parametrize("where", ["called", "in a workflow", "mapped", "by a launch plan", "by a dynamic task"])
def test_what_is_registered_can_not_be_run_here(where):
    @workflow
    def calling() -> int:
        return show(n=nightly(n=1))

    runs = {
        "called": lambda: nightly(n=1),
        "in a workflow": calling,
        "mapped": lambda: map_task(nightly)(n=[1]),
        "by a launch plan": lambda: LaunchPlan.create("of-a-reference", whole)(n=1),
        "by a dynamic task": lambda: expanding(n=1),
    }
    with pytest.raises(AlulaError, match=r"`(nightly|whole)`.*run --remote") as raised:
        runs[where]()
    assert "registered code, which is not here" in str(raised.value)


def test_in_a_test_a_task_of_ones_own_takes_its_place(monkeypatch):
    @task
    def fake(n: int) -> int:
        return n + 100

    @workflow
    def calling() -> int:
        return nightly(n=1)

    monkeypatch.setitem(globals(), "nightly", fake)
    assert calling() == 101


def declared(function):
    return reference_task(name="base.clean", **HOME)(function)


def registered_as(function):
    return interface_of(typed_interface(task(function).interface))


def test_an_equal_interface_and_optional_inputs_left_out_fit():
    def given(rows: list[float], depth: int = 3) -> list[float]: ...
    def with_optional(rows: list[float], depth: int, note: str | None) -> list[float]: ...

    check_reference(declared(given), registered_as(given))
    check_reference(declared(given), registered_as(with_optional))


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ("(rows: list[float], depth: str) -> list[float]", "input `depth` is str, not int"),
        ("(rows: list[float]) -> list[float]", "it has no input `depth`"),
        ("(rows: list[float], depth: int, far: bool) -> list[float]", "its input `far` of type bool is not declared"),
        ("(rows: list[float], depth: int) -> float", "output `o0` is float, not list[float]"),
        ("(rows: list[float], depth: int) -> None", "it has no output `o0`"),
        ("(rows: list[float], depth: int) -> tuple[list[float], int]", "its output `o1` is not declared"),
    ],
)
def test_a_difference_is_named_with_the_signature_that_would_fit(other, difference):
    namespace: dict[str, object] = {}
    exec(f"def other{other}: ...", namespace)
    with pytest.raises(InvalidInput) as raised:
        check_reference(clean, registered_as(namespace["other"]))
    assert raised.value.code == "ReferenceMismatch"
    assert difference in raised.value.message
    assert "test_references.py" in raised.value.message
    assert raised.value.fix == f"declare it as `def clean{other.removesuffix(' -> None')}`"


@pytest.mark.parametrize("part", ["project", "domain", "name", "version"])
def test_every_part_of_the_name_is_needed(part):
    parts = {"name": "base.clean", **HOME, part: ""}
    with pytest.raises(InvalidInput, match=f"has the {part} ''") as raised:
        reference_task(**parts)
    assert raised.value.code == "IncompleteReference"


def test_a_launch_plan_is_of_a_workflow_only():
    with pytest.raises(InvalidInput) as raised:
        LaunchPlan.create("wrong", clean)
    assert raised.value.code == "NotAWorkflow"
