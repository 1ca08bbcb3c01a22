"""The smallest pipeline."""

from alula import task, workflow


@task
def greet(name: str) -> str:
    return f"hello {name}"


@workflow
def hello(name: str = "world") -> str:
    return greet(name=name)
