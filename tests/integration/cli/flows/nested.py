"""Steps inside other steps: chosen, made at run time, of a sub-workflow."""

from alula import LaunchPlan, conditional, dynamic, map_task, task, workflow


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


sized_plan = LaunchPlan.get_or_create(sized)


@workflow
def sized_each(ns: list[int] = [1, 20]) -> list[str]:  # noqa: B006
    return map_task(sized)(n=ns)


@workflow
def planned_each(ns: list[int] = [1, 20]) -> list[str]:  # noqa: B006
    return map_task(sized_plan, concurrency=1)(n=ns)


@dynamic(node_dependency_hints=[sized_plan])
def launched(n: int) -> str:
    return sized_plan(n=n)


@workflow
def launching(n: int = 30) -> str:
    return launched(n=n)
