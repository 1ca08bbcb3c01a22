"""Attempts of tasks in this process, for local runs: literals in, outputs or a graph out."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from flyteidl.core.literals_pb2 import Literal, LiteralMap

from alula.core.compiler.dynamic import BUILD_FAILED, compile_dynamic
from alula.core.engine.actions import StartAttempt
from alula.core.engine.plan import PlanNode, PlanTask, make_plan
from alula.core.errors import InvalidInput, TaskError
from alula.sdk.authoring.map_task import MapTask
from alula.sdk.authoring.reference import not_here
from alula.sdk.authoring.task import Task
from alula.sdk.calling import Runner
from alula.sdk.local.shell import Expanded, Succeeded
from alula.sdk.runtime.expanding import Expanded as Graph
from alula.sdk.runtime.expanding import expand
from alula.sdk.runtime.failure import TaskFailed
from alula.sdk.runtime.results import write_deck
from alula.sdk.runtime.running import execute, item_inputs
from alula.sdk.serialize.compiling import launch_plans_in
from alula.sdk.serialize.entities import AnyTask, Serialized
from alula.sdk.serialize.settings import SerializationSettings
from alula.sdk.task_context.context import make_context
from alula.sdk.task_context.deck import render
from alula.sdk.task_context.tab import Tab

LOCAL = SerializationSettings(require_importable=False)
"""Nothing is looked up by name in a local run."""


class Attempts:
    """Runs attempts of the tasks in this process, and keeps the exceptions of user code."""

    def __init__(self, serialized: Serialized, folder: Path, *, calls_run_by: Runner) -> None:
        self.folder = folder
        self._calls_run_by = calls_run_by
        self._exceptions: dict[str, dict[str, BaseException]] = {}
        """By node, and by the message of the error that was made of it: the items of an array share their node's id."""
        self.launch_plans: dict[str, Serialized] = {}
        """Everything needed to run each launch plan, those of dynamic tasks included."""
        self._tasks: dict[str, AnyTask] = {}
        self._learn(serialized)
        self._work = tempfile.mkdtemp(prefix="alula-local-")

    def close(self) -> None:
        shutil.rmtree(self._work, ignore_errors=True)

    def _learn(self, serialized: Serialized) -> None:
        self._tasks.update(serialized.python_tasks)
        self.launch_plans.update(dict.fromkeys(serialized.launch_plans, serialized))

    def run(self, action: StartAttempt, plan: PlanNode) -> Succeeded | Expanded | TaskError:
        assert plan.task is not None
        item = f"-{action.index}" if action.index >= 0 else ""
        place = f"{action.node_id}{item}-{action.attempt}"
        before = os.environ.get("FLYTE_ATTEMPT_NUMBER")
        os.environ["FLYTE_ATTEMPT_NUMBER"] = str(action.attempt)
        try:
            return self._execute(action, plan, place)
        except TaskFailed as failed:
            if failed.__cause__ is not None:
                self._exceptions.setdefault(action.node_id, {})[failed.error.message] = failed.__cause__
            return failed.error
        finally:
            _restore("FLYTE_ATTEMPT_NUMBER", before)
            self._empty_work()

    def exception_behind(self, error: TaskError) -> BaseException | None:
        """The exception of user code behind `error`, or None. The engine may have put words before its message."""
        raised = self._exceptions.get(error.node_id, {})
        return next((raised[message] for message in raised if error.message.endswith(message)), None)

    def _empty_work(self) -> None:
        # The folder serves the next attempt: making and removing one each time costs more than most tasks.
        if os.listdir(self._work):
            shutil.rmtree(self._work, ignore_errors=True)
            os.makedirs(self._work, exist_ok=True)

    def _execute(self, action: StartAttempt, plan: PlanNode, place: str) -> Succeeded | Expanded | TaskError:
        assert plan.task is not None
        target = self._tasks[plan.task.id.name]
        inputs: Mapping[str, Literal] = LiteralMap.FromString(action.inputs).literals
        if isinstance(target, MapTask):
            inputs = item_inputs(inputs, target.bound, action.index)
        task = target.task if isinstance(target, MapTask) else target
        context = make_context(
            execution_id=("local", "local", self.folder.name),
            task_id=plan.task.id,
            attempt=action.attempt,
            working_directory=self._work,
            raw_output_prefix=str(self.folder / place),
            checkpoint_path=str(self.folder / place / "checkpoint"),
            previous_checkpoint=self._previous_checkpoint(action),
            enable_deck=task.settings.enable_deck,
            calls_run_by=self._calls_run_by if task.is_eager else None,
        )
        try:
            result = expand(task, inputs, context, LOCAL) if task.kind.makes_graph else execute(task, inputs, context)
        finally:
            _flush_output()
            deck = self._deck(place, task, context.decks)
        if isinstance(result, LiteralMap):
            return Succeeded(result.SerializeToString(deterministic=True), deck)
        return self._compiled(result, action, plan.task, place, deck)

    def _compiled(
        self, graph: Graph, action: StartAttempt, task: PlanTask, place: str, deck: str
    ) -> Expanded | TaskError:
        """Compile the graph of a dynamic task as the platform does."""
        try:
            refuse_references(graph.serialized)
            closure = compile_dynamic(
                graph.job,
                parent=task.template,
                node_id=action.node_id,
                launch_plans=launch_plans_in(graph.serialized),
            )
            plan = make_plan(closure)
        except InvalidInput as error:
            return TaskError(BUILD_FAILED, f"the graph that the task made can't be run: {error}")
        self._learn(graph.serialized)
        file = self.folder / place / "futures_compiled.pb"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(closure.SerializeToString(deterministic=True))
        return Expanded(plan, str(file), deck)

    def _previous_checkpoint(self, action: StartAttempt) -> str:
        if action.attempt == 0:
            return ""
        item = f"-{action.index}" if action.index >= 0 else ""
        return str(self.folder / f"{action.node_id}{item}-{action.attempt - 1}" / "checkpoint")

    def _deck(self, place: str, task: Task[..., object], decks: list[Tab]) -> str:
        if not task.settings.enable_deck or not decks:
            return ""
        write_deck(str(self.folder / place), render(decks, title=task.name))
        return str(self.folder / place / "deck.html")


def refuse_references(serialized: Serialized) -> None:
    """Raise `InvalidInput` for the first reference, whose code only the platform has."""
    for reference in serialized.references:
        raise not_here(reference, at=reference.location)


def _flush_output() -> None:
    """A task may have closed standard output, or taken it away; the run still needs it."""
    if sys.stdout is None or sys.stdout.closed:
        sys.stdout = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    sys.stdout.flush()


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
