"""A workflow whose runs start those of another one, and its own again: that would be a loop."""

from alula import LaunchPlan, OnRunEnd, task, workflow


@task
def double(n: int) -> int:
    return 2 * n


@workflow
def first(n: int) -> int:
    return double(n=n)


@workflow
def second(n: int, after: str) -> int:
    return double(n=n)


seconds = LaunchPlan.create(
    "seconds", second, trigger=OnRunEnd(first, inputs={"n": "outputs.o0", "after": "run.name"}), auto_activate=True
)
firsts = LaunchPlan.create("firsts", first, trigger=OnRunEnd(second, inputs={"n": "outputs.o0"}), auto_activate=True)
