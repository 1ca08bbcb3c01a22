"""Notes on what is registered: declarations that the platform does not act on, and values that are pickled."""

from __future__ import annotations

import typing
from collections.abc import Iterator

from alula.core.policy.parameters import artifact_behind
from alula.sdk.authoring.task import Task
from alula.sdk.serialize import Serialized
from alula.sdk.types.pickle import FlytePickle


def notes(serialized: Serialized) -> str:
    """All there is to say to who registers it, in one text; empty if there is nothing."""
    return "; ".join(filter(None, (recorded_only(serialized), pickled(serialized))))


def pickled(serialized: Serialized) -> str:
    """A sentence on the tasks that pickle what has no form on the wire; empty if there are none."""
    tasks = [each for each in serialized.python_tasks.values() if isinstance(each, Task)]
    found = [f"`{task.interface.name}` ({task.location}) {names}" for task in tasks if (names := _pickled_names(task))]
    if not found:
        return ""
    return f"values are pickled, so that other versions of their classes can't read them: of {', '.join(found)}"


def _pickled_names(task: Task[..., object]) -> str:
    if not task.settings.pickle_untyped:
        return ""
    types = {**task.interface.inputs, **task.interface.outputs}
    return ", ".join(f"`{name}`" for name, type_ in types.items() if typing.get_origin(type_) is FlytePickle)


def recorded_only(serialized: Serialized) -> str:
    """A sentence on what is recorded and nothing else; empty if there is no such thing."""
    artifacts = sorted(set(_artifacts(serialized)))
    if not artifacts:
        return ""
    names = ", ".join(f"`{name}`" for name in artifacts)
    return (
        f"the platform keeps no artifacts: {names} are recorded with the outputs, and no query finds them; give a value"
        " for each input that has one as its default, or start runs by `OnRunEnd`"
    )


def _artifacts(serialized: Serialized) -> Iterator[str]:
    templates = [
        *(spec.template for spec in serialized.tasks.values()),
        *(spec.template for spec in serialized.workflows.values()),
    ]
    for template in templates:
        for variable in template.interface.outputs.variables.values():
            if variable.HasField("artifact_partial_id"):
                yield variable.artifact_partial_id.artifact_key.name
    for plan in serialized.launch_plans.values():
        yield from filter(None, map(artifact_behind, plan.default_inputs.parameters.values()))
