"""Preparing a registration: everything is checked before anything is sent, and content names the version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest

from alula import Artifact, CronSchedule, FlytePickle, LaunchPlan, task, workflow
from alula.core.errors import InvalidInput
from alula.sdk.client.package import Bundle
from alula.sdk.client.recorded import notes, recorded_only
from alula.sdk.client.register import VERSION_CHARS, client_metadata, prepare
from alula.sdk.serialize.referenced import Registered


@task
def add(x: int, y: int = 1) -> int:
    return x + y


@workflow
def total(x: int, y: int = 2) -> int:
    return add(x=x, y=y)


plan = LaunchPlan.create("nightly", total, default_inputs={"x": 1})


class Lock:
    """A class without a form on the wire."""


@task(pickle_untyped=True)
def put_away(lock: Lock, n: int) -> Lock:
    return lock


@dataclass
class Held:
    lock: FlytePickle[Lock]


@task
def held(locks: list[FlytePickle[Lock]]) -> Held:
    return Held(locks[0])


@workflow
def opened(locks: list[FlytePickle[Lock]]) -> Held:
    return held(locks=locks)


@task
def kept() -> Annotated[int, Artifact(name="this_week")]:
    return 1


@workflow
def outer() -> int:
    return plan()


def bundle(content: bytes = b"code") -> Bundle:
    return Bundle(root=Path("/code"), data=content, digest=content.hex(), files=1)


def prepared(*entities, code: bytes = b"code", version: str = ""):
    return prepare(entities, bundle(code), look_up=lambda _: Registered(), project="p", domain="d", version=version)


def test_everything_that_is_used_comes_first():
    names = [each.id.name.rsplit(".", 1)[-1] for each in prepared(total).serialized.entities]
    assert names == ["add", "total", "total"]


def test_the_version_follows_from_the_content():
    first = prepared(total)
    assert first.settings.version == prepared(total).settings.version
    assert len(first.settings.version) == VERSION_CHARS
    assert {each.id.version for each in first.serialized.entities} == {first.settings.version}
    assert prepared(total, code=b"other").settings.version != first.settings.version
    assert prepared(add).settings.version != first.settings.version


def test_a_given_version_is_kept_and_never_taken_for_the_content():
    given = prepared(total, version="v1")
    assert given.settings.version == "v1"
    assert not given.is_content_version


def test_a_launch_plan_in_a_workflow_may_leave_its_defaults_out():
    assert prepared(outer).serialized.launch_plans


def test_a_graph_that_can_not_be_is_refused_before_anything_is_sent():
    @workflow
    def circle(x: int) -> int:
        first = add(x=x)
        second = add(x=first)
        second >> first
        return second

    with pytest.raises(InvalidInput, match="CycleDetected"):
        prepared(circle)


def test_the_platform_learns_which_python_to_use():
    told = dict(client_metadata())
    assert told["alula-interpreter"].startswith("/")
    assert told["alula-host"]


def test_a_schedule_that_leaves_an_input_open_is_refused_before_anything_is_sent():
    nightly = LaunchPlan.create("by_the_clock", total, schedule=CronSchedule("0 3 * * *"))
    with pytest.raises(InvalidInput) as caught:
        prepared(nightly)
    assert caught.value.code == "ScheduleInputs"


def test_so_is_a_schedule_whose_input_an_artifact_would_have_to_give():
    found = Artifact(name="a").query()
    nightly = LaunchPlan.create("found", total, default_inputs={"x": found}, schedule=CronSchedule("0 3 * * *"))
    with pytest.raises(InvalidInput) as caught:
        prepared(nightly)
    assert caught.value.code == "ScheduleInputs"


def test_an_artifact_that_is_only_recorded_is_named():
    found = LaunchPlan.create("finding", total, default_inputs={"x": Artifact(name="last_week").query()})
    assert recorded_only(prepared(kept, found).serialized).startswith(
        "the platform keeps no artifacts: `last_week`, `this_week` are recorded"
    )
    assert notes(prepared(total).serialized) == ""


def test_a_task_that_pickles_is_named_with_its_place():
    line = put_away.location.line
    assert notes(prepared(put_away).serialized) == (
        "values are pickled, so that other versions of their classes can't read them:"
        f" of task `put_away` ({__file__}:{line}) `lock`, `o0`"
    )


def test_strict_mode_refuses_all_that_is_pickled_with_each_place(monkeypatch):
    monkeypatch.setenv("ALULA_STRICT", "1")
    assert prepared(total).serialized.pickles == []
    with pytest.raises(InvalidInput) as caught:
        prepared(put_away, opened)
    assert caught.value.code == "PickledInStrictMode"
    lock = f"{__name__}.Lock"
    assert caught.value.message.splitlines() == [
        f"{put_away.location}: task `put_away` pickles input `lock` ({lock}) and output `o0` ({lock}), which strict"
        " mode refuses",
        f"{held.location}: task `held` pickles input `locks[]` ({lock}) and output `o0.lock` ({lock})",
        f"{opened.location}: workflow `opened` pickles input `locks[]` ({lock}) and output `o0.lock` ({lock})",
    ]
    monkeypatch.setenv("ALULA_STRICT", "0")
    assert [each.by_setting for each in prepared(put_away, opened).serialized.pickles] == [True, False, False]


def test_so_is_a_launch_plan_without_a_name():
    with pytest.raises(InvalidInput) as caught:
        prepared(LaunchPlan.create("", total, default_inputs={"x": 1}))
    assert caught.value.code == "InvalidName"
