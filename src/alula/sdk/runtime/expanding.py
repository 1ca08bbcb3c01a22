"""The attempt of a dynamic task: values in, the function with calls that make nodes, a graph out.

Shared by `alula-execute` and local runs. The entities that the nodes run are written as the dynamic task itself
was: same project, version, image and code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from flyteidl.core.dynamic_job_pb2 import DynamicJobSpec
from flyteidl.core.literals_pb2 import Literal, LiteralMap

from alula.core.errors import InvalidInput
from alula.sdk.authoring.graph import Graph, declaring
from alula.sdk.authoring.promise import Node, Outputs
from alula.sdk.authoring.task import Task, run_function
from alula.sdk.mistake import mistake
from alula.sdk.runtime.failure import PASSING, TaskFailed, user_failure
from alula.sdk.runtime.running import by_name, input_values, output_literals
from alula.sdk.serialize.entities import Serialized, serialize_dynamic
from alula.sdk.serialize.settings import SerializationSettings
from alula.sdk.task_context.context import ExecutionParameters, running

_PREFIX = "d"  # flytekit's prefix of the ids of nodes that a dynamic task made


class Expanded(NamedTuple):
    """The graph that a dynamic task made."""

    job: DynamicJobSpec
    serialized: Serialized
    """The entities that its nodes run, with their Python objects."""


def expand(
    task: Task[..., object],
    inputs: Mapping[str, Literal],
    context: ExecutionParameters,
    settings: SerializationSettings,
) -> Expanded | LiteralMap:
    """Run the body of a dynamic task on these inputs. One that calls nothing gives its outputs.

    Raises `TaskFailed` as `running.execute` does, with kind USER also for a graph that can't be written.
    """
    graph = Graph(task.name, prefix=_PREFIX, has_values=True)
    with running(context):
        values = input_values(task, inputs, context.store)
        try:
            with declaring(graph):
                result = run_function(task, values)
            graph.check_promises(result, at=task.location)
            graph.finish()
        except PASSING:
            raise
        except BaseException as error:  # also what is no Exception: it ends the attempt all the same
            raise TaskFailed(user_failure(error)) from error
        if not graph.nodes:
            return output_literals(task, result, context.store)
        try:
            graph.outputs = _outputs(task, result)
            return Expanded(*serialize_dynamic(task, graph, settings=settings, store=context.store))
        except InvalidInput as error:
            raise TaskFailed(user_failure(error)) from error


def _outputs(task: Task[..., object], result: object) -> dict[str, object]:
    if isinstance(result, Outputs) and not len(result) and not task.interface.outputs:
        return {}  # the last step is returned for its own sake
    outputs = by_name(task, result)
    for name, value in outputs.items():
        if isinstance(value, (Outputs, Node)):
            raise mistake(
                "WrongOutputs",
                f"output `{name}` of dynamic task `{task.interface.name}` is {value!r}, which is not one value",
                at=task.location,
            )
    return outputs
