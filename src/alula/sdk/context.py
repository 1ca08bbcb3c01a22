"""What a running task can ask about itself: `current_context()`. Holds values; decides nothing."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from alula.sdk.checkpoint import Checkpoint
from alula.sdk.secret import Secrets

if TYPE_CHECKING:
    import datetime
    import logging

    from alula.sdk.deck import Deck
    from alula.sdk.types.store import Store


class ExecutionIdentifier(NamedTuple):
    """The run that a task belongs to."""

    project: str
    domain: str
    name: str


class TaskIdentifier(NamedTuple):
    """The task that runs."""

    project: str
    domain: str
    name: str
    version: str


@dataclass(slots=True)
class ExecutionParameters:
    """The running task's surroundings. In plain Python, outside a platform, they are those of a local run."""

    execution_id: ExecutionIdentifier
    task_id: TaskIdentifier
    attempt: int
    """From 0."""
    working_directory: str
    """A folder of the attempt's own; gone after it."""
    raw_output_prefix: str
    """Under which the files of outputs are stored."""
    checkpoint: Checkpoint
    store: Store
    secrets: Secrets = field(default_factory=Secrets)
    decks: list[Deck] = field(default_factory=list["Deck"])
    enable_deck: bool = False

    @property
    def logging(self) -> logging.Logger:
        """A logger for the task's own messages."""
        import logging  # lazy: only tasks that log need it

        return logging.getLogger("alula.task")

    @property
    def execution_date(self) -> datetime.datetime:
        """Now, with time zone UTC."""
        import datetime  # lazy: only tasks that ask need it

        return datetime.datetime.now(datetime.UTC)


_current: ContextVar[ExecutionParameters | None] = ContextVar("alula_current_context", default=None)


def current_context() -> ExecutionParameters:
    """The surroundings of the running task."""
    return _current.get() or _plain_context()


@contextmanager
def running(context: ExecutionParameters) -> Generator[None]:
    """`current_context()` gives this one meanwhile."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


def working_directory() -> str:
    """The folder for the running task's own files."""
    return current_context().working_directory


def make_context(
    *,
    execution_id: tuple[str, str, str],
    task_id: tuple[str, str, str, str],
    attempt: int,
    working_directory: str,
    raw_output_prefix: str,
    checkpoint_path: str = "",
    previous_checkpoint: str = "",
    enable_deck: bool = False,
) -> ExecutionParameters:
    """The surroundings of one attempt; stores files under `raw_output_prefix` on this machine."""
    from alula.sdk.types.store import FileStore  # lazy: declaring needs no store

    return ExecutionParameters(
        execution_id=ExecutionIdentifier(*execution_id),
        task_id=TaskIdentifier(*task_id),
        attempt=attempt,
        working_directory=working_directory,
        raw_output_prefix=raw_output_prefix,
        checkpoint=Checkpoint(checkpoint_path, previous_checkpoint),
        store=FileStore(raw_output_prefix, working_directory),
        enable_deck=enable_deck,
    )


@cache
def _plain_context() -> ExecutionParameters:
    import atexit  # lazy: only code outside a platform comes here
    import shutil  # lazy: as above
    import tempfile  # lazy: as above

    folder = tempfile.mkdtemp(prefix="alula-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make_context(
        execution_id=("local", "local", "local"),
        task_id=("local", "local", "local", "local"),
        attempt=0,
        working_directory=folder,
        raw_output_prefix=os.path.join(folder, "raw"),
        checkpoint_path=os.path.join(folder, "checkpoint"),
    )
