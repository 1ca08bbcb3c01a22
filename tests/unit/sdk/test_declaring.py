"""Declaring and calling: what is recorded, and which mistakes are told, with file and line."""

import functools
import inspect
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from tests.present import present

from alula import Cache, FixedRate, FlyteFile, GrowMemory, LaunchPlan, Resources, map_task, task, workflow
from alula.core.errors import InvalidInput
from alula.sdk.authoring.promise import Node, Promise, Reference, reference_of
from alula.sdk.authoring.task import Task


class Pair(NamedTuple):
    first: int
    second: str


@dataclass
class Row:
    n: int
    tags: list[str]


@task
def add(x: int, y: int = 1) -> int:
    """Add.

    Args:
        x: the first
    """
    return x + y


@task
def pair(n: int) -> Pair:
    return Pair(n, "a")


@task
def row(n: int) -> Row:
    return Row(n, ["a"])


@task
def two(n: int) -> tuple[int, str]:
    return n, "a"


@task
def log(text: str = "", number: int | None = None) -> None:
    print(text, number)


@task
async def later(x: int) -> int:
    return x


@task
def total(values: list[int], named: dict[str, int] | None = None) -> int:
    return sum(values) + sum((named or {}).values())


def here() -> int:
    return present(present(inspect.currentframe()).f_back).f_lineno


def nodes_of(body, **types):
    body.__annotations__ = {**types, "return": None}
    return workflow(body).graph().nodes


def source(node: Node, name: str) -> Reference:
    """The output that this input of a node comes from."""
    promise = node.inputs[name]
    assert isinstance(promise, Promise)
    return reference_of(promise)


def test_a_task_keeps_the_look_of_its_function():
    assert add.__name__ == "add"
    assert present(add.__doc__).startswith("Add.")
    assert add.interface.describe_input("x") == "the first"
    assert add.name == f"{__name__}.add"
    assert repr(add) == f"<task {__name__}.add>"


def test_in_plain_python_a_task_is_its_function():
    assert add(1) == 2
    assert add(1, y=3) == 4
    assert pair(n=1).second == "a"
    assert map_task(add)(x=[1, 2], y=[3, 4]) == [4, 6]
    assert map_task(functools.partial(add, y=10))(x=[1, 2]) == [11, 12]


async def _await(coroutine):
    return await coroutine


def test_in_plain_python_an_async_task_is_a_coroutine():
    import asyncio

    assert asyncio.run(_await(later(3))) == 3
    assert map_task(later)(x=[1, 2]) == [1, 2]


def test_arguments_are_converted_as_on_the_platform(tmp_path):
    @task
    def half(of: float, file: FlyteFile) -> float:
        assert isinstance(file, FlyteFile)
        return of / 2

    assert half(of=1, file=str(tmp_path)) == 0.5  # pyright: ignore[reportArgumentType]  a path becomes a file


