"""Triggers as authors declare them."""

from __future__ import annotations

from typing import Any

import pytest

from alula import (
    LaunchPlan,
    OnObject,
    OnRunEnd,
    OnWebhook,
    WorkflowExecutionPhase,
    reference_launch_plan,
    reference_workflow,
    task,
    workflow,
)
from alula.core.errors import InvalidInput
from alula.core.policy.triggering import RunTrigger, WebhookTrigger, trigger_of
from alula.core.policy.watching import ObjectTrigger
from alula.sdk.serialize.entities import serialize
from alula.sdk.serialize.settings import SerializationSettings


@task
def double(n: int) -> int:
    return 2 * n


@workflow
def make(n: int) -> int:
    return double(n=n)


@workflow
def report(n: int, source: str = "") -> int:
    return double(n=n)


@reference_workflow(project="p", domain="d", name="elsewhere.make", version="v1")
def made_elsewhere(n: int) -> int: ...


@reference_launch_plan(project="p", domain="d", name="nightly", version="v1")
def nightly_elsewhere(n: int) -> int: ...


INPUTS = {"n": "outputs.o0", "source": "run.id"}
SETTINGS = SerializationSettings(project="flytesnacks", domain="development", version="v1")


def on_the_wire(trigger: OnRunEnd | OnWebhook | OnObject) -> Any:
    plan = LaunchPlan("reported", report, at=report.location, trigger=trigger)
    return trigger_of(serialize(plan, settings=SETTINGS).launch_plans["reported"])


def test_one_is_declared_beside_a_schedule_and_reaches_the_platform() -> None:
    name = make.name
    assert on_the_wire(OnRunEnd(make, inputs=INPUTS)) == RunTrigger(workflow=name, inputs=INPUTS)
    nightly = LaunchPlan("nightly", make, at=make.location)
    assert on_the_wire(OnRunEnd(nightly, inputs=INPUTS)) == RunTrigger(launch_plan="nightly", inputs=INPUTS)


def test_runs_of_other_projects_are_waited_for_by_reference() -> None:
    of_workflow = on_the_wire(OnRunEnd(made_elsewhere, inputs=INPUTS))
    assert (of_workflow.workflow, of_workflow.project, of_workflow.domain) == ("elsewhere.make", "p", "d")
    of_plan = on_the_wire(OnRunEnd(nightly_elsewhere, inputs=INPUTS))
    assert (of_plan.launch_plan, of_plan.project, of_plan.domain) == ("nightly", "p", "d")


def test_messages_are_waited_for_by_the_name_of_their_secret() -> None:
    inputs = {"n": "body.head.n", "source": "delivery.id"}
    assert on_the_wire(OnWebhook("git", inputs)) == WebhookTrigger(secret="git", inputs=inputs)


def test_objects_are_waited_for_by_their_prefix_and_pattern() -> None:
    inputs = {"source": "object.uri"}
    trigger = on_the_wire(OnObject("s3://drops/in/", pattern="*.csv", inputs=inputs, existing=True))
    assert trigger == ObjectTrigger("s3://drops/in/", "*.csv", True, inputs)
    assert on_the_wire(OnObject("inbox")) == ObjectTrigger("inbox")


def test_phases_are_told_by_their_names() -> None:
    phases = [WorkflowExecutionPhase.FAILED, WorkflowExecutionPhase.TIMED_OUT]
    assert on_the_wire(OnRunEnd(make, phases, {"source": "run.id"})).phases == ("FAILED", "TIMED_OUT")


@pytest.mark.parametrize(
    ("trigger", "why"),
    [
        ("often", "expected `OnRunEnd`, `OnWebhook` or `OnObject`"),
        (OnRunEnd(double), "expected a workflow, a launch plan or a reference"),
        (OnRunEnd("make"), "expected a workflow, a launch plan or a reference"),
        (OnRunEnd(make, phases=[WorkflowExecutionPhase.RUNNING]), "in which a run has ended"),
        (OnRunEnd(make, phases=[]), "names no phase"),
        (OnRunEnd(make, WorkflowExecutionPhase.FAILED), "expected a list of phases"),  # pyright: ignore[reportArgumentType]  (a mistake)
        (OnRunEnd(make, inputs=None), "expected a dict"),  # pyright: ignore[reportArgumentType]  (a mistake)
        (OnWebhook(""), "names no secret"),
        (OnWebhook(3), "`secret` is 3"),  # pyright: ignore[reportArgumentType]  (a mistake)
        (OnWebhook("git", {"n": "body."}), "`body.` is no source"),
        (OnObject(""), "names no prefix"),
        (OnObject("ftp://a/b"), "use a URI of s3, gs, az"),
        (OnObject(3), "`prefix` is 3"),  # pyright: ignore[reportArgumentType]  (a mistake)
        (OnObject("inbox", existing="yes"), "`existing` is 'yes'"),  # pyright: ignore[reportArgumentType]  (a mistake)
        (OnObject("inbox", inputs={"n": "object.size"}), "`object.size` is no source"),
        (OnRunEnd(make, inputs={"m": "outputs.o0"}), "its free inputs are `n`, `source`"),
        (OnRunEnd(make, inputs={"n": "o0"}), "`o0` is no source of an input"),
        (OnRunEnd(make, [WorkflowExecutionPhase.FAILED], {"n": "outputs.o0"}), "only after a success"),
        (OnRunEnd(make, inputs={"n": 3}), "a dict of texts"),  # pyright: ignore[reportArgumentType]  (a mistake)
    ],
)
def test_a_mistake_is_told_where_it_is_declared(trigger: Any, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        LaunchPlan("wrong", report, at=report.location, trigger=trigger)


def test_a_fixed_input_can_not_be_given() -> None:
    with pytest.raises(InvalidInput, match="can't be given"):
        LaunchPlan("wrong", report, at=report.location, fixed_inputs={"n": 1}, trigger=OnRunEnd(make, inputs=INPUTS))
