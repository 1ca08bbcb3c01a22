"""One attempt of a task in this process: literals in, literals or a graph out. Shared with the workers of a run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
from flyteidl.core.literals_pb2 import LiteralMap

from alula.core.engine.actions import StartAttempt
from alula.core.ids import EntityId
from alula.sdk.authoring.map_task import MapTask
from alula.sdk.authoring.task import Task
from alula.sdk.calling import Runner
from alula.sdk.runtime.expanding import Expanded as Graph
from alula.sdk.runtime.expanding import expand
from alula.sdk.runtime.failure import author_traceback, headline, is_of_author
from alula.sdk.runtime.results import write_deck
from alula.sdk.runtime.running import execute, item_inputs
from alula.sdk.serialize.entities import AnyTask
from alula.sdk.serialize.settings import SerializationSettings
from alula.sdk.task_context.context import make_context
from alula.sdk.task_context.deck import render
from alula.sdk.task_context.tab import Tab

LOCAL = SerializationSettings(require_importable=False)
"""Nothing is looked up by name in a local run."""


class Attempt(msgspec.Struct, frozen=True):
    """The facts of an attempt. Its files are below `folder`, which is that of the run."""

    folder: str
    task: EntityId
    node_id: str
    index: int
    """The item of an array, -1 elsewhere."""
    number: int
    inputs: bytes
    """Serialized `core.LiteralMap`; of an item, its own."""

    @property
    def label(self) -> str:
        """The name of the node or item, for people."""
        return f"{self.node_id}[{self.index}]" if self.index >= 0 else self.node_id

    @property
    def place(self) -> str:
        """The folder of its files."""
        return self._place(self.number)

    @property
    def previous_checkpoint(self) -> str:
        return f"{self._place(self.number - 1)}/checkpoint" if self.number else ""

    def _place(self, number: int) -> str:
        item = f"-{self.index}" if self.index >= 0 else ""
        return f"{self.folder}/{self.node_id}{item}-{number}"


class Shown(msgspec.Struct, frozen=True):
    """An exception of the author's code, in words."""

    headline: str
    traceback: str


def attempt_of(action: StartAttempt, id: EntityId, target: AnyTask, folder: Path) -> Attempt:
    """The attempt that the engine asks for. Raises `TaskFailed` for an item of a map task without inputs."""
    inputs = action.inputs
    if isinstance(target, MapTask):
        item = item_inputs(LiteralMap.FromString(inputs).literals, target.bound, action.index)
        inputs = LiteralMap(literals=item).SerializeToString(deterministic=True)
    return Attempt(str(folder), id, action.node_id, action.index, action.attempt, inputs)


def function_task(target: AnyTask) -> Task[..., object]:
    """The task itself, or that of the items."""
    return target.task if isinstance(target, MapTask) else target


def perform(
    attempt: Attempt, task: Task[..., object], *, work: str, calls_run_by: Runner | None
) -> tuple[LiteralMap | Graph, str]:
    """The outputs of the attempt or the graph that it makes, and the path of its deck, empty without one.

    Args:
        attempt: what to run.
        task: whose function it is.
        work: the working directory of the task; empty again afterwards.
        calls_run_by: runs what an eager task calls.

    Raises `TaskFailed` as `running.execute` does.
    """
    inputs = LiteralMap.FromString(attempt.inputs).literals
    context = make_context(
        execution_id=("local", "local", os.path.basename(attempt.folder)),
        task_id=attempt.task,
        attempt=attempt.number,
        working_directory=work,
        raw_output_prefix=attempt.place,
        checkpoint_path=f"{attempt.place}/checkpoint",
        previous_checkpoint=attempt.previous_checkpoint,
        enable_deck=task.settings.enable_deck,
        calls_run_by=calls_run_by if task.is_eager else None,
    )
    before = os.environ.get("FLYTE_ATTEMPT_NUMBER")
    os.environ["FLYTE_ATTEMPT_NUMBER"] = str(attempt.number)
    deck = ""
    try:
        result = expand(task, inputs, context, LOCAL) if task.kind.makes_graph else execute(task, inputs, context)
    finally:
        deck = _deck(attempt.place, task, context.decks)
        _restore("FLYTE_ATTEMPT_NUMBER", before)
        _empty(work)
    return result, deck


def shown(exception: BaseException | None) -> Shown | None:
    """The words for an exception; None if the author's code did not raise it."""
    if exception is None or not is_of_author(exception):
        return None
    return Shown(headline(exception), author_traceback(exception))


def _deck(place: str, task: Task[..., object], decks: list[Tab]) -> str:
    if not task.settings.enable_deck or not decks:
        return ""
    write_deck(place, render(decks, title=task.name))
    return f"{place}/deck.html"


def _empty(folder: str) -> None:
    # The folder serves the next attempt: making and removing one each time costs more than most tasks.
    if os.listdir(folder):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder, exist_ok=True)


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
