"""Local runs: an entity compiled and run by the engine in this process, its tasks one after the other.

What a platform would refuse is refused here too: the same compiler checks, the same engine decides, the values
between tasks take the same form. Files of outputs stay under the user's data folder.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

from flyteidl.core.literals_pb2 import LiteralMap

from alula.core.compiler.skeleton import skeleton_workflow
from alula.core.compiler.workflow import compile_workflow
from alula.core.engine.actions import LaunchChild, StartAttempt
from alula.core.engine.plan import Plan, PlanNode, make_plan
from alula.core.engine.records import Changes, ExecutionChange, ExecutionPhase
from alula.core.errors import AlulaError, TaskError
from alula.sdk.context import make_context
from alula.sdk.deck import Deck, render
from alula.sdk.launch_plan import LaunchPlan
from alula.sdk.local.cache import FolderCache, NoCache
from alula.sdk.local.shell import LocalCache, Succeeded, run_plan
from alula.sdk.map_task import MapTask
from alula.sdk.runtime.failure import TaskFailed
from alula.sdk.runtime.results import write_deck
from alula.sdk.runtime.running import execute, item_inputs
from alula.sdk.serialize.compiling import compiled_workflow
from alula.sdk.serialize.entities import Serialized, serialize
from alula.sdk.serialize.interfaces import input_literal
from alula.sdk.serialize.settings import SerializationSettings
from alula.sdk.task import Task
from alula.sdk.types.engine import to_python
from alula.sdk.types.store import FileStore
from alula.sdk.workflow import Workflow

Runnable: TypeAlias = Workflow[..., object] | Task[..., object] | MapTask[object] | LaunchPlan
Observe: TypeAlias = Callable[[Changes], None]


@dataclass(frozen=True, slots=True)
class LocalOutcome:
    """How a local run ended."""

    folder: Path
    """Where the files of its outputs and its decks are."""
    outputs: LiteralMap | None
    error: TaskError | None
    exception: BaseException | None
    """What user code raised, where that is why it failed."""


class RunFailed(AlulaError):
    """A local run failed for a reason that is no exception of user code."""


def run_workflow(workflow: Workflow[..., object], values: Mapping[str, object]) -> object:
    """Call a workflow as a Python function: values in, values out.

    Raises what a task raised, with a note that says where, or `RunFailed`.
    """
    inputs = LiteralMap()
    folder = str(data_folder() / "local" / f"inputs-{os.urandom(6).hex()}")
    store = FileStore(folder, folder)
    for name, value in values.items():
        literal = input_literal(workflow.interface, name, value, at=workflow.location, store=store)
        inputs.literals[name].CopyFrom(literal)
    outcome = run_entity(workflow, inputs)
    if outcome.error is not None:
        raise _exception(outcome.error, outcome.exception)
    assert outcome.outputs is not None
    return _python_values(workflow, outcome)


def run_entity(
    entity: Runnable,
    inputs: LiteralMap,
    *,
    observe: Observe = lambda changes: None,
    overwrite_cache: bool = False,
    environment: Mapping[str, str] | None = None,
) -> LocalOutcome:
    """Run an entity to its end on literals.

    Args:
        entity: what to run.
        inputs: checked against its interface already; of a launch plan, without its fixed inputs.
        observe: told of every change as it happens, in this thread.
        overwrite_cache: run cached tasks again, and replace their entries.
        environment: variables that the tasks see beside those of this process.

    Raises `InvalidInput` for a graph that does not compile.
    """
    serialized = serialize(entity, settings=SerializationSettings(require_importable=False))
    if isinstance(entity, LaunchPlan):
        inputs = _with_launch_plan(serialized, entity.name, inputs)
    plan = _plan(serialized, serialized.id.name)
    attempts = _Attempts(serialized, Path(_new_folder()))
    cache = _cache()

    def run(plan: Plan, inputs: LiteralMap) -> ExecutionChange:
        return run_plan(
            plan,
            inputs.SerializeToString(deterministic=True),
            run_attempt=attempts.run,
            run_child=run_child,
            cache=cache,
            observe=observe,
            overwrite_cache=overwrite_cache,
        )

    def run_child(action: LaunchChild) -> Succeeded | TaskError:
        name = action.launch_plan.name
        given = LiteralMap.FromString(action.inputs)
        ended = run(_plan(serialized, name), _with_launch_plan(serialized, name, given))
        return ended.error or Succeeded(ended.outputs or b"")

    before = dict(os.environ)
    os.environ.update(environment or {})
    try:
        result = run(plan, inputs)
    finally:
        os.environ.clear()
        os.environ.update(before)
        attempts.close()
    if result.phase is not ExecutionPhase.SUCCEEDED:
        return LocalOutcome(attempts.folder, None, result.error, attempts.exception)
    return LocalOutcome(attempts.folder, LiteralMap.FromString(result.outputs or b""), None, None)


def data_folder() -> Path:
    """Where local runs keep files and cache: `ALULA_DATA`, else `~/.alula`."""
    return Path(os.environ.get("ALULA_DATA") or Path.home() / ".alula")


class _Attempts:
    """Runs attempts of the tasks in this process, and keeps the last exception of user code."""

    def __init__(self, serialized: Serialized, folder: Path) -> None:
        self.folder = folder
        self.exception: BaseException | None = None
        self._tasks = serialized.python_tasks
        self._work = tempfile.mkdtemp(prefix="alula-local-")

    def close(self) -> None:
        shutil.rmtree(self._work, ignore_errors=True)

    def run(self, action: StartAttempt, plan: PlanNode) -> Succeeded | TaskError:
        assert plan.task is not None
        item = f"-{action.index}" if action.index >= 0 else ""
        place = f"{action.node_id}{item}-{action.attempt}"
        before = os.environ.get("FLYTE_ATTEMPT_NUMBER")
        os.environ["FLYTE_ATTEMPT_NUMBER"] = str(action.attempt)
        try:
            return self._execute(action, plan, place)
        except TaskFailed as failed:
            self.exception = failed.__cause__
            return failed.error
        finally:
            _restore("FLYTE_ATTEMPT_NUMBER", before)
            self._empty_work()

    def _empty_work(self) -> None:
        # The folder serves the next attempt: making and removing one each time costs more than most tasks.
        if os.listdir(self._work):
            shutil.rmtree(self._work, ignore_errors=True)
            os.makedirs(self._work, exist_ok=True)

    def _execute(self, action: StartAttempt, plan: PlanNode, place: str) -> Succeeded:
        assert plan.task is not None
        target = self._tasks[plan.task.id.name]
        inputs = LiteralMap.FromString(action.inputs)
        if isinstance(target, MapTask):
            inputs = item_inputs(inputs, target.bound, action.index)
        task = target.target if isinstance(target, MapTask) else target
        context = make_context(
            execution_id=("local", "local", self.folder.name),
            task_id=plan.task.id,
            attempt=action.attempt,
            working_directory=self._work,
            raw_output_prefix=str(self.folder / place),
            checkpoint_path=str(self.folder / place / "checkpoint"),
            previous_checkpoint=self._previous_checkpoint(action),
            enable_deck=task.settings.enable_deck,
        )
        try:
            outputs = execute(task, inputs, context)
        finally:
            sys.stdout.flush()
            deck = self._deck(place, task, context.decks)
        return Succeeded(outputs.SerializeToString(deterministic=True), deck)

    def _previous_checkpoint(self, action: StartAttempt) -> str:
        if action.attempt == 0:
            return ""
        item = f"-{action.index}" if action.index >= 0 else ""
        return str(self.folder / f"{action.node_id}{item}-{action.attempt - 1}" / "checkpoint")

    def _deck(self, place: str, task: Task[..., object], decks: list[Deck]) -> str:
        if not task.settings.enable_deck or not decks:
            return ""
        write_deck(str(self.folder / place), render(decks, title=task.name))
        return str(self.folder / place / "deck.html")


def _plan(serialized: Serialized, name: str) -> Plan:
    if name in serialized.launch_plans:
        name = serialized.launch_plans[name].workflow_id.name
    if name in serialized.workflows:
        return make_plan(compiled_workflow(serialized, name))
    tasks = [spec.template for spec in serialized.tasks.values()]
    return make_plan(compile_workflow(skeleton_workflow(serialized.tasks[name].template), (), tasks))


def _with_launch_plan(serialized: Serialized, name: str, given: LiteralMap) -> LiteralMap:
    spec = serialized.launch_plans[name]
    inputs = LiteralMap()
    for variable, parameter in spec.default_inputs.parameters.items():
        if parameter.HasField("default"):
            inputs.literals[variable].CopyFrom(parameter.default)
    inputs.MergeFrom(given)
    inputs.MergeFrom(spec.fixed_inputs)
    return inputs


def _new_folder() -> str:
    runs = data_folder() / "local"
    runs.mkdir(parents=True, exist_ok=True)
    return tempfile.mkdtemp(prefix="run-", dir=runs)


def _cache() -> LocalCache:
    # A cache under pytest would let a broken task pass because it once did not fail.
    if "PYTEST_CURRENT_TEST" in os.environ and "ALULA_LOCAL_CACHE" not in os.environ:
        return NoCache()
    return FolderCache(Path(os.environ.get("ALULA_LOCAL_CACHE") or data_folder() / "local-cache"))


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _exception(error: TaskError, exception: BaseException | None) -> BaseException:
    if exception is not None and error.kind == "USER":
        exception.add_note(f"in node {error.node_id} of a local run")
        return exception
    return RunFailed(error.code, f"node {error.node_id}: {error.message}")


def _python_values(workflow: Workflow[..., object], outcome: LocalOutcome) -> object:
    interface = workflow.interface
    store = FileStore(str(outcome.folder), str(outcome.folder))
    assert outcome.outputs is not None
    values = [to_python(outcome.outputs.literals[name], type_, store) for name, type_ in interface.outputs.items()]
    if interface.output_tuple is not None:
        return cast("Callable[..., object]", interface.output_tuple)(*values)
    if interface.returns_tuple:
        return tuple(values)
    return values[0] if values else None
