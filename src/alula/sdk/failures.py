"""Exceptions by which a task's function says how it failed."""

from __future__ import annotations


class RecoverableError(Exception):
    """Raise this in a task to say that another attempt may succeed: only then does `retries` apply.

    Any other exception fails the node at once, as in Flyte.

    ```python
    @task(retries=3)
    def fetch(url: str) -> str:
        if busy(url):
            raise RecoverableError("the server is busy")
    ```
    """


FlyteRecoverableException = RecoverableError
"""The name in flytekit, for code that comes from there."""


class EagerException(Exception):
    """The failure of a run that an eager task has called. The task goes on if its body catches it.

    ```python
    @eager
    async def guarded(x: int) -> int:
        try:
            return await risky(x=x)
        except EagerException:
            return 0
    ```
    """

    def __init__(self, message: str, *, code: str = "", execution: str = "") -> None:
        super().__init__(message)
        self.error_code = code or type(self).__name__
        """The code of the error with which the run ended. An eager task that does not catch it fails with this code."""
        self.execution = execution
        """The name of the run; empty in a local run."""
