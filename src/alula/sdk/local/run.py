"""Local runs: an entity compiled and run by the engine in this process, its tasks one after the other.

A local run refuses all that a platform would: the same compiler checks, the same engine decides, the values
between tasks take the same form. Files of outputs stay under the user's data folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from flyteidl.core.literals_pb2 import Literal, LiteralMap

from alula.core.compiler.skeleton import skeleton_workflow
from alula.core.compiler.workflow import compile_workflow
from alula.core.engine.actions import LaunchChild
from alula.core.engine.plan import GateRule, Plan, make_plan
from alula.core.engine.records import Changes, ExecutionChange, ExecutionPhase
from alula.core.errors import AlulaError, TaskError
from alula.sdk import calling
from alula.sdk.authoring.alone import alone_by_its_settings
from alula.sdk.authoring.launch_plan import LaunchPlan
from alula.sdk.authoring.map_task import MapTask
from alula.sdk.authoring.reference import Reference, not_here
from alula.sdk.authoring.task import Task
from alula.sdk.authoring.workflow import Workflow
from alula.sdk.failures import EagerException
from alula.sdk.local.attempt import LOCAL, Shown
from alula.sdk.local.attempts import Attempts, refuse_references
from alula.sdk.local.cache import FolderCache, NoCache
from alula.sdk.local.folders import data_folder, inputs_store, new_folder
from alula.sdk.local.shell import LocalCache, Means, Shell
from alula.sdk.serialize.compiling import compiled_workflow
from alula.sdk.serialize.entities import Serialized, serialize
from alula.sdk.serialize.interfaces import input_literal, returned_value
from alula.sdk.store import FileStore
from alula.sdk.types.transformer import TypeMismatch

if TYPE_CHECKING:
    from alula.sdk.local.asking import ReadAnswer

Runnable: TypeAlias = Workflow[..., object] | Task[..., object] | MapTask[object] | LaunchPlan
Called: TypeAlias = Runnable | Reference[..., object]
Observe: TypeAlias = Callable[[Changes], None]


@dataclass(frozen=True, slots=True)
class LocalOutcome:
    """The outcome of a local run."""

    folder: Path
    """The folder with the files of its outputs and its decks."""
    outputs: LiteralMap | None
    error: TaskError | None
    exception: BaseException | None
    """The exception of user code, if that is the reason of the failure, and was raised in this process."""
    shown: Shown | None = None
    """The exception in words, if the author's code raised it."""


class RunFailed(AlulaError):
    """A local run failed for a reason that is no exception of user code."""


def call(entity: Called, values: Mapping[str, object], awaited: bool) -> object:
    """Call an entity as the Python function that it is: values in, values out, or if `awaited` a coroutine of them.

    Raises what a task raised, with a note that says where, or `RunFailed`.
    """
    return _called(entity, values, awaited, _exception)


def call_in_eager_task(entity: Called, values: Mapping[str, object], awaited: bool) -> object:
    """The same in the body of an eager task, which gets `EagerException` for a failure, as it does on a platform."""
    return _called(entity, values, awaited, _eager_exception)


def _called(
    entity: Called,
    values: Mapping[str, object],
    awaited: bool,
    exception: Callable[[str, TaskError, BaseException | None], BaseException],
) -> object:
    if isinstance(entity, Reference):
        raise not_here(entity, at=entity.location)
    runnable = alone_by_its_settings(entity) if isinstance(entity, MapTask) else entity

    def result() -> object:
        inputs = LiteralMap()
        store = inputs_store()
        for name, value in values.items():
            literal = input_literal(runnable.interface, name, value, at=entity.location, store=store)
            inputs.literals[name].CopyFrom(literal)
        outcome = run_entity(runnable, inputs)
        if outcome.error is not None:
            raise exception(entity.name, outcome.error, outcome.exception)
        assert outcome.outputs is not None
        store = FileStore(str(outcome.folder), str(outcome.folder))
        return returned_value(runnable.interface, outcome.outputs.literals, store)

    if not awaited:
        return result()
    from alula.sdk.task_context.coroutines import in_thread  # lazy: only calls that are awaited need an event loop

    return in_thread(result)