@pytest.mark.parametrize(
    ("call", "code", "told"),
    [
        (lambda: add("a"), "WrongValue", "input `x` of task `add` expects int, got str 'a'"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (add, "MissingArgument", "task `add` is called without `x`"),
        (lambda: add(1, 2, 3), "TooManyArguments", "takes 2 inputs, 3 were given"),  # pyright: ignore[reportCallIssue]  a mistake on purpose
        (lambda: add(1, z=2), "UnknownArgument", "no input `z`; its inputs are `x`, `y`"),  # pyright: ignore[reportCallIssue]  a mistake on purpose
        (lambda: add(1, x=2), "RepeatedArgument", "`x` of task `add` is given twice"),  # pyright: ignore[reportCallIssue]  a mistake on purpose
        (lambda: map_task(add)(x=[1], y=[1, 2]), "UnequalLists", "`x` 1, `y` 2"),
        (lambda: map_task(add)(x=1, y=[1]), "WrongValue", r"expects list\[int\], got int 1"),
        (lambda: map_task(print), "UnsupportedMapTarget", "expected a task"),  # pyright: ignore[reportArgumentType, reportCallIssue]  a mistake on purpose
        (lambda: map_task(functools.partial(add, z=1)), "UnknownArgument", "no input `z` to bind"),  # pyright: ignore[reportCallIssue]  a mistake on purpose
        (lambda: map_task(functools.partial(add, x=1, y=1)), "UnsupportedMapTarget", "none is left"),
        (lambda: map_task(add, min_success_ratio=2), "InvalidMapSetting", "expected 0 to 1"),
        (lambda: map_task(add, concurrency=-1), "InvalidMapSetting", "`concurrency` is -1"),
        (lambda: map_task(pair)(n=[1]), "UnsupportedMapTarget", "has 2 outputs"),
        (lambda: task(retries=-1), "InvalidRetries", "`retries` is -1"),
        (lambda: task(timeout="1h"), "InvalidTimeout", "`timeout` is '1h'"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (lambda: task(cache_version="1"), "CacheNotEnabled", "`cache` is not True"),
        (lambda: task(cache=Cache(), cache_version="1"), "ConflictingCache", "beside a `Cache`"),
        (lambda: task(cache="1"), "InvalidCache", "expected a bool or a `Cache`"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (lambda: task(requests=Resources(cpu="lots")), "InvalidResources", "'lots', which is not an amount"),
        (lambda: task(requests=Resources(cpu=("1", "2"))), "InvalidResources", r"\(request, limit\) pair"),
        (lambda: task(on_out_of_memory=2), "InvalidMemoryGrowth", "expected `GrowMemory`"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (lambda: task(on_out_of_memory=GrowMemory(1)), "InvalidMemoryGrowth", "expected a number over 1"),
        (lambda: task(on_out_of_memory=GrowMemory(2, up_to="lots")), "InvalidMemoryGrowth", "not an amount"),
        (lambda: task(limits="1Gi"), "InvalidResources", "expected `Resources`"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (lambda: task(resources=Resources(cpu=("1", "2", "3"))), "InvalidResources", "expected one amount"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (lambda: task(environment={"A": 1}), "InvalidEnvironment", "'A': 1"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (lambda: task(cache=True, cache_ignore_input_vars=["z"])(add.function), "UnknownArgument", "ignores `z`"),
        (lambda: LaunchPlan.create("p", flow, default_inputs={"z": 1}), "UnknownArgument", "has no input `z`"),
        (
            lambda: LaunchPlan.create("p", flow, default_inputs={"x": 1}, fixed_inputs={"x": 1}),
            "RepeatedArgument",
            "both as default and as fixed",
        ),
        (
            lambda: LaunchPlan.create("p", flow, schedule=FixedRate(timedelta(seconds=90))),
            "InvalidSchedule",
            "not whole minutes",
        ),
    ],
)
def test_a_mistake_names_line_task_and_what_was_expected(call, code, told):
    with pytest.raises(InvalidInput, match=told) as raised:
        call()
    assert raised.value.code == code
    assert str(raised.value).startswith(f"{__file__}:")


def test_a_mistake_at_declaration_names_the_declaration():
    line = here()
    with pytest.raises(InvalidInput, match="parameter `x` of task `bad` has no type") as raised:

        @task
        def bad(x): ...

    assert str(raised.value).startswith(f"{__file__}:{line + 3}: ")
    assert raised.value.code == "MissingAnnotation"
    with pytest.raises(InvalidInput, match="`\\*args`"):

        @workflow
        def worse(*args: int): ...


def test_a_type_without_wire_form_names_the_parameter():
    @task
    def bad(x: object) -> int:
        return 1

    with pytest.raises(InvalidInput, match=r"parameter `x` of task `bad`: `object` has no form on the wire"):
        bad(x=1)


def test_an_annotation_that_does_not_exist_is_told():
    @task
    def bad(x: "Nowhere") -> int:  # noqa: F821  # pyright: ignore[reportUndefinedVariable]  a mistake on purpose
        return 1

    with pytest.raises(InvalidInput, match="name 'Nowhere' is not defined") as raised:
        bad(x=1)
    assert raised.value.code == "UnresolvableAnnotation"


@workflow
def flow(x: int = 3) -> int:
    return add(x=x)


def test_the_body_runs_only_when_the_graph_is_needed():
    ran = []

    @workflow
    def noted(x: int) -> int:
        ran.append(x)
        return add(x=x)

    assert ran == []
    noted.graph()
    noted.graph()
    assert len(ran) == 1
    assert isinstance(ran[0], Promise)


def test_calls_become_nodes_with_defaults_and_order():
    def body(x):
        first = add(x=x)
        second = add(first, 5)
        third = log(text="done")
        second >> third
        third >> log(number=first)

    nodes = nodes_of(body, x=int)
    assert [node.id for node in nodes] == ["n0", "n1", "n2", "n3"]
    assert nodes[0].inputs["y"] == 1
    assert source(nodes[1], "x").node is nodes[0]
    assert nodes[2].upstream == [nodes[1]]
    assert nodes[3].upstream == [nodes[2]]
    assert nodes[0].at.file == __file__


def test_several_outputs_have_names_or_places():
    def body():
        named = pair(n=1)
        add(x=named.first)
        one, text = two(n=1)
        log(text=text, number=one)
        first, _ = named
        add(x=first)

    nodes = nodes_of(body)
    assert source(nodes[1], "x").var == "first"
    assert source(nodes[3], "text").var == "o1"
    assert source(nodes[4], "x").var == "first"


def test_promises_are_picked_apart():
    def body():
        found = row(n=1)
        add(x=found.n)
        log(text=found.tags[0])
        total(values=[found.n, 1], named={"a": found.n})

    nodes = nodes_of(body)
    assert source(nodes[1], "x").path == ("n",)
    assert source(nodes[2], "text").path == ("tags", 0)


def test_a_step_may_have_its_own_settings():
    def body():
        add(x=1).with_overrides(  # pyright: ignore[reportAttributeAccessIssue]  a step, by its type a value
            node_name="My Step!", retries=4, timeout=9, cache=True, cache_version="2", requests=Resources(cpu="2")
        )
        add.with_overrides(retries=2, interruptible=True)(x=1)
        log().with_overrides(name="last")

    nodes = nodes_of(body)
    assert nodes[0].id == "my-step"
    assert nodes[0].overrides.retries == 4
    assert nodes[0].overrides.timeout_s == 9
    cache = nodes[0].overrides.cache
    assert isinstance(cache, Cache) and cache.version == "2"
    assert nodes[1].overrides.retries == 2
    assert nodes[2].overrides.name == "last"


PROMISE_USES = {
    "if": lambda p: 1 if p else 2,
    "if ==": lambda p: 1 if p == 1 else 2,
    "chain": lambda p: 0 < p < 5,
    "and": lambda p: p > 1 and p < 3,
    "not": lambda p: not p,
    "~": lambda p: ~(p == 1),
    "in a list": lambda p: p in [1, 2],
    "+": lambda p: p + 1,
    "1 +": lambda p: 1 + p,
    "-": lambda p: -p,
    "len": len,
    "for": list,
    "in": lambda p: 1 in p,
    "f-string": "{}".format,
    "int": int,
    "float": float,
    "range": range,
    "open": open,
    "call": lambda p: p(),
    "slice": lambda p: p[1:2],
}


@pytest.mark.parametrize("use", PROMISE_USES.values(), ids=PROMISE_USES)
def test_a_promise_is_no_value(use):
    def body(x):
        use(x)

    with pytest.raises(InvalidInput, match="input `x`") as raised:
        nodes_of(body, x=int)
    assert str(raised.value).startswith(f"{__file__}:")


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (lambda x: add(x="a"), "input `x` of task `add` expects int, got str 'a'"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (lambda x: add(x=row(n=x)), "expects int, got <promise of `n0.o0`> of type .*Row"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (lambda x: add(x=row(n=x).tags), r"expects int, got <promise of `n0.o0.tags`> of type list\[str\]"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (lambda x: add(x=log()), "gets 0 outputs at once"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (lambda x: add(x=two(n=1)), "gets 2 outputs at once"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (lambda x: row(n=1).nope, "`Row` has no field `nope`; its fields are `n`, `tags`"),  # pyright: ignore[reportAttributeAccessIssue]  a mistake on purpose
        (lambda x: pair(n=1).nope, "has no output `nope`; its outputs are `first`, `second`"),  # pyright: ignore[reportAttributeAccessIssue]  a mistake on purpose
        (lambda x: add(x=1).with_overrides(retry=1), "no setting `retry`"),  # pyright: ignore[reportAttributeAccessIssue]  a step, by its type a value
        (lambda x: add(x=1).with_overrides(retries=x), "must be a constant"),  # pyright: ignore[reportAttributeAccessIssue]  a step, by its type a value
        (lambda x: x.with_overrides(retries=1), "is an input of the workflow, not a step"),
        (lambda x: add(x=1) >> 3, "the right side of `>>` is 3"),
        (lambda x: [add(x=1).with_overrides(node_name="a") for _ in "12"], "two steps .* are named `a`"),  # pyright: ignore[reportAttributeAccessIssue]  a step, by its type a value
        (lambda x: add(x=1).with_overrides(node_name="!"), "can't name a step"),  # pyright: ignore[reportAttributeAccessIssue]  a step, by its type a value
    ],
)
def test_a_mistake_in_a_body_names_the_line(step, told):
    def body(x):
        step(x)

    with pytest.raises(InvalidInput, match=told) as raised:
        nodes_of(body, x=int)
    assert str(raised.value).startswith(f"{__file__}:")


def test_a_workflow_must_return_what_it_declares():
    @workflow
    def one(x: int) -> tuple[int, int]:
        return add(x=x)  # pyright: ignore[reportReturnType]  a mistake on purpose

    with pytest.raises(InvalidInput, match=r"declares 2 output\(s\) but returns"):
        one.graph()

    @workflow
    def none(x: int):
        return add(x=x)

    with pytest.raises(InvalidInput, match="declares no output"):
        none.graph()


def test_an_async_workflow_awaits_its_steps():
    @workflow
    async def noted(x: int) -> int:
        first = await later(x=x)
        return await later(x=first)

    graph = noted.graph()
    assert [node.id for node in graph.nodes] == ["n0", "n1"]

    @workflow
    async def waiting(x: int) -> int:
        import asyncio

        await asyncio.sleep(0)
        return later(x=x)  # pyright: ignore[reportReturnType]  a mistake on purpose

    with pytest.raises(InvalidInput, match="awaits something that is not a step"):
        waiting.graph()


def test_a_promise_outside_its_workflow_is_refused():
    kept = []

    def body(x):
        kept.append(add(x=x))

    nodes_of(body, x=int)
    with pytest.raises(InvalidInput, match="is a promise, but no workflow is being declared"):
        add(x=kept[0])


def test_a_failing_body_leaves_no_graph_open():
    @workflow
    def bad(x: int) -> int:
        raise RuntimeError("oops")

    with pytest.raises(RuntimeError, match="oops"):
        bad.graph()
    assert add(1) == 2


def test_a_default_may_be_any_value():
    @task
    def at(when: datetime = datetime(2024, 1, 1)) -> datetime:
        return when

    assert at() == datetime(2024, 1, 1)
    assert isinstance(at, Task)


def test_the_format_of_a_file_is_no_name_of_a_type():
    @task
    def read(file: FlyteFile["csv"]) -> FlyteFile["csv"] | None:  # noqa: F821  # pyright: ignore[reportUndefinedVariable]  a format
        return file

    from alula.sdk.types.engine import literal_type

    assert literal_type(read.interface.inputs["file"]).blob.format == "csv"
    assert literal_type(read.interface.outputs["o0"]).union_type.variants[0].blob.format == "csv"
