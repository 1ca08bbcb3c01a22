"""The command line of a task's attempt. The other side of it is `serialize.tasks`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from alula.core.errors import InvalidInput

_OPTIONS = frozenset(
    ("--inputs", "--output-prefix", "--raw-output-data-prefix", "--checkpoint-path", "--prev-checkpoint", "--code")
)
_LOADER = frozenset(("task-module", "task-name", "map-bound"))


class Arguments(NamedTuple):
    """The command line of `alula-execute`, parsed."""

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
    words = list(argv)
    if "--" not in words:
        raise InvalidInput("BadCommandLine", "alula-execute: there is no `--` with the task after it")
    split = words.index("--")
    options = _pairs(words[:split], _OPTIONS)
    loader = _pairs(words[split + 1 :], _LOADER)
    inputs, output_prefix = options.get("--inputs"), options.get("--output-prefix")
    module, name = loader.get("task-module"), loader.get("task-name")
    if not (inputs and output_prefix and module and name):
        raise _incomplete(options, loader)
    bound = loader.get("map-bound")
    return Arguments(
        inputs,
        output_prefix,
        options.get("--raw-output-data-prefix", ""),
        options.get("--checkpoint-path", ""),
        options.get("--prev-checkpoint", ""),
        options.get("--code", ""),
        module,
        name,
        None if bound is None else frozenset(filter(None, bound.split(","))),
    )


def _pairs(words: list[str], known: frozenset[str]) -> dict[str, str]:
    found = dict(zip(words[::2], words[1::2], strict=False))
    if known.issuperset(found) and 2 * len(found) == len(words):
        return found
    for place in range(0, len(words), 2):
        if words[place] not in known or place + 1 >= len(words):
            raise InvalidInput("BadCommandLine", f"alula-execute: can't read `{' '.join(words[place:])}`")
    return found  # an option is there twice: the last counts


def _incomplete(options: dict[str, str], loader: dict[str, str]) -> InvalidInput:
    missing = [name for name in ("--inputs", "--output-prefix") if not options.get(name)]
    if missing:
        return InvalidInput("BadCommandLine", f"alula-execute: `{missing[0]}` is missing")
    missing = [name for name in ("task-module", "task-name") if not loader.get(name)]
    return InvalidInput("BadCommandLine", f"alula-execute: `{missing[0]}` is missing after `--`")
