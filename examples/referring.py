"""A workflow that calls what another file has registered, without its code.

$ alula register examples/hello.py --version v1
$ alula run --remote --wait examples/referring.py welcome
"""

from __future__ import annotations

from alula import reference_launch_plan, task, workflow


@reference_launch_plan(project="flytesnacks", domain="development", name="hello.hello", version="v1")
def hello(name: str) -> str: ...


@task
def loud(text: str) -> str:
    return text.upper()


@workflow
def welcome(name: str = "world") -> str:
    """Greet with the registered workflow, as a run of its own, and then louder."""
    return loud(text=hello(name=name))
