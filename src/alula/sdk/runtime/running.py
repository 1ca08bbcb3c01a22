"""One attempt in this process: literals in, the function, literals out.

Shared by `alula-execute` and local runs. Knows no command line and no result files.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import cast

from flyteidl.core.literals_pb2 import Literal, LiteralMap

from alula.core.errors import InvalidInput, TaskError
from alula.sdk.binding import check_types
from alula.sdk.context import ExecutionParameters, running
from alula.sdk.interface import REQUIRED, InterfaceView
from alula.sdk.runtime.failure import TaskFailed, system_failure, user_failure
from alula.sdk.task import Task, run_function
from alula.sdk.types.containers import read
from alula.sdk.types.engine import wire_form
from alula.sdk.types.store import Store
from alula.sdk.types.transformer import EXACT, TypeMismatch, describe


def execute(task: Task[..., object], inputs: LiteralMap, context: ExecutionParameters) -> LiteralMap:
    """Run a task's function on these inputs.

    Raises `TaskFailed`: with kind USER for what the function raises or returns wrongly, with kind SYSTEM for files
    that can't be read or stored. `KeyboardInterrupt` and other exceptions that are not failures pass through.
    """
    with running(context):
        values = input_values(task, inputs, context.store)
        try:
            result = run_function(task, values)
        except (Exception, SystemExit) as error:
            raise TaskFailed(user_failure(error)) from error
        return output_literals(task, result, context.store)


def item_inputs(inputs: LiteralMap, bound: Collection[str], index: int) -> LiteralMap:
    """The inputs of one item of a map task, from the inputs of the whole array. Raises `TaskFailed`."""
    item = LiteralMap()
    for name, literal in inputs.literals.items():
        if name in bound:
            item.literals[name].CopyFrom(literal)
            continue
        if not literal.HasField("collection") or not 0 <= index < len(literal.collection.literals):
            size = len(literal.collection.literals)
            message = f"map task: input `{name}` has no item {index} (its length is {size})"
            raise TaskFailed(TaskError("USER:ValueError", message))
        item.literals[name].CopyFrom(literal.collection.literals[index])
    return item


def input_values(task: Task[..., object], inputs: LiteralMap, store: Store) -> dict[str, object]:
    """What the function is called with. Raises `TaskFailed`."""
    interface = task.interface
    _check(interface)
    values: dict[str, object] = {}
    for name, type_ in interface.inputs.items():
        transformer, _ = wire_form(type_)
        if name in inputs.literals:
            literal = inputs.literals[name]
        elif interface.defaults[name] is not REQUIRED:
            values[name] = interface.defaults[name]
            continue
        elif transformer.fit(None) == EXACT:
            values[name] = None
            continue
        else:
            message = f"task `{interface.name}` got no value for input `{name}` ({transformer.shown})"
            raise TaskFailed(TaskError("USER:ValueError", message))
        try:
            values[name] = read(transformer, literal, store)
        except TypeMismatch as error:
            message = f"input `{name}` of task `{interface.name}`: {error}"
            raise TaskFailed(TaskError("USER:TypeError", message)) from error
        except OSError as error:
            what = f"can't read input `{name}` of task `{interface.name}`"
            raise TaskFailed(system_failure("DownloadDataError", what, error)) from error
        except Exception as error:  # constructors of the author's classes run here
            raise TaskFailed(user_failure(error)) from error
    return values


@lru_cache(maxsize=1024)
def _check(interface: InterfaceView) -> None:
    try:
        check_types(interface)
    except InvalidInput as error:
        raise TaskFailed(TaskError(f"USER:{error.code}", str(error))) from error


def output_literals(task: Task[..., object], result: object, store: Store) -> LiteralMap:
    """What the function returned, by output. Raises `TaskFailed`."""
    outputs = LiteralMap()
    for name, value in by_name(task, result).items():
        outputs.literals[name].CopyFrom(_literal(task, name, value, store))
    return outputs


def by_name(task: Task[..., object], result: object) -> dict[str, object]:
    """The result as the outputs that it stands for. Raises `TaskFailed` when their number is not that declared."""
    interface = task.interface
    names = list(interface.outputs)
    if not names:
        if result is not None:
            raise _wrong_result(task, "None, as no output is declared", describe(result))
        return {}
    if not interface.returns_tuple:
        return {names[0]: result}
    if not isinstance(result, tuple) or len(cast("tuple[object, ...]", result)) != len(names):
        got = describe(cast("object", result))
        raise _wrong_result(task, f"a tuple of {len(names)} ({', '.join(names)})", got)
    return dict(zip(names, cast("tuple[object, ...]", result), strict=True))


def _literal(task: Task[..., object], name: str, value: object, store: Store) -> Literal:
    transformer, _ = wire_form(task.interface.outputs[name])
    try:
        return transformer.to_literal(value, store)
    except TypeMismatch as error:
        message = f"output `{name}` of task `{task.interface.name}` ({task.location}): {error}"
        raise TaskFailed(TaskError("USER:TypeError", message)) from error
    except OSError as error:
        what = f"can't store output `{name}` of task `{task.interface.name}`"
        raise TaskFailed(system_failure("UploadDataError", what, error)) from error
    except Exception as error:  # serializers of the author's classes and libraries run here
        raise TaskFailed(user_failure(error)) from error


def _wrong_result(task: Task[..., object], expected: str, got: str) -> TaskFailed:
    message = f"the result of task `{task.interface.name}` ({task.location}): expected {expected}, got {got}"
    return TaskFailed(TaskError("USER:TypeError", message))
