"""Imports where it is registered and nowhere else."""

import only_at_the_clients  # pyright: ignore[reportMissingImports]  what the platform does not have

from alula import task


@task
def needs_a_library() -> int:
    return only_at_the_clients.value
