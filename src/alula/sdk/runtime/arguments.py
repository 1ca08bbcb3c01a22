"""The command line of a task's attempt. The other side of it is `serialize.tasks`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from alula.core.errors import InvalidInput

_OPTIONS = {
    "--inputs": "inputs",
    "--output-prefix": "output_prefix",
    "--raw-output-data-prefix": "raw_output_prefix",
    "--checkpoint-path": "checkpoint_path",
    "--prev-checkpoint": "previous_checkpoint",
    "--code": "code_uri",
}
_LOADER = ("task-module", "task-name", "map-bound")


class Arguments(NamedTuple):
    """What `alula-execute` was told."""

    inputs: str
    """URI of `inputs.pb`."""
    output_prefix: str
    raw_output_prefix: str
    checkpoint_path: str
    previous_checkpoint: str
    code_uri: str
    """The packed code to fetch first; empty when it is there already."""
    module: str
    name: str
    bound: frozenset[str] | None
    """Of an item of a map task: the inputs that are the same for all items."""


def parse(argv: Sequence[str]) -> Arguments:
    """Read `--option value ... -- task-module M task-name T [map-bound a,b]`. Raises `InvalidInput`."""
    if "--" not in argv:
        raise InvalidInput("BadCommandLine", "alula-execute: there is no `--` with the task after it")
    split = list(argv).index("--")
    options = _pairs(argv[:split], tuple(_OPTIONS))
    loader = _pairs(argv[split + 1 :], _LOADER)
    for name in ("--inputs", "--output-prefix"):
        if not options.get(name):
            raise InvalidInput("BadCommandLine", f"alula-execute: `{name}` is missing")
    for name in ("task-module", "task-name"):
        if not loader.get(name):
            raise InvalidInput("BadCommandLine", f"alula-execute: `{name}` is missing after `--`")
    bound = loader.get("map-bound")
    values = {field: options.get(option, "") for option, field in _OPTIONS.items()}
    return Arguments(
        **values,
        module=loader["task-module"],
        name=loader["task-name"],
        bound=None if bound is None else frozenset(filter(None, bound.split(","))),
    )


def _pairs(words: Sequence[str], known: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for place in range(0, len(words), 2):
        name = words[place]
        if name not in known or place + 1 >= len(words):
            raise InvalidInput("BadCommandLine", f"alula-execute: can't read `{' '.join(words[place:])}`")
        found[name] = words[place + 1]
    return found
