"""Secrets of an operator's folder for an attempt, under the names by which Flyte's tasks look for them.

The file GROUP/KEY, or GROUP/VERSION/KEY, is the secret. One that a task wants as a file is shown to it, and no copy of
it is made; the others are variables.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from alula.core.errors import InvalidInput
from alula.core.policy.security import SecretReference, placed
from alula.server.executor import AttemptSpec
from alula.server.executors.checking import check_sizes

VALUE_MAX_BYTES = 64 << 10
_NAME = re.compile(r"(?!\.)[A-Za-z0-9_.-]+")
"""What a group or a key may be: never more than one name of a path."""
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class Place(NamedTuple):
    """The folder of secrets that a setting names, maybe with `{{ project }}` and `{{ domain }}`."""

    setting: str
    folder: str

    def of(self, project: str, domain: str) -> str:
        """The folder for a project's domain; empty for none."""
        values: dict[str, str] = {"project": project, "domain": domain}
        return _VARIABLE.sub(lambda match: values[match[1]], self.folder)


def folder_problems(folder: str) -> Iterator[str]:
    """The problems of a folder as a setting has it."""
    if folder and not os.path.isabs(folder):
        yield f"wants an absolute path, not `{folder}`"
    unknown = set(_VARIABLE.findall(folder)) - {"project", "domain"}
    if unknown:
        yield f"has the variable `{min(unknown)}`; there are project, domain"


class Handed(NamedTuple):
    """The secrets of one attempt."""

    variables: dict[str, str]
    files: dict[str, str]
    """The operator's files, by the paths below the folder of secrets where the task looks for them."""


def handed(spec: AttemptSpec, place: Place, known: Mapping[str, str]) -> Handed:
    """The secrets that an attempt asks for; `known` are its variables. Raises `InvalidInput` for one that is not there,
    and OSError."""
    found = Handed({}, {})
    project, domain, _ = spec.id.execution
    folder = place.of(project, domain)
    places = placed(spec.secrets)
    for name, each in places.files.items():
        found.files[name] = _file(folder, each)
        if not found.files[name]:
            raise _missing(spec, each, folder, place.setting)
    for name, each in places.variables.items():
        if file := _file(folder, each):
            found.variables[name] = _value(file)
        elif known.keys().isdisjoint((each.variable_name, each.without_version().variable_name)):
            raise _missing(spec, each, folder, place.setting)
    check_sizes([f"{name}={value}" for name, value in found.variables.items()])
    return found


def _file(folder: str, wanted: SecretReference) -> str:
    """The file of a secret; empty if there is none. Links in the operator's folder are the operator's."""
    if not folder or not wanted.key or not all(map(_NAME.fullmatch, wanted.names)):
        return ""
    path = os.path.realpath(os.path.join(folder, *wanted.names))
    return path if os.path.isfile(path) else ""


def _value(file: str) -> str:
    """A secret as a text: all of its file but for the end of the last line."""
    with open(file, "rb") as opened:
        data = opened.read(VALUE_MAX_BYTES + 1)
    try:
        text = data.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        text = "\0"
    if len(data) > VALUE_MAX_BYTES or "\0" in text:
        why = f"the secret in {file} can't be a variable: it is no text, or has more than {VALUE_MAX_BYTES:,} bytes"
        raise InvalidInput("SecretNotReadable", why, fix="let the task want it as a file")
    return text


def _missing(spec: AttemptSpec, wanted: SecretReference, folder: str, setting: str) -> InvalidInput:
    name = "/".join(wanted.names)
    where = f"there is no such file in {folder}" if folder else "the settings name no folder of secrets"
    return InvalidInput(
        "SecretNotFound",
        f"task {spec.task.id.name} asks for the secret {name!r}, and {where}",
        fix=f"put it there as {'GROUP/VERSION/KEY' if wanted.version else 'GROUP/KEY'}, or see to `{setting}`",
    )
