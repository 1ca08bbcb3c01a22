"""Inputs of a task, workflow or launch plan: as options of the command line, and from a file.

The options come from the typed interface: names, types, defaults, and help from the docstring.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Protocol, cast

import click

from alula.cli.documents import NotReadableError, read_document
from alula.cli.fixed_inputs import NOTHING_FIXED, FixedInputs
from alula.cli.missing_files import fix_for_missing
from alula.cli.run_options import INPUT_PREFIX
from alula.cli.values import bare, describe, from_data, from_text, is_optional, suggest
from alula.core.errors import InvalidInput, NotFound
from alula.sdk.authoring.interface import REQUIRED, Found


class AnyInterface(Protocol):
    """The part of an interface that the command line needs."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def inputs(self) -> dict[str, object]: ...
    @property
    def defaults(self) -> dict[str, object]: ...

    def describe_input(self, name: str) -> str: ...


_DEFAULT_SHOWN_CHARS = 60


class _Typed(click.ParamType[Any]):
    """A value of a Python type, read by `values.from_text`."""

    def __init__(self, hint: Any) -> None:
        self.hint = hint
        self.name = describe(hint).removesuffix(" or null")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        where = param.opts[0] if param is not None else "value"
        return from_text(value, self.hint, where) if isinstance(value, str) else value

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        hint = bare(self.hint)
        is_choice = typing.get_origin(hint) is typing.Literal or (isinstance(hint, type) and issubclass(hint, Enum))
        return f"[{self.name}]" if is_choice else f"<{self.name}>"


def input_options(interface: AnyInterface, fixed: FixedInputs = NOTHING_FIXED) -> list[click.Option]:
    """One option for each input: `--learning-rate`; a bool as `--flag/--no-flag`; hidden ones for `fixed` inputs."""
    return [*(_option(interface, name, hint) for name, hint in interface.inputs.items()), *fixed.options()]


def typed_inputs(parameters: Mapping[str, Any], context: click.Context) -> dict[str, object]:
    """The inputs that were typed, of all parsed parameters."""
    from_user = (click.core.ParameterSource.COMMANDLINE,)
    return {
        name.removeprefix(INPUT_PREFIX): value
        for name, value in parameters.items()
        if name.startswith(INPUT_PREFIX) and context.get_parameter_source(name) in from_user
    }


def file_inputs(path: Path, interface: AnyInterface, fixed: FixedInputs = NOTHING_FIXED) -> dict[str, object]:
    """Inputs from a JSON or YAML file that holds an object. Raises `InvalidInput` naming file and input."""
    return _object_inputs(_read_document(path), str(path), interface, fixed)


def text_inputs(text: str, interface: AnyInterface, fixed: FixedInputs = NOTHING_FIXED) -> dict[str, object]:
    """Inputs from an object in JSON or YAML on the command line. Raises `InvalidInput` naming the input."""
    try:
        document = read_document(text, only_json=False)
    except NotReadableError as error:
        raise InvalidInput("BadInputsFile", f"--inputs {error}") from error
    return _object_inputs(document, "--inputs", interface, fixed)


def _object_inputs(document: Any, where_from: str, interface: AnyInterface, fixed: FixedInputs) -> dict[str, object]:
    if not isinstance(document, dict):
        raise InvalidInput("BadInputsFile", f"{where_from} does not hold an object", fix="write `name: value` lines")
    values: dict[str, object] = {}
    for name, data in cast(dict[str, Any], document).items():
        if name in fixed.values:
            fixed.refuse(name)
        if name not in interface.inputs:
            raise InvalidInput(
                "UnknownInput",
                f"{where_from}: {interface.kind} `{interface.name}` has no input `{name}`",
                fix=suggest(str(name), list(interface.inputs)),
            )
        hint = interface.inputs[name]
        where = f"{where_from}: {name}"
        values[name] = from_text(data, hint, where) if isinstance(data, str) else from_data(data, hint, where)
    return values


def completed(interface: AnyInterface, given: Mapping[str, object]) -> dict[str, object]:
    """The inputs, with None for an optional one that has neither value nor default.

    Raises `InvalidInput` code `MissingInput` naming every required input that has no value.
    """
    unset = [name for name, default in interface.defaults.items() if default is REQUIRED and name not in given]
    missing = [name for name in unset if not is_optional(interface.inputs[name])]
    if missing:
        listed = " and ".join(f"`{name}`" for name in missing)
        example = " ".join(f"{_spelling(name)} <{describe(interface.inputs[name])}>" for name in missing)
        raise InvalidInput("MissingInput", f"{interface.kind} `{interface.name}` needs {listed}", fix=f"add {example}")
    return {**given, **dict.fromkeys(unset)}


def _option(interface: AnyInterface, name: str, hint: Any) -> click.Option:
    default = interface.defaults[name]
    help_text = _help(interface, name, default, hint)
    spelling = _spelling(name)
    if bare(hint) is bool:
        declaration = f"{spelling}/--no-{spelling.removeprefix('--')}"
        return click.Option([declaration, INPUT_PREFIX + name], default=None, help=help_text)
    return click.Option([spelling, INPUT_PREFIX + name], type=_Typed(hint), default=None, help=help_text)


def _spelling(name: str) -> str:
    return "--" + name.replace("_", "-")


def _help(interface: AnyInterface, name: str, default: object, hint: Any) -> str:
    described = interface.describe_input(name)
    text = "" if described == name else described
    if default is REQUIRED:
        return text if is_optional(hint) else f"{text}  [required]".lstrip()
    shown = short_text(default)
    return f"{text}  [default: {shown}]".lstrip()


def short_text(value: object) -> str:
    """The value as one would type it, cut where it is long."""
    match value:
        case Enum():
            text = str(value.value)
        case str() if value:
            text = value
        case Found():
            text = str(value)
        case datetime():
            text = value.isoformat()
        case timedelta():
            text = str(value)
        case _:
            try:
                text = json.dumps(value, default=_plain)
            except TypeError:
                text = str(value)
    return text if len(text) <= _DEFAULT_SHOWN_CHARS else text[:_DEFAULT_SHOWN_CHARS] + "…"


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, set | frozenset):
        return list(cast("set[object]", value))
    return short_text(value) if isinstance(value, Enum | datetime | timedelta) else str(value)


def _read_document(path: Path) -> Any:
    try:
        text = path.read_text()
    except FileNotFoundError as error:
        raise NotFound("FileNotFound", f"there is no file `{path}`", fix=fix_for_missing(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput("BadInputsFile", f"{path} can't be read: {error}") from error
    try:
        return read_document(text, only_json=path.suffix == ".json")
    except NotReadableError as error:
        raise InvalidInput("BadInputsFile", f"{path} {error}") from error
