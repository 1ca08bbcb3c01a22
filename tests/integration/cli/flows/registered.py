"""What `referring.py` calls, registered apart from it."""

from __future__ import annotations

from alula import LaunchPlan, task, workflow


@task
def add(x: int, y: int = 1) -> int:
    return x + y


@workflow
def summed(x: int, y: int) -> int:
    return add(x=x, y=y)


ten = LaunchPlan.create("ten", summed, default_inputs={"x": 3}, fixed_inputs={"y": 10})


@workflow
def whole(x: int) -> int:
    return add(x=ten(), y=x)
