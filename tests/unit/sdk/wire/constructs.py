"""Conditionals, gates, failure handlers and dynamic tasks, compared with flytekit's: same source but for the import."""

import datetime

from alula import FlyteError, approve, conditional, dynamic, sleep, task, wait_for_input, workflow

HOUR = datetime.timedelta(hours=1)


@task
def add(a: int, b: int = 0) -> int:
    return a + b


@task
def is_big(x: int) -> bool:
    return x > 1


@task
def log(text: str) -> None:
    print(text)


@task
def clean(a: int, s: str, err: FlyteError | None = None) -> None:
    print(a, s, err)


@workflow
def inner(a: int) -> int:
    return add(a=a, b=100)


@workflow
def clean_all(a: int, s: str, err: FlyteError | None = None) -> None:
    clean(a=a, s=s, err=err)


@dynamic(retries=2)
def grow(n: int) -> int:
    x = 0
    for i in range(n):
        x = add(a=i, b=x)
    y = inner(a=x)
    return conditional("last").if_(y > 3).then(add(a=y)).else_().then(grow(n=n - 1))


@workflow
def branches(a: int, s: str, f: float, o: int | None = None) -> int:
    x = add(a=a)
    flag = is_big(x=a)
    chosen = (
        conditional("c")
        .if_((x > 5) & (a < 100) | (f >= 1.5))
        .then(add(a=x, b=1))
        .elif_(flag.is_true())  # pyright: ignore[reportAttributeAccessIssue]  a step, by its type a value
        .then(inner(a=a))
        .elif_((s != "x") & o.is_none())  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]  a step, by its type a value
        .then(grow(n=x))
        .else_()
        .fail("no")
    )
    return add(a=chosen)


@workflow
def nested_branches(a: int) -> int:
    return (
        conditional("outside")
        .if_(a > 1)
        .then(conditional("within").if_(a > 2).then(add(a=a)).else_().then(add(a=a, b=7)))
        .else_()
        .then(add(a=1))
    )


@workflow
def void_branches(a: int) -> None:
    conditional("void").if_(a < 5).then(log(text="small")).else_().then(log(text="big"))


@workflow
def gates(n: int) -> int:
    x = approve(add(a=n), "ok", timeout=HOUR)
    y = wait_for_input("value", timeout=datetime.timedelta(seconds=90), expected_type=int)
    pause = sleep(datetime.timedelta(seconds=1, milliseconds=500))
    pause >> x
    return add(a=x, b=y)


@workflow(on_failure=clean)
def failing(a: int, s: str = "x") -> int:
    return add(a=a)


@workflow(on_failure=clean_all)
def failing_with_workflow(a: int, s: str = "x") -> int:
    return add(a=a)
