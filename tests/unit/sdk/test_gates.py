"""Gates in a local run: asked on standard input. Their wire form is in `test_constructs_wire`."""

import io
import sys
import time
from datetime import timedelta
from enum import Enum

import pytest

from alula import approve, dynamic, sleep, task, wait_for_input, workflow
from alula.core.errors import FailedPrecondition, InvalidInput
from alula.sdk.local.run import RunFailed

HOUR = timedelta(hours=1)


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@task
def add(x: int, y: int = 0) -> int:
    return x + y


@task
def log(text: str) -> None:
    print(text)


@workflow
def approving(x: int) -> int:
    return add(x=approve(add(x=x), "ok", timeout=HOUR), y=1)


@pytest.fixture
def answers(monkeypatch):
    def answer(*lines):
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    return answer


def test_an_approved_value_goes_on(answers, capsys):
    answers("y")
    assert approving(x=2) == 3
    assert "`ok`: approve 2? [y/n]" in capsys.readouterr().err


def test_a_rejected_value_fails_the_run(answers):
    answers("no")
    with pytest.raises(RunFailed, match="somebody rejected `ok`") as raised:
        approving(x=2)
    assert raised.value.code == "ReceivedRejectSignal"


def test_an_answer_that_is_none_is_asked_for_again(answers, capsys):
    answers("perhaps", "", "yes")
    assert approving(x=2) == 3
    assert capsys.readouterr().err.count("approve 2?") == 3


def test_a_run_without_answers_says_how_to_give_them(answers):
    answers()
    with pytest.raises(FailedPrecondition, match=r"answer to `ok`.*echo y \| alula run"):
        approving(x=2)


@pytest.mark.parametrize(
    ("type_", "lines", "value"),
    [
        (int, ["x", "3"], 3),
        (float, ["3"], 3.0),
        (str, ["a b"], "a b"),
        (str, ["3"], "3"),
        (bool, ["true"], True),
        (list[int], ["[1, 2]"], [1, 2]),
        (dict[str, int], ['{"a": 1}'], {"a": 1}),
        (int | None, ["null"], None),
        (Color, ["red"], Color.RED),
        (timedelta, ["90"], timedelta(seconds=90)),
    ],
)
def test_a_value_is_read_as_its_type(type_, lines, value, answers):
    @task
    def given(value: type_) -> type_:
        return value

    def waiting() -> type_:
        return given(value=wait_for_input("value", timeout=HOUR, expected_type=type_))

    answers(*lines)
    assert workflow(waiting)() == value


def test_a_sleep_takes_its_time():
    @workflow
    def sleeping(x: int) -> int:
        pause = sleep(timedelta(seconds=0.01))
        y = add(x=x)
        pause >> y
        return y

    begun = time.monotonic()
    assert sleeping(x=1) == 1
    assert time.monotonic() - begun >= 0.01


def test_gates_stand_in_dynamic_tasks_and_inputs_can_be_approved(answers):
    @dynamic
    def inside(n: int) -> int:
        return approve(add(x=n), "inside", timeout=HOUR)

    @workflow
    def outside(n: int) -> int:
        return inside(n=approve(n, "outside", timeout=HOUR))

    answers("y", "y")
    assert outside(n=4) == 4


def declared(body):
    body.__annotations__ = {"x": int, "return": None}
    return workflow(body).graph()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (lambda x: approve(3, "ok", timeout=HOUR), "approve `ok` got 3, expected one output"),
        (lambda x: approve(log(text="a"), "ok", timeout=HOUR), r"approve `ok` got \(\)"),
        (lambda x: approve(x, "", timeout=HOUR), "the name of a gate is ''"),
        (lambda x: approve(x, "ok", timeout="1h"), "`timeout` is '1h'"),
        (lambda x: sleep("1h"), "`duration` is '1h'"),
        (lambda x: wait_for_input("a", timeout=HOUR, expected_type=object), "has no form on the wire"),
    ],
)
def test_a_mistake_in_a_gate_names_the_line(body, told):
    with pytest.raises(InvalidInput, match=told) as raised:
        declared(lambda x: body(x) and None)
    assert str(raised.value).startswith(f"{__file__}:")


@pytest.mark.parametrize(
    "call",
    [
        lambda: approve(1, "ok", timeout=HOUR),
        lambda: wait_for_input("value", timeout=HOUR, expected_type=int),
        lambda: sleep(HOUR),
    ],
)
def test_there_is_no_gate_outside_a_workflow(call):
    with pytest.raises(InvalidInput, match="outside the body of a workflow") as raised:
        call()
    assert raised.value.code == "OutsideWorkflow"
