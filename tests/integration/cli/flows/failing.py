"""A run that fails deep inside, after a retry, beside a step that never gets to begin."""

from alula import RecoverableError, dynamic, task, workflow


@task(retries=1)
def check(x: int) -> int:
    raise RecoverableError(f"{x} is not right")


@task
def report(x: int) -> int:
    return x


@dynamic
def spread(x: int) -> int:
    return check(x=x)


@workflow
def inner(x: int) -> int:
    return spread(x=x)


@workflow
def outer(x: int = 3) -> int:
    return report(x=inner(x=x))
