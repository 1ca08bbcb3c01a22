"""One attempt in this process: literals in, the function, literals out.

Shared by `alula-execute` and local runs. Knows no command line and no result files.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import NamedTuple, cast

from flyteidl.core.literals_pb2 import Literal, LiteralMap

from alula.core.errors import InvalidInput, TaskError
from alula.sdk.authoring.binding import input_form, output_form
from alula.sdk.authoring.interface import REQUIRED
from alula.sdk.authoring.task import Task, run_function
from alula.sdk.runtime.failure import PASSING, TaskFailed, system_failure, user_failure
from alula.sdk.store import Store
from alula.sdk.task_context.context import ExecutionParameters, running
from alula.sdk.types.containers import read
from alula.sdk.types.transformer import EXACT, Transformer, TypeMismatch, describe

AnyTask = Task[..., object]


class Form(NamedTuple):
    """The conversions of the inputs and outputs of a task's function."""

    inputs: tuple[tuple[str, Transformer, object], ...]
    """Name, conversion, default."""
    outputs: tuple[tuple[str, Transformer], ...]
    returns_tuple: bool
    is_async: bool


def execute(task: AnyTask, inputs: Mapping[str, Literal], context: ExecutionParameters) -> LiteralMap:
    """Run a task's function on these inputs.

    Raises `TaskFailed`: with kind USER for what the function raises or returns wrongly, with kind SYSTEM for files
    that can't be read or stored. Exceptions in `PASSING` pass through.
    """
    form = form_of(task)
    with running(context):
        values = input_values(task, inputs, context.store)
        try:
            result = run_function(task, values) if form.is_async else task.kind.execute(task, values)
        except PASSING:
            raise
        except BaseException as error:  # also what is no Exception: it ends the attempt all the same
            raise TaskFailed(user_failure(error)) from error
        outputs = output_literals(task, result, context.store)
        if context.made_artifacts:
            from alula.sdk.runtime.made_artifacts import put_partitions  # lazy: few tasks make artifacts

            put_partitions(task.interface.outputs, by_name(task, result), context.made_artifacts, outputs)
        return outputs


@lru_cache(maxsize=1024)
def form_of(task: AnyTask) -> Form:
    """Raises `TaskFailed` for a type that has no form on the wire."""
    interface = task.interface
    try:
        return Form(
            tuple((name, input_form(interface, name)[0], interface.defaults[name]) for name in interface.inputs),
            tuple((name, output_form(interface, name)[0]) for name in interface.outputs),
            interface.returns_tuple,
            task.is_async,
        )
    except InvalidInput as error:
        raise TaskFailed(TaskError(f"USER:{error.code}", str(error))) from error


def item_inputs(inputs: Mapping[str, Literal], bound: Collection[str], index: int) -> dict[str, Literal]:
    """The inputs of one item of a map task, from the inputs of the whole array. Raises `TaskFailed`."""
    item: dict[str, Literal] = {}
    for name in inputs:
        literal = inputs[name]
        if name not in bound:
            items = literal.collection.literals
            if not literal.HasField("collection") or not 0 <= index < len(items):
                message = f"map task: input `{name}` has no item {index} (its length is {len(items)})"
                raise TaskFailed(TaskError("USER:ValueError", message))
            literal = items[index]
        item[name] = literal
    return item


def input_values(task: AnyTask, inputs: Mapping[str, Literal], store: Store) -> dict[str, object]:
    """The arguments of the function, by name. Raises `TaskFailed`."""
    values: dict[str, object] = {}
    for name, transformer, default in form_of(task).inputs:
        if name not in inputs:
            values[name] = _without_input(task, name, transformer, default)
            continue
        try:
            values[name] = read(transformer, inputs[name], store)
        except TypeMismatch as error:
            message = f"input `{name}` of task `{task.interface.name}`: {error}"
            raise TaskFailed(TaskError("USER:TypeError", message)) from error
        except OSError as error:
            what = f"can't read input `{name}` of task `{task.interface.name}`"
            raise TaskFailed(system_failure("DownloadDataError", what, error)) from error
        except PASSING:
            raise
        except BaseException as error:  # constructors of the author's classes run here
            raise TaskFailed(user_failure(error)) from error
    return values


def _without_input(task: AnyTask, name: str, transformer: Transformer, default: object) -> object:
    """The default of a parameter that got no value, or None if its type allows that. Raises `TaskFailed`."""
    if default is not REQUIRED:
        return default
    if transformer.fit(None) == EXACT:
        return None
    message = f"task `{task.interface.name}` got no value for input `{name}` ({transformer.shown})"
    raise TaskFailed(TaskError("USER:ValueError", message))


def output_literals(task: AnyTask, result: object, store: Store) -> LiteralMap:
    """The function's result as literals, by output. Raises `TaskFailed`."""
    form = form_of(task)
    values = (result,) if len(form.outputs) == 1 and not form.returns_tuple else by_name(task, result).values()
    outputs = LiteralMap()
    for (name, transformer), value in zip(form.outputs, values, strict=True):
        outputs.literals[name].CopyFrom(_literal(task, name, transformer, value, store))
    return outputs


def by_name(task: AnyTask, result: object) -> dict[str, object]:
    """The result as the outputs that it stands for. Raises `TaskFailed` when their number is not that declared."""
    form = form_of(task)
    names = [name for name, _ in form.outputs]
    if not names:
        if result is not None:
            raise _wrong_result(task, "None, as no output is declared", describe(result))
        return {}
    named = task.interface.output_tuple
    if not form.returns_tuple or (len(names) == 1 and named is not None and not isinstance(result, named)):
        return {names[0]: result}  # also of a NamedTuple of one field, as in flytekit
    if not isinstance(result, tuple) or len(cast("tuple[object, ...]", result)) != len(names):
        got = describe(cast("object", result))
        raise _wrong_result(task, f"a tuple of {len(names)} ({', '.join(names)})", got)
    return dict(zip(names, cast("tuple[object, ...]", result), strict=True))


def _literal(task: AnyTask, name: str, transformer: Transformer, value: object, store: Store) -> Literal:
    try:
        return transformer.to_literal(value, store)
    except TypeMismatch as error:
        message = f"output `{name}` of task `{task.interface.name}` ({task.location}): {error}"
        raise TaskFailed(TaskError("USER:TypeError", message)) from error
    except OSError as error:
        what = f"can't store output `{name}` of task `{task.interface.name}`"
        raise TaskFailed(system_failure("UploadDataError", what, error)) from error
    except PASSING:
        raise
    except BaseException as error:  # serializers of the author's classes and libraries run here
        raise TaskFailed(user_failure(error)) from error


def _wrong_result(task: AnyTask, expected: str, got: str) -> TaskFailed:
    message = f"the result of task `{task.interface.name}` ({task.location}): expected {expected}, got {got}"
    return TaskFailed(TaskError("USER:TypeError", message))
