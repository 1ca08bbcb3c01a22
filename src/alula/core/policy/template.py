"""Template variables in a container's command, arguments and environment: `{{ .input }}` and its kin.

Flyte's rules: names in any case, spaces or none, a dot or a dollar sign before the name. A previous checkpoint
that is not there renders as two quote characters, as Flyte's own engine does and its SDKs expect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec
from flyteidl.core import literals_pb2, tasks_pb2

from alula.core.errors import InvalidInput

_VARIABLE = re.compile(r"\{\{\s*[.$]([^{}\s]+)\s*\}\}")
"""No name goes beyond the next brace, else a text full of beginnings would be read to its end from each of them."""
RENDERED_MAX_CHARS = 16 * 1024 * 1024
"""The limit on the values of all variables of a command together: more than any process can be given."""
_INPUTS = "inputs."
_FOREIGN = ("registration.", "remote_package_path", "dest_dir")
"""Variables of registration tools: one that is left over was never registered properly."""


class TemplateValues(msgspec.Struct, frozen=True):
    """The values of the variables for one attempt."""

    input: str
    """URI of `inputs.pb`."""
    output_prefix: str
    raw_output_data_prefix: str
    checkpoint_output_prefix: str
    prev_checkpoint_prefix: str = ""
    """Empty if there is none."""
    per_retry_unique_key: str = ""
    task_template_path: str = ""
    namespace: str = ""
    inputs: literals_pb2.LiteralMap | None = None
    """Only needed where a template uses `inputs.NAME`."""


def render(text: str, values: TemplateValues) -> str:
    """`text` with all its variables replaced.

    Raises:
        InvalidInput: code `UnknownTemplateVariable`, or `UnknownTemplateInput` for an input that is not given or
            whose value can't be written as text, `CommandTooLong`.
    """
    return render_all([text], values)[0]


def render_all(texts: Iterable[str], values: TemplateValues) -> list[str]:
    """`render` for a command or its arguments."""
    names, chars = _names(values), 0

    def value(match: re.Match[str]) -> str:
        nonlocal chars
        found = _value(match[1], names, values.inputs, match.string)
        chars += len(found)
        if chars > RENDERED_MAX_CHARS:
            raise InvalidInput(
                "CommandTooLong",
                f"the template variables stand for more than {RENDERED_MAX_CHARS:,} characters, which no process can "
                "be given",
                fix="hand over large values as inputs, not as arguments",
            )
        return found

    return [_VARIABLE.sub(value, text) if "{{" in text else text for text in texts]


def render_container(container: tasks_pb2.Container, values: TemplateValues) -> tasks_pb2.Container:
    """A copy of the container with command, arguments and environment rendered."""
    rendered = tasks_pb2.Container()
    rendered.CopyFrom(container)
    del rendered.command[:], rendered.args[:]
    rendered.command.extend(render_all(container.command, values))
    rendered.args.extend(render_all(container.args, values))
    for variable in rendered.env:
        variable.value = render(variable.value, values)
    return rendered


def _names(values: TemplateValues) -> dict[str, str]:
    return {
        "input": values.input,
        "inputprefix": values.input.rpartition("/")[0],
        "outputprefix": values.output_prefix,
        "rawoutputdataprefix": values.raw_output_data_prefix,
        "checkpointoutputprefix": values.checkpoint_output_prefix,
        "prevcheckpointprefix": values.prev_checkpoint_prefix or '""',
        "perretryuniquekey": values.per_retry_unique_key,
        "tasktemplatepath": values.task_template_path,
        "namespace": values.namespace,
    }


def _value(name: str, names: Mapping[str, str], inputs: literals_pb2.LiteralMap | None, text: str) -> str:
    lower = name.lower()
    if lower in names:
        return names[lower]
    if lower.startswith(_INPUTS):
        return _input(name[len(_INPUTS) :], inputs)
    fix = f"use one of {', '.join(sorted(names))}, inputs.NAME"
    if lower.startswith(_FOREIGN):
        fix = "register the task with the tool that fills this variable in"
    raise InvalidInput(
        "UnknownTemplateVariable", f"`{text}` uses the template variable `{name}`, which does not exist", fix=fix
    )


def _input(name: str, inputs: literals_pb2.LiteralMap | None) -> str:
    if inputs is None or name not in inputs.literals:
        raise InvalidInput(
            "UnknownTemplateInput", f"the template uses input `{name}`, which is not given", fix="bind the input"
        )
    return _text(inputs.literals[name], name)


def _text(literal: literals_pb2.Literal, name: str) -> str:
    """A literal as Flyte writes it into a command."""
    match literal.WhichOneof("value"):
        case "collection":
            return f"[{','.join(_text(item, name) for item in literal.collection.literals)}]"
        case "scalar":
            return _scalar_text(literal.scalar, name)
        case kind:
            raise _no_text(name, str(kind))


def _scalar_text(scalar: literals_pb2.Scalar, name: str) -> str:
    match scalar.WhichOneof("value"):
        case "primitive":
            return _primitive_text(scalar.primitive)
        case "blob":
            return scalar.blob.uri
        case "schema":
            return scalar.schema.uri
        case "structured_dataset":
            return scalar.structured_dataset.uri
        case "union":
            return _text(scalar.union.value, name)
        case kind:
            raise _no_text(name, str(kind))


def _primitive_text(primitive: literals_pb2.Primitive) -> str:
    match primitive.WhichOneof("value"):
        case "boolean":
            return "true" if primitive.boolean else "false"
        case "integer":
            return str(primitive.integer)
        case "float_value":
            return repr(primitive.float_value)
        case "datetime":
            return primitive.datetime.ToJsonString()
        case "duration":
            return primitive.duration.ToJsonString()
        case _:
            return primitive.string_value


def _no_text(name: str, kind: str) -> InvalidInput:
    return InvalidInput(
        "UnknownTemplateInput",
        f"input `{name}` can't be written into a command: it holds a {kind}",
        fix="pass a primitive, a file, or a list of them",
    )
