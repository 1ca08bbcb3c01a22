"""Async tasks where a loop runs already, as in a notebook, and where none does."""

import asyncio

import pytest

from alula import current_context, task
from alula.sdk.authoring.task import run_function
from alula.sdk.task_context.context import make_context, running
from alula.sdk.task_context.coroutines import in_thread, run


@task
async def where(x: int) -> str:
    await asyncio.sleep(0)
    return f"{current_context().execution_id.name} {x}"


@pytest.fixture
def context(tmp_path):
    made = make_context(
        execution_id=("p", "d", "e"),
        task_id=("p", "d", "t", "v"),
        attempt=0,
        working_directory=str(tmp_path),
        raw_output_prefix=str(tmp_path),
    )
    with running(made):
        yield


def test_without_a_loop(context):
    assert run_function(where, {"x": 1}) == "e 1"


def test_beside_a_running_loop(context):
    async def notebook():
        return run_function(where, {"x": 2})

    assert asyncio.run(notebook()) == "e 2"


def test_a_failure_passes_through():
    async def bad():
        raise LookupError("x")

    async def notebook():
        return run(bad)

    with pytest.raises(LookupError):
        run(bad)
    with pytest.raises(LookupError):
        asyncio.run(notebook())


def test_a_blocking_call_is_awaited():
    async def main():
        return await in_thread(lambda: 3)

    assert asyncio.run(main()) == 3
