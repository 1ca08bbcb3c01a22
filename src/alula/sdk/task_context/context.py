"""`current_context()`: the facts that a running task can ask about itself. Holds values; decides nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple

from alula.sdk import calling
from alula.sdk.absent_members import lacks_members
from alula.sdk.task_context.checkpoint import Checkpoint
from alula.sdk.task_context.secret import Secrets

if TYPE_CHECKING:
    import datetime
    import logging

    from alula.sdk.store import Store
    from alula.sdk.task_context.made_artifact import MadeArtifact
    from alula.sdk.task_context.tab import Tab


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


class Identity(NamedTuple):
    """The execution, task and number of an attempt."""

    execution_id: ExecutionIdentifier
    task_id: TaskIdentifier
    attempt: int


class ExecutionParameters:
    """The running task's surroundings. In plain Python, outside a platform, they are those of a local run.

    Most tasks ask for little of it, so what is asked for is made then.
    """

    def __init__(
        self,
        identify: Callable[[], Identity],
        store: Store,
        *,
        working_directory: str,
        raw_output_prefix: str,
        checkpoint_path: str = "",
        previous_checkpoint: str = "",
        enable_deck: bool = False,
        publish: Callable[[ExecutionParameters], None] | None = None,
        calls_run_by: calling.Runner | None = None,
    ) -> None:
        self._identify = identify
        self.store = store
        self.working_directory = working_directory
        """A folder of the attempt's own; gone after it."""
        self.raw_output_prefix = raw_output_prefix
        """Under which the files of outputs are stored."""
        self._checkpoints = checkpoint_path, previous_checkpoint
        self.enable_deck = enable_deck
        self._publish = publish
        self.calls_run_by = calls_run_by
        """Of an eager task: what runs its calls."""
        self.made_artifacts: list[MadeArtifact] = []
        """The values whose partitions the task has said itself."""

    @property
    def execution_id(self) -> ExecutionIdentifier:
        """The run."""
        return self._identity.execution_id

    @property
    def task_id(self) -> TaskIdentifier:
        """The task."""
        return self._identity.task_id

    @property
    def attempt(self) -> int:
        """From 0."""
        return self._identity.attempt

    @cached_property
    def _identity(self) -> Identity:
        return self._identify()

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The bytes kept by an earlier attempt, and a place to keep some for the next."""
        return Checkpoint(*self._checkpoints)

    @cached_property
    def secrets(self) -> Secrets:
        """The secrets that the task asked for."""
        return Secrets()

    @cached_property
    def decks(self) -> list[Tab]:
        """The sections of the attempt's report."""
        return []

    @property
    def default_deck(self) -> Tab:
        """The tab of the name `default`."""
        return self._tab("default")

    @property
    def timeline_deck(self) -> Tab:
        """The tab of the name `timeline`."""
        return self._tab("timeline")

    def _tab(self, name: str) -> Tab:
        from alula.sdk.task_context.tab import Tab  # lazy: only tasks with decks

        found = next((tab for tab in self.decks if tab.name == name), None)
        if found is None:
            found = Tab(name)
            self.decks.append(found)
        return found

    def publish_decks(self) -> None:
        """Write the report as it is now, where that is of use."""
        if self._publish is not None:
            self._publish(self)

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


lacks_members(
    ExecutionParameters,
    {
        "stats": "log figures by `current_context().logging`, or show them in a `Deck`",
        "output_metadata_prefix": "return outputs; further files go below `raw_output_prefix`",
        **dict.fromkeys(("get", "has_attr"), "attributes are those of the platform alone; pass others as inputs"),
        **dict.fromkeys(
            ("builder", "new_builder", "Builder", "with_task_sandbox", "with_enable_deck"),
            "surroundings are made by what runs a task; in a test call the task",
        ),
    },
)


CURRENT: ContextVar[ExecutionParameters | None] = ContextVar("alula_current_context", default=None)
"""The context of the running task, set by `running`."""


def current_context() -> ExecutionParameters:
    """The surroundings of the running task."""
    return CURRENT.get() or _plain_context()


class running:  # noqa: N801 - a context manager, which reads as a function does
    """Let `current_context()` give this one meanwhile. No generator: each call touches pages that a fork copies."""

    def __init__(self, context: ExecutionParameters) -> None:
        self._context = context

    def __enter__(self) -> None:
        self._token, self._outer = CURRENT.set(self._context), calling.BY.set(self._context.calls_run_by)

    def __exit__(self, *_: object) -> None:
        calling.BY.reset(self._outer)
        CURRENT.reset(self._token)


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
    calls_run_by: calling.Runner | None = None,
) -> ExecutionParameters:
    """The surroundings of one attempt; stores files under `raw_output_prefix` on this machine."""
    from alula.sdk.store import FileStore  # lazy: declaring needs no store

    return ExecutionParameters(
        lambda: Identity(ExecutionIdentifier(*execution_id), TaskIdentifier(*task_id), attempt),
        FileStore(raw_output_prefix, working_directory),
        working_directory=working_directory,
        raw_output_prefix=raw_output_prefix,
        checkpoint_path=checkpoint_path,
        previous_checkpoint=previous_checkpoint,
        enable_deck=enable_deck,
        calls_run_by=calls_run_by,
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
