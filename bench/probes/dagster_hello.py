"""The smallest job of Dagster."""

from dagster import job, op


@op
def name() -> str:
    return "world"


@op
def greet(name: str) -> str:
    return f"hello {name}"


@job
def hello():
    greet(name())


if __name__ == "__main__":
    hello.execute_in_process()
