"""`alula-execute`: one attempt of a task, from its command line to its result files.

All that an attempt may need is imported with this module, so that a fork server pays once; `main` may be called any
number of times in forked processes. A failure of the task is a result (`error.pb`, exit status 0), as in Flyte.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from flyteidl.core.literals_pb2 import Literal, LiteralMap

from alula.core.errors import AlulaError, TaskError
from alula.sdk import calling
from alula.sdk.authoring.kind import SETTINGS_VARIABLE
from alula.sdk.authoring.task import Task
from alula.sdk.authoring.task_settings import TaskSettings
from alula.sdk.runtime.arguments import Arguments, parse
from alula.sdk.runtime.failure import TaskFailed
from alula.sdk.runtime.loading import load_task, unpack_code
from alula.sdk.runtime.results import read_inputs, read_lists, write_deck, write_error, write_graph, write_outputs
from alula.sdk.runtime.running import AnyTask, execute, form_of, item_inputs
from alula.sdk.store import FileStore
from alula.sdk.task_context.context import ExecutionIdentifier, ExecutionParameters, Identity, TaskIdentifier

if TYPE_CHECKING:
    from flyteidl.core.dynamic_job_pb2 import DynamicJobSpec

    from alula.sdk.serialize.settings import SerializationSettings

_REHEARSALS = 20
"""The interpreter adapts code that has run some times."""


def main(argv: list[str] | None = None) -> int:
    """Run the attempt that the command line describes. Returns 0 when a result was written, also a failure.

    2 for a command line that can't be read, `os.EX_IOERR` when not even the failure could be written.
    """
    try:
        arguments = parse(sys.argv[1:] if argv is None else argv)
    except AlulaError as error:
        print(error, file=sys.stderr)
        return 2
    failure = _attempt(arguments)
    if failure is None:
        return 0
    try:
        write_error(arguments.output_prefix, failure)
    except OSError as error:
        _say(failure.message)
        _say(f"alula-execute: can't write the error to {arguments.output_prefix}: {error}")
        return os.EX_IOERR
    _say(failure.message)
    return 0


# What a process that forks attempts does beforehand

_prepared: dict[tuple[str, str], AnyTask] = {}
"""Tasks by module and name."""
_foreseen: dict[str, LiteralMap] = {}
"""The inputs of an array, by URI."""
_FORESEEN_MAX_BYTES = 32 * 1024 * 1024
"""Inputs that are larger, or not in a file of this machine, keep the fork server for too long."""


def preload(modules: Sequence[str] = ()) -> None:
    """Do what every attempt of these modules' tasks would do.

    Imports the modules and prepares the conversions of their tasks. Errors of the modules pass through.
    """
    for module_name in modules:
        module = importlib.import_module(module_name)
        for name, value in vars(module).items():
            if isinstance(value, Task):
                _prepare(module_name, name, cast("AnyTask", value))
    _rehearse()


def foresee(argv: Sequence[str]) -> None:
    """Others may follow that are like this attempt: the items of an array all read the inputs of the whole array."""
    try:
        arguments = parse(argv)
        if arguments.bound is None:
            _foreseen.clear()
        elif arguments.inputs not in _foreseen:
            _foreseen.clear()
            if os.stat(arguments.inputs).st_size <= _FORESEEN_MAX_BYTES:
                inputs = read_inputs(arguments.inputs)
                apart = sum(literal.offloaded_metadata.size_bytes for literal in inputs.literals.values())
                if apart <= _FORESEEN_MAX_BYTES:
                    _foreseen[arguments.inputs] = read_lists(inputs, arguments.bound)
    except (AlulaError, TaskFailed, OSError):
        return  # the attempt meets it and reports it


def _prepare(module: str, name: str, task: AnyTask) -> None:
    try:
        form_of(task)
        if task.kind.makes_graph:
            importlib.import_module("alula.sdk.runtime.expanding")
    except (AlulaError, TypeError, TaskFailed):
        return  # the attempt meets it again and reports it
    _prepared[module, name] = task


def _rehearse() -> None:
    """Run a task that does nothing, so that what Python learns by running is not learned in each fork again."""

    def nothing(x: int = 0) -> int:
        return x

    task = cast("AnyTask", Task(nothing, TaskSettings()))
    inputs = LiteralMap()
    inputs.literals["x"].scalar.primitive.integer = 0
    name = nothing.__name__
    words = ["--inputs", os.devnull, "--output-prefix", "/", "--", "task-module", __name__, "task-name", name]
    for _ in range(_REHEARSALS):
        arguments = parse(words)
        read_inputs(arguments.inputs)
        execute(task, inputs.literals, _context(arguments, task)).SerializeToString(deterministic=True)


def _attempt(arguments: Arguments) -> TaskError | None:
    try:
        if arguments.code_uri:
            unpack_code(arguments.code_uri)
        task = _prepared.get((arguments.module, arguments.name)) or load_task(arguments.module, arguments.name)
        inputs: Mapping[str, Literal]
        if arguments.bound is not None:
            whole = _foreseen.get(arguments.inputs) or read_lists(read_inputs(arguments.inputs), arguments.bound)
            inputs = item_inputs(whole.literals, arguments.bound, _item_index())
        else:
            inputs = read_inputs(arguments.inputs).literals
        context = _context(arguments, task)
        try:
            result = _result(arguments, task, inputs, context)
        finally:
            context.publish_decks()
        if isinstance(result, LiteralMap):
            write_outputs(arguments.output_prefix, result)
        else:
            write_graph(arguments.output_prefix, result)
    except TaskFailed as failed:
        return failed.error
    return None


def _result(
    arguments: Arguments, task: AnyTask, inputs: Mapping[str, Literal], context: ExecutionParameters
) -> DynamicJobSpec | LiteralMap:
    """The outputs of the task, or the graph that it makes. Raises `TaskFailed`."""
    if task.kind.makes_graph:
        return _expand(task, inputs, context)
    if not task.is_eager:
        return execute(task, inputs, context)
    item = "" if arguments.bound is None else str(_item_index())
    settings = _settings()
    try:
        calls = calling.launcher(context, settings, f"{arguments.inputs} {item}")
    except AlulaError as error:
        message = f"eager task `{task.interface.name}` can't call anything, as it does not reach the platform: {error}"
        raise TaskFailed(TaskError(f"SYSTEM:{error.code}", message, kind="SYSTEM")) from error
    with calls as context.calls_run_by:
        return execute(task, inputs, context)


def _say(text: str) -> None:
    """Say it in the log, if the task has left that open."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


