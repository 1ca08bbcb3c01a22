"""Gates in a local run: asked on standard input. Their wire form is in `test_constructs_wire`."""

import io
import os
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


def test_the_name_of_an_enums_member_is_no_answer(answers, capsys):
    @task
    def show(color: Color) -> str:
        return color.name

    @workflow
    def asking() -> str:
        return show(color=wait_for_input("color", timeout=HOUR, expected_type=Color))

    answers("RED", "red")
    assert asking() == "RED"
    assert "`RED` is not one of `red`, `blue`" in capsys.readouterr().err


def test_what_is_to_be_approved_is_shown_whole(answers, capsys):
    @task
    def make() -> dict[str, list[int]]:
        return {"b": [1, 2], "a": []}

    @task
    def count(named: dict[str, list[int]]) -> int:
        return len(named)

    @workflow
    def asking() -> int:
        return count(named=approve(make(), "ok", timeout=HOUR))

    answers("y")
    assert asking() == 2
    assert "approve {'a': [], 'b': [1, 2]}?" in capsys.readouterr().err


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
    def given(value: type_) -> type_:  # pyright: ignore[reportInvalidTypeForm]  a parameter of the test
        return value

    def waiting() -> type_:  # pyright: ignore[reportInvalidTypeForm]  a parameter of the test
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


@task
def train(rows: int, depth: int) -> int:
    return rows * depth


@workflow
def inner(n: int) -> int:
    return approve(add(x=n), "inside", timeout=HOUR)


def test_gates_that_wait_are_asked_in_the_order_of_the_workflow(answers):
    @workflow
    def supervised(n: int = 10) -> int:
        rows = approve(add(x=n), "looks-good", timeout=HOUR)
        depth = wait_for_input("depth", timeout=HOUR, expected_type=int)
        return train(rows=rows, depth=depth)

    @workflow
    def nested(n: int) -> int:
        rows = inner(n=add(x=n))
        depth = wait_for_input("depth", timeout=HOUR, expected_type=int)
        return train(rows=rows, depth=depth)

    answers("y", "3")
    assert supervised() == 30
    answers("y", "4")
    assert nested(n=2) == 8


def test_a_gate_that_waits_for_another_is_asked_after_those_that_do_not(answers, capsys):
    @workflow
    def chained(n: int) -> int:
        first = approve(n, "first", timeout=HOUR)
        second = approve(add(x=first), "second", timeout=HOUR)
        third = approve(n, "third", timeout=HOUR)
        return train(rows=second, depth=third)

    answers("y", "y", "y")
    assert chained(n=2) == 4
    asked = [line.split("`")[1] for line in capsys.readouterr().err.split("? [y/n] ") if "`" in line]
    assert asked == ["first", "second", "third"]


@pytest.fixture
def silence(monkeypatch):
    """Standard input that stays open and says nothing."""
    reading, writing = os.pipe()
    with open(reading, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield
        os.close(writing)


@pytest.mark.usefixtures("silence")
def test_a_gate_that_nobody_answers_in_time_times_out():
    @workflow
    def waiting(x: int) -> int:
        return add(x=approve(x, "ok", timeout=timedelta(milliseconds=10)))

    with pytest.raises(RunFailed, match=r"nobody answered the gate within 0\.01 s") as raised:
        waiting(x=1)
    assert raised.value.code == "Timeout"


def declared(body):
    body.__annotations__ = {"x": int, "return": None}
    return workflow(body).graph()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (lambda x: approve(3, "ok", timeout=HOUR), "approve `ok` got 3, expected one output"),
        (lambda x: approve(log(text="a"), "ok", timeout=HOUR), r"approve `ok` got \(\)"),
        (lambda x: approve(x, "", timeout=HOUR), "the name of a gate is ''"),
        (lambda x: approve(x, "ok", timeout="1h"), "`timeout` is '1h'"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (lambda x: sleep("1h"), "`duration` is '1h'"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
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
