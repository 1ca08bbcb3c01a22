"""Steps inside other steps: chosen, made at run time, of a sub-workflow."""

from alula import conditional, dynamic, task, workflow


@task
def small(n: int) -> str:
    return f"{n} is small"


@task
def large(n: int) -> str:
    return f"{n} is large"


@workflow
def sized(n: int = 5) -> str:
    return conditional("size").if_(n < 10).then(small(n=n)).else_().then(large(n=n))


@workflow
def chosen(n: int = 5) -> str:
    return conditional("outer").if_(n < 100).then(sized(n=n)).else_().then(large(n=n))


@dynamic
def each(ns: list[int]) -> list[str]:
    return [small(n=n) for n in ns]


@workflow
def made(ns: list[int] = [1, 2]) -> list[str]:  # noqa: B006
    return each(ns=ns)