def _expand(task: AnyTask, inputs: Mapping[str, Literal], context: ExecutionParameters) -> DynamicJobSpec | LiteralMap:
    """The graph that a dynamic task makes, or its outputs when it makes none. Raises `TaskFailed`."""
    from alula.sdk.runtime.expanding import expand  # lazy: only dynamic tasks write graphs

    result = expand(task, inputs, context, _settings())
    return result if isinstance(result, LiteralMap) else result.job


def _settings() -> SerializationSettings:
    """The settings by which the task was written, and by which it writes what it calls. Raises `TaskFailed`."""
    import msgspec  # lazy: only tasks that write specifications

    from alula.sdk.serialize.settings import SerializationSettings  # lazy: as above

    try:
        return SerializationSettings.from_text(os.environ.get(SETTINGS_VARIABLE, ""))
    except (msgspec.DecodeError, TypeError) as error:
        message = f"the variable {SETTINGS_VARIABLE} does not say how what the task calls is written: {error}"
        raise TaskFailed(TaskError("SYSTEM:AssertionError", message, kind="SYSTEM")) from error


def _item_index() -> int:
    """The index of this process's item of the array, from the environment as Flyte sets it. Raises `TaskFailed`."""
    variable = os.environ.get("BATCH_JOB_ARRAY_INDEX_VAR_NAME", "FLYTE_K8S_ARRAY_INDEX")
    try:
        return int(os.environ[variable]) + int(os.environ.get("BATCH_JOB_ARRAY_INDEX_OFFSET") or 0)
    except (KeyError, ValueError) as error:
        message = f"the variable {variable} does not say which item of the map task this is"
        raise TaskFailed(TaskError("SYSTEM:AssertionError", message, kind="SYSTEM")) from error


def _context(arguments: Arguments, task: AnyTask) -> ExecutionParameters:
    raw, here = arguments.raw_output_prefix or f"{arguments.output_prefix}/raw", os.getcwd()
    return ExecutionParameters(
        identity,
        FileStore(raw, here),
        working_directory=here,
        raw_output_prefix=raw,
        checkpoint_path=arguments.checkpoint_path,
        previous_checkpoint=arguments.previous_checkpoint,
        enable_deck=task.settings.enable_deck,
        publish=partial(publish, arguments),
    )


def identity() -> Identity:
    """The identity of the attempt, from the environment as Flyte sets it."""

    def variable(name: str, alias: str) -> str:
        return os.environ.get(name) or os.environ.get(alias, "")

    return Identity(
        ExecutionIdentifier(
            variable("FLYTE_INTERNAL_EXECUTION_PROJECT", "_F_PRJ"),
            variable("FLYTE_INTERNAL_EXECUTION_DOMAIN", "_F_DM"),
            variable("FLYTE_INTERNAL_EXECUTION_ID", "_F_NM"),
        ),
        TaskIdentifier(
            variable("FLYTE_INTERNAL_TASK_PROJECT", "_F_TK_PRJ"),
            variable("FLYTE_INTERNAL_TASK_DOMAIN", "_F_TK_DM"),
            variable("FLYTE_INTERNAL_TASK_NAME", "_F_TK_NM"),
            variable("FLYTE_INTERNAL_TASK_VERSION", "_F_TK_V"),
        ),
        int(os.environ.get("FLYTE_ATTEMPT_NUMBER") or 0),
    )


def publish(arguments: Arguments, context: ExecutionParameters) -> None:
    """Write the decks, of a failed attempt too; a report that can't be written is no reason to fail."""
    if not (context.enable_deck and context.decks):
        return
    from alula.sdk.task_context.deck import render  # lazy: only tasks with decks

    try:
        write_deck(arguments.output_prefix, render(context.decks, title=arguments.name))
    except OSError as error:
        _say(f"alula-execute: can't write the deck: {error}")


if __name__ == "__main__":
    sys.exit(main())
