"""Which message a file holds is found out from what is in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, identifier_pb2
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from tests.graphs import identifier, task, task_node, workflow
from tests.messages import copied

from alula.core.compiler.specification import Specification, specification_of_bytes, specification_of_document
from alula.core.errors import InvalidInput

TASK = task_pb2.TaskSpec(template=task("t"))
WORKFLOW = workflow_pb2.WorkflowSpec(template=workflow("w", [task_node("n0", task("t"), x=".x")]))
PLAN = launch_plan_pb2.LaunchPlan(
    id=identifier(identifier_pb2.LAUNCH_PLAN, "lp"),
    spec=launch_plan_pb2.LaunchPlanSpec(workflow_id=identifier(identifier_pb2.WORKFLOW, "w")),
)
ALL = (TASK, WORKFLOW, PLAN)


def unmarked(specification: Specification) -> Specification:
    """The same with ids that do not say what they are of, as some tools write them."""
    copy = copied(specification)
    (copy.id if isinstance(copy, launch_plan_pb2.LaunchPlan) else copy.template.id).ClearField("resource_type")
    return copy


def in_snake_case(message: Message) -> Mapping[str, object]:
    return MessageToDict(message, preserving_proto_field_name=True)


def in_full(message: Message) -> Mapping[str, object]:
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


@pytest.mark.parametrize("name", ["any.pb", "07_t_1.pb", "07_t_2.pb", "07_t_3.pb"])
@pytest.mark.parametrize("specification", [*ALL, *map(unmarked, ALL)])
def test_bytes_are_read_as_what_they_are_whatever_their_name(specification: Specification, name: str) -> None:
    assert specification_of_bytes(specification.SerializeToString(), name) == specification


def test_the_name_of_its_file_stands_in_for_an_id() -> None:
    """As jflyte writes tasks and launch plans."""
    nameless = task_pb2.TaskSpec(template=task("t"))
    nameless.template.ClearField("id")
    read = specification_of_bytes(nameless.SerializeToString(), "folder/07_org.example.Task_1_1.pb")
    assert isinstance(read, task_pb2.TaskSpec)
    assert read.template.id.name == "org.example.Task_1"
    for inputs in ({}, {"x": {"required": True}}):
        bare = launch_plan_pb2.LaunchPlanSpec(workflow_id=PLAN.spec.workflow_id, default_inputs={"parameters": inputs})
        plan = specification_of_bytes(bare.SerializeToString(), "18_org.example.Plan_3.pb")
        assert plan == launch_plan_pb2.LaunchPlan(id={"name": "org.example.Plan"}, spec=bare)


def test_what_has_neither_id_nor_a_telling_name_is_refused() -> None:
    nameless = task_pb2.TaskSpec(template=task("t"))
    nameless.template.ClearField("id")
    for name in ("task.pb", "07_t_2.pb"):
        with pytest.raises(InvalidInput):
            specification_of_bytes(nameless.SerializeToString(), name)


@pytest.mark.parametrize("write", [in_snake_case, in_full, MessageToDict])
@pytest.mark.parametrize("specification", [*ALL, *map(unmarked, ALL)])
def test_documents_may_be_written_in_both_cases(
    specification: Specification, write: Callable[[Message], Mapping[str, object]]
) -> None:
    document = write(specification)
    read = specification_of_document(document)  # type: ignore[arg-type]
    assert read is not None
    assert in_full(read) == in_full(specification)


@pytest.mark.parametrize(
    ("request_", "specification"),
    [
        (task_pb2.TaskCreateRequest(id=TASK.template.id, spec=TASK), TASK),
        (workflow_pb2.WorkflowCreateRequest(id=WORKFLOW.template.id, spec=WORKFLOW), WORKFLOW),
        (launch_plan_pb2.LaunchPlanCreateRequest(id=PLAN.id, spec=PLAN.spec), PLAN),
    ],
)
def test_requests_to_create_something_hold_a_specification(request_: Message, specification: Specification) -> None:
    assert specification_of_bytes(request_.SerializeToString(), "any.pb") == specification
    assert specification_of_document(in_snake_case(request_)) == specification  # type: ignore[arg-type]


def test_documents_may_hold_a_template_alone() -> None:
    assert specification_of_document(in_snake_case(TASK.template)) == TASK  # type: ignore[arg-type]
    assert specification_of_document(in_snake_case(WORKFLOW.template)) == WORKFLOW  # type: ignore[arg-type]
    plan = specification_of_document(in_snake_case(PLAN.spec))  # type: ignore[arg-type]
    assert plan == launch_plan_pb2.LaunchPlan(spec=PLAN.spec)


def test_what_a_launch_plan_says_of_its_closure_is_not_believed() -> None:
    plan = launch_plan_pb2.LaunchPlan()
    plan.CopyFrom(PLAN)
    plan.closure.expected_inputs.parameters["nonsense"].required = True
    assert specification_of_bytes(plan.SerializeToString(), "any.pb") == PLAN


OTHERS = [None, 1, "text", [], {}, {"name": "package"}, {"spec": {"template": {"spec": {}}}}, {"template": "a.html"}]


@pytest.mark.parametrize("document", OTHERS)
def test_other_documents_are_no_specifications(document: object) -> None:
    assert specification_of_document(document) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "said"), [({"nods": []}, "nods"), ({"nodes": 3}, "nodes"), ({"id": {"name": 5}}, "name")]
)
def test_a_document_with_something_wrong_says_what(field: dict[str, object], said: str) -> None:
    document = {"template": {"id": {"resource_type": "WORKFLOW", "name": "w"}} | field, "sub_workflows": []}
    with pytest.raises(InvalidInput, match=said) as caught:
        specification_of_document(document)
    assert caught.value.code == "BadSpecification"
    assert "\n" not in caught.value.message


CLOSURE = compiler_pb2.CompiledWorkflowClosure(primary=compiler_pb2.CompiledWorkflow(template=WORKFLOW.template))
TASK_CLOSURE = task_pb2.TaskClosure(compiled_task=compiler_pb2.CompiledTask(template=TASK.template))


@pytest.mark.parametrize("closure", [CLOSURE, TASK_CLOSURE])
def test_what_is_compiled_already_is_told_so(closure: Message) -> None:
    with pytest.raises(InvalidInput, match="compiled already"):
        specification_of_bytes(closure.SerializeToString(), "00_w_2.pb")
    with pytest.raises(InvalidInput, match="compiled already"):
        specification_of_document(in_snake_case(closure))  # type: ignore[arg-type]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        specification_of_bytes(data, "00_x_2.pb")
    except InvalidInput as refused:
        assert refused.code == "NotASpecification"


@given(st.sampled_from(ALL), st.data())
def test_a_file_that_was_cut_off_is_read_or_refused(specification: Specification, data: st.DataObject) -> None:
    whole = specification.SerializeToString()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        specification_of_bytes(cut, "00_x_1.pb")
    except InvalidInput as refused:
        assert refused.code == "NotASpecification"
