"""The smallest workflow. Run it with: alula run examples/hello.py hello --name Ada"""

from alula import task, workflow


@task
def greet(name: str) -> str:
    return f"Hello, {name}!"


@workflow
def hello(name: str = "world") -> str:
    """Greet somebody.

    Args:
        name: whom to greet
    """
    return greet(name=name)
