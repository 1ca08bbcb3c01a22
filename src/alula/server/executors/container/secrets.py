"""Secrets of an operator's folder in a container, under the names by which Flyte's tasks look for them.

The file GROUP/KEY is the secret. One that a task wants as a file is mounted, so no copy of it is made; the others are
variables of the container, which only those can read that may ask the runtime for everything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from alula.core.errors import InvalidInput
from alula.core.policy.security import SecretReference
from alula.server.executor import AttemptSpec
from alula.server.executors.checking import check_sizes
from alula.server.executors.container.build import Mount
from alula.server.executors.container.options import ContainerOptions

VALUE_MAX_BYTES = 64 << 10
_NAME = re.compile(r"(?!\.)[A-Za-z0-9_.-]+")
"""What a group or a key may be: never more than one name of a path."""


class Handed(NamedTuple):
    """The secrets of one attempt."""

    variables: dict[str, str]
    mounts: tuple[Mount, ...]


def handed(spec: AttemptSpec, options: ContainerOptions, known: Mapping[str, str]) -> Handed:
    """The secrets that an attempt asks for; `known` are its variables. Raises `InvalidInput` for one that is not there,
    and OSError."""
    variables: dict[str, str] = {}
    mounts: list[Mount] = []
    project, domain, _ = spec.id.execution
    folder = options.secrets_folder(project, domain)
    for each in spec.secrets:
        file = _file(folder, each)
        if file and each.form == "FILE":
            mounts.append(Mount(file, each.path, read_only=True))
        elif file:
            variables[each.variable_name] = _value(file)
        elif each.form == "FILE" or each.variable_name not in known:
            raise _missing(spec, each, folder)
    check_sizes([f"{name}={value}" for name, value in variables.items()])
    return Handed(variables, tuple(mounts))


def _file(folder: str, wanted: SecretReference) -> str:
    """The file of a secret; empty if there is none. Links in the operator's folder are the operator's."""
    names = [name for name in (wanted.group, wanted.key) if name]
    if not folder or not wanted.key or not all(map(_NAME.fullmatch, names)):
        return ""
    path = os.path.realpath(os.path.join(folder, *names))
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


def _missing(spec: AttemptSpec, wanted: SecretReference, folder: str) -> InvalidInput:
    name = "/".join(filter(None, (wanted.group, wanted.key)))
    where = f"there is no such file in {folder}" if folder else "the settings name no folder of secrets"
    return InvalidInput(
        "SecretNotFound",
        f"task {spec.task.id.name} asks for the secret {name!r}, and {where}",
        fix="put it there as GROUP/KEY, or see to `executors.container.secrets`",
    )
