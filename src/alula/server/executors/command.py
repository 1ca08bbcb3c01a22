"""The template variables in the command of an attempt, with their values. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from flyteidl.core import literals_pb2

from alula.core.ids import unique_key
from alula.core.policy.template import TemplateValues
from alula.server.executor import AttemptSpec

INPUT = re.compile(r"\{\{\s*[.$]inputs\.([^{}\s]+)\s*\}\}", re.IGNORECASE)
"""A variable that stands for an input."""
TEMPLATE = "task.pb"
RENAMES_RESULTS = "alula-execute"
"""The command whose result files are whole when they are there, and written last, and which says with an exit status
of its own that it could not write them."""
_KEY = re.compile(r"\{\{\s*[.$]perRetryUniqueKey", re.IGNORECASE)


def template_path(spec: AttemptSpec) -> str:
    """The place of the task's template, for commands that ask for it (`{{.taskTemplatePath}}`)."""
    return f"{os.path.dirname(spec.input_uri)}/{TEMPLATE}"


def template_values(spec: AttemptSpec, words: Sequence[str], *, namespace: str = "") -> TemplateValues:
    """The values of the template variables in a command, but for those that take work and that it does not name.

    `namespace` is that of the attempt, if it has one.
    """
    text = " ".join(words)
    names_inputs, names_key = INPUT.search(text), _KEY.search(text)
    return TemplateValues(
        input=spec.input_uri,
        output_prefix=spec.output_prefix,
        raw_output_data_prefix=spec.raw_prefix,
        checkpoint_output_prefix=spec.checkpoint_prefix,
        prev_checkpoint_prefix=spec.previous_checkpoint_prefix,
        per_retry_unique_key=unique_key(spec.id, spec.incarnation) if names_key else "",
        task_template_path=template_path(spec),
        namespace=namespace or f"{spec.id.execution.project}-{spec.id.execution.domain}",
        inputs=literals_pb2.LiteralMap.FromString(spec.inputs) if names_inputs else None,
    )


def renames_results(spec: AttemptSpec) -> bool:
    """True if the task's command is `alula-execute`."""
    container = spec.task.container
    return [*container.command, *container.args][:1] == [RENAMES_RESULTS]
