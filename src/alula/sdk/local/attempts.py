"""The attempts of a local run: where each task is found, what came of it, and the exceptions behind failures."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from flyteidl.core.literals_pb2 import LiteralMap

from alula.core.compiler.dynamic import BUILD_FAILED, compile_dynamic
from alula.core.engine.actions import StartAttempt
from alula.core.engine.plan import PlanNode, PlanTask, make_plan
from alula.core.errors import InvalidInput, TaskError
from alula.sdk.authoring.reference import not_here
from alula.sdk.calling import Runner
from alula.sdk.local.attempt import Attempt, Shown, attempt_of, function_task, perform, shown
from alula.sdk.local.shell import Expanded, Succeeded
from alula.sdk.runtime.expanding import Expanded as Graph
from alula.sdk.runtime.failure import TaskFailed
from alula.sdk.serialize.compiling import launch_plans_in
from alula.sdk.serialize.entities import AnyTask, Serialized


class Attempts:
    """Runs attempts of the tasks in this process, and keeps the exceptions of user code."""

    def __init__(self, serialized: Serialized, folder: Path, *, calls_run_by: Runner) -> None:
        self.folder = folder
        self._calls_run_by = calls_run_by
        self._raised: dict[str, dict[str, BaseException | Shown]] = {}
        """By node, and by the message of the error that was made of it: the items of an array share their node's id."""
        self.launch_plans: dict[str, Serialized] = {}
        """Everything needed to run each launch plan, those of dynamic tasks included."""
        self._tasks: dict[str, AnyTask] = {}
        self._learn(serialized)
        self.work = tempfile.mkdtemp(prefix="alula-local-")
        """The working directory of the tasks."""

    def close(self) -> None:
        shutil.rmtree(self.work, ignore_errors=True)

    def _learn(self, serialized: Serialized) -> None:
        self._tasks.update(serialized.python_tasks)
        self.launch_plans.update(dict.fromkeys(serialized.launch_plans, serialized))

    def run(self, action: StartAttempt, plan: PlanNode, folder: Path) -> Succeeded | Expanded | TaskError:
        """Run an attempt of the run that has this folder, or of one that it has started."""
        task = plan.task
        assert task is not None, "attempts are of tasks"
        target = self.target(task)
        try:
            attempt = attempt_of(action, task.id, target, folder)
            result, deck = perform(attempt, function_task(target), work=self.work, calls_run_by=self._calls_run_by)
        except TaskFailed as failed:
            if failed.__cause__ is not None:
                self.keep(action.node_id, failed.error, failed.__cause__)
            return failed.error
        finally:
            _flush_output()
        if isinstance(result, LiteralMap):
            return Succeeded(result.SerializeToString(deterministic=True), deck)
        return self._compiled(result, attempt, task, deck)

    def target(self, task: PlanTask) -> AnyTask:
        """The task of the author's, or the map task, that a task of a plan is."""
        return self._tasks[task.id.name]

    def keep(self, node_id: str, error: TaskError, raised: BaseException | Shown) -> None:
        """Keep the exception that an error was made of."""
        self._raised.setdefault(node_id, {})[error.message] = raised

    def exception_behind(self, error: TaskError) -> BaseException | None:
        """The exception of user code behind `error`, or None."""
        raised = self._behind(error)
        return raised if isinstance(raised, BaseException) else None

    def shown_behind(self, error: TaskError) -> Shown | None:
        """The same in words, also of another process's."""
        raised = self._behind(error)
        return raised if isinstance(raised, Shown) else shown(raised)

    def _behind(self, error: TaskError) -> BaseException | Shown | None:
        # The engine may have put words before the message.
        raised = self._raised.get(error.node_id, {})
        return next((raised[message] for message in raised if error.message.endswith(message)), None)

    def _compiled(self, graph: Graph, attempt: Attempt, task: PlanTask, deck: str) -> Expanded | TaskError:
        """Compile the graph of a dynamic task as the platform does."""
        try:
            refuse_references(graph.serialized)
            closure = compile_dynamic(
                graph.job,
                parent=task.template,
                node_id=attempt.node_id,
                launch_plans=launch_plans_in(graph.serialized),
            )
            plan = make_plan(closure)
        except InvalidInput as error:
            return TaskError(BUILD_FAILED, f"the graph that the task made can't be run: {error}")
        self._learn(graph.serialized)
        file = Path(attempt.place, "futures_compiled.pb")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(closure.SerializeToString(deterministic=True))
        return Expanded(plan, str(file), deck)


def refuse_references(serialized: Serialized) -> None:
    """Raise `InvalidInput` for the first reference, whose code only the platform has."""
    for reference in serialized.references:
        raise not_here(reference, at=reference.location)


def _flush_output() -> None:
    """A task may have closed standard output, or taken it away; the run still needs it."""
    if sys.stdout is None or sys.stdout.closed:
        sys.stdout = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    sys.stdout.flush()
