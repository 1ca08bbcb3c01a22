"""The command line of an attempt: that of its task's container, with the template variables filled in. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from flyteidl.core import literals_pb2

from alula.core.errors import InvalidInput
from alula.core.ids import unique_key
from alula.core.policy.template import TemplateValues, render_all
from alula.server.executor import AttemptSpec


def command_of(spec: AttemptSpec) -> list[str]:
    """Raises `InvalidInput` for a task that is no container, or whose inputs and outputs need a container's files."""
    container = spec.task.container
    if spec.task.WhichOneof("target") != "container":
        raise InvalidInput(
            "UnsupportedTask",
            f"task {spec.task.id.name} of type {spec.task.type!r} has no container, so there is no command to run",
            fix="run it on a platform with an executor for this type",
        )
    if container.data_config.enabled:
        raise InvalidInput(
            "UnsupportedTask",
            f"task {spec.task.id.name} takes its inputs as files of its container, which a process does not have",
            fix="run it on a platform with a container executor",
        )
    words = [*container.command, *container.args]
    return render_all(words, template_values(spec, words))


def template_values(spec: AttemptSpec, words: Sequence[str]) -> TemplateValues:
    """What the template variables in a command stand for."""
    named = any("{{" in word and ".inputs." in word.lower() for word in words)
    return TemplateValues(
        input=spec.input_uri,
        output_prefix=spec.output_prefix,
        raw_output_data_prefix=spec.raw_prefix,
        checkpoint_output_prefix=spec.checkpoint_prefix,
        prev_checkpoint_prefix=spec.previous_checkpoint_prefix,
        per_retry_unique_key=unique_key(spec.id, spec.incarnation),
        namespace=f"{spec.id.execution.project}-{spec.id.execution.domain}",
        inputs=literals_pb2.LiteralMap.FromString(spec.inputs) if named else None,
    )
