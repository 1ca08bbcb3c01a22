"""Triggers as they are declared: what is refused, what inputs a run gets, and where chains end."""

from __future__ import annotations

from typing import Any

import pytest
from flyteidl.admin import execution_pb2, launch_plan_pb2
from flyteidl.core import interface_pb2
from google.protobuf import any_pb2, duration_pb2, struct_pb2
from tests import flyte_specs as specs

from alula.core.errors import InvalidInput
from alula.core.ids import EntityId, ExecutionId
from alula.core.policy.triggering import (
    CAUSE,
    CHAIN,
    EndedRun,
    RunTrigger,
    chain_in,
    chain_text,
    check_trigger,
    end_text,
    inputs_after,
    run_that_ended,
    trigger_cause,
    trigger_of,
    why_stopped,
)

PLAN = EntityId("p", "d", "report", "v1")
RUN = ExecutionId("p", "d", "a1")


def declared(**fields: Any) -> launch_plan_pb2.LaunchPlanSpec:
    spec, struct = launch_plan_pb2.LaunchPlanSpec(), struct_pb2.Struct()
    struct.update({"kind": "run", **fields})
    spec.entity_metadata.launch_conditions.Pack(struct)
    return spec


def expected(**types: Any) -> interface_pb2.ParameterMap:
    parameters = {
        name: interface_pb2.Parameter(var=interface_pb2.Variable(type=type_), required=True)
        for name, type_ in types.items()
    }
    return interface_pb2.ParameterMap(parameters=parameters)


def test_one_is_read_as_it_was_declared() -> None:
    spec = declared(workflow="etl", phases=["FAILED"], inputs={"source": "run.id"})
    trigger = trigger_of(spec)
    assert trigger == RunTrigger(workflow="etl", phases=("FAILED",), inputs={"source": "run.id"})
    assert trigger is not None and trigger.watched(PLAN) == "workflow p/d/etl"
    elsewhere = trigger_of(declared(launch_plan="nightly", project="q", domain="e"))
    assert elsewhere is not None and elsewhere.watched(PLAN) == "launch_plan q/e/nightly"


def test_a_plan_may_have_none() -> None:
    assert trigger_of(launch_plan_pb2.LaunchPlanSpec()) is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "either a workflow or a launch plan"),
        ({"workflow": "a", "launch_plan": "b"}, "either a workflow or a launch plan"),
        ({"workflow": "a", "phases": []}, "no phase"),
        ({"workflow": "a", "phases": ["RUNNING"]}, "RUNNING"),
        ({"workflow": "a", "inputs": {"x": "outputs."}}, "no source"),
        ({"workflow": "a", "inputs": {"x": "run.secret"}}, "no source"),
        ({"workflow": "a", "phases": ["SUCCEEDED", "FAILED"], "inputs": {"x": "outputs.o0"}}, "only after a success"),
        ({"workflow": "a", "kind": "moon"}, "moon"),
        ({"workflow": "a", "wrokflow": "b"}, "wrokflow"),
        ({"workflow": 3}, "str"),
        ({"workflow": "a\0b"}, "a name that nothing can have"),
        ({"launch_plan": "a" * 512}, "a name that nothing can have"),
        ({"workflow": "a", "project": "\n"}, "a name that nothing can have"),
    ],
)
def test_what_can_start_nothing_is_refused(fields: Any, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        trigger_of(declared(**fields))
    assert refused.value.code == "InvalidTrigger"


def test_conditions_of_another_kind_are_refused_not_ignored() -> None:
    spec = launch_plan_pb2.LaunchPlanSpec()
    spec.entity_metadata.launch_conditions.Pack(duration_pb2.Duration(seconds=1))
    with pytest.raises(InvalidInput, match=r"google\.protobuf\.Duration"):
        trigger_of(spec)
    broken = any_pb2.Any(type_url="type.googleapis.com/google.protobuf.Struct", value=b"\xff")
    spec.entity_metadata.launch_conditions.CopyFrom(broken)
    with pytest.raises(InvalidInput, match="no trigger"):
        trigger_of(spec)


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ({"x": "outputs.o0", "y": "outputs.o0"}, "`y`, which is not a free input"),
        ({}, "unbound: x"),
        ({"x": "run.id"}, "not of type str"),
    ],
)
def test_every_run_would_have_all_of_its_inputs(inputs: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        check_trigger(declared(workflow="etl", inputs=inputs), expected(x=specs.INTEGER))
    assert refused.value.code == "TriggerInputs"


def test_inputs_are_outputs_of_the_run_and_texts_about_it() -> None:
    trigger = RunTrigger(workflow="etl", inputs={"n": "outputs.o0", "id": "run.id", "phase": "run.phase"})
    ended = EndedRun(RUN, "SUCCEEDED", specs.literal_map(o0=specs.integer(7)))
    assert inputs_after(trigger, ended) == specs.literal_map(
        n=specs.integer(7), id=specs.text("p/d/a1"), phase=specs.text("SUCCEEDED")
    )
    with pytest.raises(InvalidInput, match="has no output `o0`"):
        inputs_after(trigger, EndedRun(RUN, "SUCCEEDED", specs.literal_map()))


def test_a_chain_ends_where_a_plan_would_start_itself_or_where_it_is_too_long() -> None:
    assert why_stopped((), "p/d/a", chain_max=2) == ""
    assert why_stopped(("p/d/a", "p/d/b"), "p/d/c", chain_max=2) == ""
    assert why_stopped(("p/d/a", "p/d/b"), "p/d/a", chain_max=9).endswith("p/d/a -> p/d/b -> p/d/a")
    assert "more than 2 runs" in why_stopped(("a", "b", "c"), "d", chain_max=2)


@pytest.mark.parametrize("said", ["", "no JSON", "{}", "[1]"])
def test_a_chain_that_a_client_has_made_up_is_none(said: str) -> None:
    assert chain_in({CHAIN: said}) == ()
    assert chain_in({CHAIN: chain_text(("a", "b"))}) == ("a", "b")


def test_the_runs_that_a_triggered_run_starts_were_not_triggered() -> None:
    spec = execution_pb2.ExecutionSpec()
    spec.annotations.values[CAUSE] = "run a ended"
    assert trigger_cause(spec) == ""
    spec.metadata.mode = execution_pb2.ExecutionMetadata.TRIGGER
    assert trigger_cause(spec) == "run a ended"


@pytest.mark.parametrize("phase", ["SUCCEEDED", "TIMED_OUT"])
def test_the_run_whose_end_is_a_cause_is_read_from_its_text(phase: str) -> None:
    assert run_that_ended(end_text(RUN, phase)) == RUN
    for other in ("", "a message", f"message {end_text(RUN, phase)}", "run a ended: SUCCEEDED"):
        assert run_that_ended(other) is None
