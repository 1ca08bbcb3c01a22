"""The limits of the kernel on arguments and variables of a process. Pure but for asking for them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from alula.core.errors import InvalidInput
from alula.server.executor import AttemptSpec

STRING_MAX_BYTES = 128 * 1024 - 1
"""The limit of one argument, or of one variable with its name."""
RESERVED_BYTES = 64 * 1024
"""Room for additions to a task's own arguments and variables."""
POINTER_BYTES = 8
CHARACTER_MAX_BYTES = 4
ALWAYS_TAKEN_BYTES = 64 * 1024
"""The size that any process can be given: Linux takes 128 KiB at least, with the reserve."""


def check(spec: AttemptSpec, command: Sequence[str]) -> None:
    """Raises `InvalidInput` for an attempt that can't be started with this command in its environment."""
    for word in command:
        if "\0" in word:
            raise InvalidInput("BadCommand", f"an argument of the task has a NUL byte: {word[:100]!r}", fix=FIX)
    check_variables(spec.environment)
    variables = [f"{name}={value}" for name, value in spec.environment.items()]
    check_sizes([*command, *variables])


FIX = "change the task's command or its environment"


def check_variables(environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        if not name or "=" in name or "\0" in name:
            raise InvalidInput("BadVariable", f"{name[:100]!r} can't be the name of an environment variable", fix=FIX)
        if "\0" in value:
            raise InvalidInput("BadVariable", f"the environment variable `{name[:100]}` has a NUL byte", fix=FIX)


def check_sizes(strings: Sequence[str]) -> None:
    if sum(map(len, strings)) * CHARACTER_MAX_BYTES + len(strings) * (POINTER_BYTES + 1) < ALWAYS_TAKEN_BYTES:
        return  # mostly, and then their bytes need not be counted
    sizes = [len(each.encode(errors="surrogatepass")) for each in strings]
    largest, total = max(sizes, default=0), sum(sizes) + len(sizes) * (POINTER_BYTES + 1)
    if largest > STRING_MAX_BYTES or total > os.sysconf("SC_ARG_MAX") - RESERVED_BYTES:
        raise InvalidInput(
            "CommandTooLong",
            f"the arguments and environment variables of the task have {total:,} bytes, the longest {largest:,}; that "
            "is more than a process can be given",
            fix="hand over large values as inputs, not as arguments or variables",
        )
