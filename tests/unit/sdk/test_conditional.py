"""Conditionals: what they choose, how they nest, and which mistakes are told."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import NamedTuple

import pytest

from alula import conditional, task, workflow
from alula.core.errors import InvalidInput
from alula.sdk.local.run import RunFailed
from alula.sdk.serialize import SerializationSettings, serialize

LOCAL = SerializationSettings(require_importable=False)


class Pair(NamedTuple):
    first: int
    second: str


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Flat:
    area: float
    rooms: int


@task
def add(x: int, y: int = 0) -> int:
    return x + y


@task
def pair(n: int) -> Pair:
    return Pair(n, "a")


@task
def flat(area: float) -> Flat:
    return Flat(area, 3)


@task
def word(text: str) -> str:
    return text


@task
def log(text: str) -> None:
    print(text)


@workflow
def inner(x: int) -> int:
    return add(x=x, y=100)


@workflow
def chain(x: int, s: str, flag: bool) -> int:
    y = add(x=x)
    return (
        conditional("chain")
        .if_((y > 10) & (x <= 20) | (s == "big"))
        .then(add(x=y, y=1))
        .elif_(flag)
        .then(inner(x=x))
        .elif_(s != "small")
        .then(add(x=x, y=7))
        .else_()
        .fail("small is not for sale")
    )


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"x": 11, "s": "", "flag": False}, 12),
        ({"x": 21, "s": "", "flag": False}, 28),
        ({"x": 1, "s": "big", "flag": True}, 2),
        ({"x": 1, "s": "small", "flag": True}, 101),
        ({"x": 1, "s": "", "flag": False}, 8),
    ],
)
def test_the_first_case_that_holds_runs(inputs, expected):
    assert chain(**inputs) == expected


def test_no_case_may_be_a_failure():
    with pytest.raises(RunFailed, match="small is not for sale") as raised:
        chain(x=1, s="small", flag=False)
    assert raised.value.code == "UserProvidedError"


def test_conditionals_nest():
    @workflow
    def nested(x: int) -> str:
        return (
            conditional("outer")
            .if_(x > 1)
            .then(conditional("inner").if_(x > 2).then(word(text="3")).else_().then(word(text="2")))
            .else_()
            .then(word(text="1"))
        )

    assert [nested(x=x) for x in (1, 2, 3)] == ["1", "2", "3"]


def test_all_primitives_can_be_compared():
    @workflow
    def compared(
        f: float, color: Color, at: datetime, span: timedelta, maybe: int | None = None
    ) -> tuple[str, str, str, str, str, str]:
        yes, no = {"text": "yes"}, {"text": "no"}
        return (
            conditional("float").if_(f > 1).then(word(**yes)).else_().then(word(**no)),
            conditional("enum").if_(color == Color.RED).then(word(**yes)).else_().then(word(**no)),
            conditional("moment").if_(datetime(2020, 1, 1, tzinfo=UTC) < at).then(word(**yes)).else_().then(word(**no)),
            conditional("span").if_(span >= timedelta(1)).then(word(**yes)).else_().then(word(**no)),
            conditional("none").if_(maybe.is_none()).then(word(**yes)).else_().then(word(**no)),  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]  a step, by its type a value
            conditional("optional").if_(maybe == 3).then(word(**yes)).else_().then(word(**no)),
        )

    before = {"f": 1.0, "color": Color.BLUE, "at": datetime(2019, 1, 1, tzinfo=UTC), "span": timedelta(0), "maybe": 3}
    after = {"f": 1.5, "color": Color.RED, "at": datetime(2021, 1, 1, tzinfo=UTC), "span": timedelta(2)}
    assert compared(**before) == ("no", "no", "no", "no", "no", "yes")
    assert compared(**after) == ("yes", "yes", "yes", "yes", "yes", "no")


def test_a_field_of_an_output_can_be_compared():
    @workflow
    def by_field(area: float) -> str:
        found = flat(area=area)
        return (
            conditional("field")
            .if_((found.area > 100) & (found.rooms == 3))
            .then(word(text="big"))
            .else_()
            .then(word(text="small"))
        )

    assert by_field(area=101.0) == "big"
    assert by_field(area=100.0) == "small"


def test_a_step_in_a_condition_belongs_to_the_workflow():
    @workflow
    def computed(x: int) -> int:
        return conditional("c").if_(add(x=x, y=1) > 5).then(add(x=x)).else_().then(add(x=0))

    assert computed(x=5) == 5
    assert [node.entity.name.rpartition(".")[2] for node in computed.graph().nodes] == ["add", "c"]


def test_several_outputs_are_those_that_all_cases_have():
    @workflow
    def several(x: int) -> Pair:
        found = conditional("pairs").if_(x > 1).then(pair(n=x)).else_().then(pair(n=0))
        return Pair(found.first, found.second)

    @workflow
    def one_of_two(x: int) -> int:
        return conditional("one").if_(x > 1).then(pair(n=x).first).else_().then(pair(n=0).first)

    @workflow
    def nothing(x: int) -> None:
        conditional("void").if_(x > 1).then(log(text="many")).else_().then(log(text="few"))

    assert several(x=5) == Pair(5, "a")
    assert one_of_two(x=0) == 0
    assert nothing(x=1) is None


def test_a_case_can_wait_for_steps_outside():
    @workflow
    def ordered(x: int) -> int:
        first = log(text="first")
        case = conditional("c").if_(x > 0)
        step = add(x=x)
        first >> step
        return case.then(step).else_().fail("never")

    template = serialize(ordered, settings=LOCAL).workflows[ordered.name].template
    assert list(template.nodes[1].branch_node.if_else.case.then_node.upstream_node_ids) == ["n0"]
    assert ordered(x=1) == 1


def declared(body):
    body.__annotations__ = {"x": int, "return": None}
    return workflow(body).graph()


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        (lambda x: conditional("c").if_(x > 1).then(add(x=x)), "ConditionalWithoutElse", "conditional `c`"),
        (lambda x: conditional("c"), "ConditionalWithoutElse", "conditional `c`"),
        (lambda x: conditional("c").if_(True), "WrongCondition", "is always True"),
        (lambda x: conditional("c").if_("x"), "WrongCondition", "is 'x', not a condition"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (lambda x: conditional("c").if_((x > 1) & "a"), "WrongCondition", "is 'a', not a condition"),
        (lambda x: conditional("c").if_(x > "a"), "WrongValue", "compares int with str 'a'"),
        (lambda x: conditional("c").if_(x == [1]), "WrongValue", r"compares int with list \[1\]"),
        (lambda x: conditional("c").if_(x > 1).then(3), "CaseNotOneStep", "gives 3, which is not a step made in it"),
        (lambda x: conditional("c").if_(x > 1).then(x), "CaseNotOneStep", "input `x`.*not a step made in it"),
        (lambda x: conditional("c").if_(x > 1).then(None), "CaseNotOneStep", "gives None"),
        (lambda x: conditional("c").if_(x > 1).then(add(x=add(x=x))), "CaseNotOneStep", "makes 2 steps: `add`, `add`"),
        (lambda x: conditional("c").if_(x > 1).then(flat(area=1.0).area), "CaseNotOneStep", "a part of an output"),
        (lambda x: conditional("c").if_(x > 1).then(add(x=x)).else_().fail(""), "WrongValue", "expected a message"),
        (
            lambda x: add(x=conditional("c").if_(x > 1).then(add(x=x))),  # pyright: ignore[reportArgumentType]  a mistake on purpose
            "WrongValue",
            r"conditional `c` without else_\(\)",
        ),
    ],
)
def test_a_mistake_in_a_conditional_names_the_line(body, code, told):
    with pytest.raises(InvalidInput, match=told) as raised:
        declared(lambda x: body(x) and None)
    assert raised.value.code == code
    assert str(raised.value).startswith(f"{__file__}:")


def test_a_case_is_not_begun_twice():
    def body(x):
        begun = conditional("c")
        begun.if_(x > 1)
        begun.if_(x > 2)

    with pytest.raises(InvalidInput, match="already has an open case"):
        declared(body)


def test_a_step_of_a_case_is_not_used_outside():
    def body(x):
        inside = []

        def kept(step):
            inside.append(step)
            return step

        conditional("c").if_(x > 1).then(kept(add(x=x))).else_().fail("no")
        add(x=inside[0])

    with pytest.raises(InvalidInput, match=r"step `n0` \(add\) was made inside a case of a conditional") as raised:
        declared(body)
    assert raised.value.code == "PromiseOutOfReach"


def test_a_promise_of_another_workflow_is_not_used():
    kept = []
    declared(lambda x: kept.append(add(x=x)))
    with pytest.raises(InvalidInput, match=r"was made inside `.*lambda.*`.*, not here"):
        declared(lambda x: add(x=kept[0]) and None)


def test_there_is_no_conditional_outside_a_workflow():
    with pytest.raises(InvalidInput, match="use a plain `if`") as raised:
        conditional("c")
    assert raised.value.code == "OutsideWorkflow"


def test_an_output_of_two_types_is_refused_by_the_compiler():
    @workflow
    def mixed(x: int) -> int:
        return conditional("c").if_(x > 1).then(add(x=x)).else_().then(word(text="a"))  # pyright: ignore[reportReturnType]  a mistake on purpose

    with pytest.raises(InvalidInput, match="MismatchingTypes"):
        mixed(x=1)
