"""From the command line of a task to how it is started here. Pure.

Knows the entry points of Alula and flytekit, which can be called in a forked process after their imports are done; any
other command is a program to be executed.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from alula.core.errors import InvalidInput

FLYTEKIT_ENTRIES = ("pyflyte-execute", "pyflyte-map-execute")
"""flytekit's console scripts that run one task."""


class Launch(NamedTuple):
    """The way to start one attempt."""

    argv: tuple[str, ...]
    """The command, without what the platform has done already (fetching code)."""
    entry: str = ""
    """Console script that may be called in a forked process; empty for a program."""
    modules: tuple[str, ...] = ()
    """Modules to import before a fork."""
    bundle_uri: str = ""
    """Packed code that must be importable."""


def launch_of(command: Sequence[str]) -> Launch:
    """Describe a rendered command line. Raises `InvalidInput` for one that nothing can run."""
    if not command or not command[0]:
        raise InvalidInput("EmptyCommand", "the task's container has no command", fix="give it a command or args")
    name = command[0]
    if name == "alula-execute":
        argv, uri = without_option(command, "--code")
        return Launch(argv, name, task_modules(argv), uri)
    if name == "pyflyte-fast-execute":
        return launch_of_fast(command)
    if name in FLYTEKIT_ENTRIES:
        return Launch(tuple(command), name, task_modules(command))
    return Launch(tuple(command))


def launch_of_fast(command: Sequence[str]) -> Launch:
    """`pyflyte-fast-execute` fetches code and runs what follows `--`: done here once, so only the rest remains.

    The inner command learns where the code came from, as it would, so that a dynamic task can hand it on.
    """
    if "--" not in command:
        raise InvalidInput(
            "BadCommand", "`pyflyte-fast-execute` without `--` and an inner command", fix="register the task anew"
        )
    split = command.index("--")
    outer, uri = without_option(command[:split], "--additional-distribution")
    _, _folder = without_option(outer, "--dest-dir")
    inner = launch_of(command[split + 1 :])
    argv = list(inner.argv)
    if inner.entry in FLYTEKIT_ENTRIES and "--resolver" in argv and uri:
        place = argv.index("--resolver")
        argv[place:place] = ["--dynamic-addl-distro", uri, "--dynamic-dest-dir", "."]
    return Launch(tuple(argv), inner.entry, inner.modules, uri)


def without_option(command: Sequence[str], option: str) -> tuple[tuple[str, ...], str]:
    """The command without `--option VALUE` or `--option=VALUE` (before any `--`), and the value."""
    rest: list[str] = []
    value = ""
    place = 0
    while place < len(command):
        word = command[place]
        if word == "--":
            rest.extend(command[place:])
            break
        if word == option and place + 1 < len(command):
            value = command[place + 1]
            place += 1
        elif word.startswith(option + "="):
            value = word[len(option) + 1 :]
        else:
            rest.append(word)
        place += 1
    return tuple(rest), value


def task_modules(command: Sequence[str]) -> tuple[str, ...]:
    """The user's module that a task command names (`task-module M`)."""
    for word, value in itertools.pairwise(command):
        if word == "task-module":
            return (value,)
    return ()
