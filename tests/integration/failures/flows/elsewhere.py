"""Imports where it is registered and nowhere else."""

import only_at_the_clients

from alula import task


@task
def needs_a_library() -> int:
    return only_at_the_clients.value