def run_entity(
    entity: Runnable,
    inputs: LiteralMap,
    *,
    observe: Observe = lambda changes: None,
    overwrite_cache: bool = False,
    environment: Mapping[str, str] | None = None,
    read_answer: ReadAnswer | None = None,
    jobs: int = 0,
) -> LocalOutcome:
    """Run an entity to its end on literals.

    Args:
        entity: what to run.
        inputs: checked against its interface already; of a launch plan, without its fixed inputs.
        observe: told of every change as it happens, in this thread.
        overwrite_cache: run cached tasks again, and replace their entries.
        environment: variables that the tasks see beside those of this process.
        read_answer: makes values of the answers to gates; else they are JSON or plain text.
        jobs: the number of processes beside this one that run tasks at once; with 0 they run here, one after the other.

    Raises `InvalidInput` for a graph that does not compile.
    """
    serialized = serialize(entity, settings=LOCAL)
    refuse_references(serialized)
    if isinstance(entity, LaunchPlan):
        inputs = _with_launch_plan(serialized, entity.name, inputs)
    plan = _plan(serialized, serialized.id.name)
    attempts = Attempts(serialized, new_folder(), calls_run_by=call_in_eager_task)

    def ask(rule: GateRule, inputs: bytes) -> Literal:
        from alula.sdk.local import asking  # lazy: few runs have gates

        store = FileStore(str(attempts.folder), str(attempts.folder))
        return asking.ask(rule, inputs, read=read_answer or asking.read_plain, store=store)

    def child_of(action: LaunchChild) -> tuple[Plan, bytes]:
        name = action.launch_plan.name
        known = attempts.launch_plans[name]
        return _plan(known, name), _packed(_with_launch_plan(known, name, LiteralMap.FromString(action.inputs)))

    means = Means(attempts.folder, attempts.run, child_of, ask, _cache(), observe, overwrite_cache)
    try:
        with _environment(environment or {}):
            result = _run(plan, _packed(inputs), means, attempts, jobs)
    finally:
        attempts.close()
    if result.phase is not ExecutionPhase.SUCCEEDED:
        error = result.error
        exception, shown = (attempts.exception_behind(error), attempts.shown_behind(error)) if error else (None, None)
        return LocalOutcome(attempts.folder, None, error, exception, shown)
    return LocalOutcome(attempts.folder, LiteralMap.FromString(result.outputs or b""), None, None)


def _run(plan: Plan, inputs: bytes, means: Means, attempts: Attempts, jobs: int) -> ExecutionChange:
    if not jobs:
        return Shell(plan, inputs, means).run()
    from alula.sdk.local.parallel import ParallelShell  # lazy: only runs with workers
    from alula.sdk.local.reservations import Reservations  # lazy: as above
    from alula.sdk.local.workers import Workers  # lazy: as above

    with Workers(jobs) as workers:
        return ParallelShell(plan, inputs, means, attempts=attempts, workers=workers, reservations=Reservations()).run()


def _packed(inputs: LiteralMap) -> bytes:
    return inputs.SerializeToString(deterministic=True)


@contextmanager
def _environment(changes: Mapping[str, str]) -> Generator[None]:
    """Have these variables meanwhile, and none afterwards that a task has set. A call of an eager task leaves that to
    the run around it, as others may run at the same time."""
    if calling.in_eager_task():
        yield
        return
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


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


def _cache() -> LocalCache:
    # A cache under pytest would let a broken task pass because it once did not fail.
    if "PYTEST_CURRENT_TEST" in os.environ and "ALULA_LOCAL_CACHE" not in os.environ:
        return NoCache()
    return FolderCache(Path(os.environ.get("ALULA_LOCAL_CACHE") or data_folder() / "local-cache"))


def _exception(name: str, error: TaskError, exception: BaseException | None) -> BaseException:
    if exception is not None and error.kind == "USER":
        which = f": {error.message}" if isinstance(exception, TypeMismatch) else ""  # else it tells of itself
        exception.add_note(f"in node {error.node_id} of a local run{which}")
        return exception
    return RunFailed(error.code, f"node {error.node_id}: {error.message}")


def _eager_exception(name: str, error: TaskError, exception: BaseException | None) -> BaseException:
    first_line = error.message.partition("\n")[0]
    failed = EagerException(f"`{name}` failed: {first_line}", code=error.code)
    failed.__cause__ = exception
    return failed
