"""What `helm test` runs: two tasks in pods, one after the other, whose values go by the object store."""

from alula import task, workflow


@task
def square(n: int) -> int:
    return n * n


@task
def total(squares: list[int]) -> int:
    return sum(squares)


@workflow
def sample(n: int = 3) -> int:
    return total(squares=[square(n=n)])
