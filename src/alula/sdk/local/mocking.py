"""Mocks of tasks, for tests of the workflows that call them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar
from unittest.mock import MagicMock

from alula.sdk.authoring.kind import PYTHON
from alula.sdk.authoring.task import Task
from alula.sdk.mistake import caller, mistake

Result = TypeVar("Result")


@contextmanager
def task_mock(target: Task[..., Any]) -> Generator[MagicMock]:
    """Let a mock run in the place of a task, wherever it is called in this process.

    ```python
    with task_mock(train) as mock:
        mock.return_value = 0.9
        assert pipeline() == 0.9
    ```

    Raises `InvalidInput` for anything but a task.
    """
    if not isinstance(target, Task):
        raise mistake(
            "NotATask",
            f"only a task can be mocked, not {target!r}",
            at=caller(),
            fix='put an entity of your own in its place: `monkeypatch.setattr(flow, "nightly", fake)`',
        )
    mock = MagicMock()
    before = target.function, target.kind
    target.function, target.kind = mock, PYTHON
    try:
        yield mock
    finally:
        target.function, target.kind = before


def patch(target: Task[..., Any]) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Run a test with a mock in the place of a task; the test gets it as its first argument. See `task_mock`."""

    def decorate(test: Callable[..., Result]) -> Callable[..., Result]:
        @wraps(test)
        def patched(*args: object, **kwargs: object) -> Result:
            with task_mock(target) as mock:
                return test(mock, *args, **kwargs)

        del patched.__wrapped__  # else pytest takes the mock for a fixture
        return patched

    return decorate
