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
