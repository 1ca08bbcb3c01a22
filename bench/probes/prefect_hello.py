"""The smallest flow of Prefect."""

from prefect import flow, task


@task
def greet(name: str) -> str:
    return f"hello {name}"


@flow
def hello(name: str = "world") -> str:
    return greet(name)


if __name__ == "__main__":
    hello()
