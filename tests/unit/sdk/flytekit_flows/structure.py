"""The ways to put workflows together, as flytekit's documentation shows them."""

import functools

from flytekit import LaunchPlan, Workflow, conditional, dynamic, map_task, task, workflow
from flytekit.core.node_creation import create_node


@task
def square(n: int) -> int:
    return n * n


@task
def double(n: int) -> int:
    return 2 * n


@task
def add(a: int, b: int, c: int = 0) -> int:
    return a + b + c


@task
def summed(xs: list[int]) -> int:
    return sum(xs)


@task
def is_even(n: int) -> bool:
    return n % 2 == 0


@workflow
def inner(n: int, m: int = 3) -> int:
    return add(a=square(n=n), b=m)


@workflow
def wf_nested(n: int = 2) -> tuple[int, int]:
    return inner(n=n), inner(n=n, m=10)


@workflow
def wf_conditional(n: int = 7) -> int:
    return (
        conditional("size")
        .if_((n > 0) & (n < 5))
        .then(double(n=n))
        .elif_(n == 7)
        .then(square(n=n))
        .else_()
        .fail("too large")
    )


@workflow
def wf_conditional_on_result(n: int = 4) -> int:
    even = is_even(n=n)
    chosen = conditional("even").if_(even.is_true()).then(square(n=n)).else_().then(double(n=n))
    return add(a=chosen, b=1)


@workflow
def wf_nested_conditional(n: int = 8) -> int:
    return (
        conditional("outer")
        .if_(n < 5)
        .then(double(n=n))
        .else_()
        .then(conditional("inner").if_(n == 8).then(square(n=n)).else_().fail("no"))
    )


@workflow
def wf_map(xs: list[int] = [1, 2, 3]) -> int:
    return summed(xs=map_task(square, concurrency=2)(n=xs))


@workflow
def wf_map_partial(xs: list[int] = [1, 2, 3]) -> list[int]:
    return map_task(functools.partial(add, b=10, c=double(n=5)))(a=xs)


@workflow
def wf_map_two_lists(xs: list[int] = [1, 2], ys: list[int] = [10, 20]) -> list[int]:
    return map_task(functools.partial(add, c=100))(a=xs, b=ys)


@task
def fragile(n: int) -> int:
    if n == 2:
        raise ValueError("two")
    return n


@task
def present(xs: list[int | None]) -> int:
    return sum(1 for x in xs if x is not None)


@workflow
def wf_map_ratio(xs: list[int] = [1, 2, 3]) -> int:
    return present(xs=map_task(fragile, min_success_ratio=0.5)(n=xs))


@workflow
def wf_map_successes(xs: list[int] = [1, 3, 4]) -> int:
    return summed(xs=map_task(fragile, min_successes=2)(n=xs))


@dynamic
def fibonacci(n: int) -> int:
    if n < 2:
        return n
    return add(a=fibonacci(n=n - 1), b=fibonacci(n=n - 2))


@dynamic
def squares(n: int) -> list[int]:
    return [square(n=i) for i in range(n)]


@workflow
def wf_dynamic(n: int = 5) -> tuple[list[int], int]:
    made = squares(n=n)
    return made, summed(xs=made)


@workflow
def wf_recursion(n: int = 5) -> int:
    return fibonacci(n=n)


@task
def note(book: str, text: str) -> None:
    with open(book, "a") as file:
        file.write(text + "\n")


@task
def noted(book: str) -> str:
    with open(book) as file:
        return ",".join(file.read().split())


@workflow
def wf_order(book: str) -> str:
    first = note(book=book, text="first")
    second = note(book=book, text="second")
    last = noted(book=book)
    first >> second
    second >> last
    return last


@workflow
def wf_create_node(book: str, n: int = 3) -> tuple[str, int]:
    first = create_node(note, book=book, text="node")
    last = create_node(noted, book=book)
    first.runs_before(last)
    return last.o0, create_node(square, n=n).o0


wf_imperative = Workflow(name="my.imperative.workflow")
wf_imperative.add_workflow_input("n", int)
_squared = wf_imperative.add_entity(square, n=wf_imperative.inputs["n"])
_added = wf_imperative.add_entity(add, a=_squared.outputs["o0"], b=1, c=2)
wf_imperative.add_workflow_output("squared", _squared.outputs["o0"])
wf_imperative.add_workflow_output("all", [_squared.outputs["o0"], _added.outputs["o0"]], python_type=list[int])

plan = LaunchPlan.get_or_create(inner, "plan", default_inputs={"n": 4}, fixed_inputs={"m": 1})


@workflow
def wf_launch_plan() -> int:
    return add(a=plan(n=5), b=plan())


@task
def clean_up(n: int) -> None:
    pass


@workflow(on_failure=clean_up)
def wf_handled(n: int = 6) -> int:
    return square(n=n)
