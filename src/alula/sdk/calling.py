"""Running an entity that is called outside the body of a workflow.

Entities call `run` and do not know what runs them. `alula/sdk/__init__.py` says it with `run_by`, so that every import
goes down: what runs an entity knows entities, and not the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

Runner: TypeAlias = Callable[[object, Mapping[str, object]], object]
"""Takes an entity and the values of its inputs; gives what it returns, or a coroutine of that."""

_runner: Runner | None = None


def run_by(runner: Runner) -> None:
    """Let `runner` run all calls from now on."""
    global _runner  # noqa: PLW0603  # one for the process, set once
    _runner = runner


def run(entity: object, values: Mapping[str, object]) -> object:
    """The result of an entity that is called as a plain function."""
    assert _runner is not None, "importing `alula.sdk` names the runner"
    return _runner(entity, values)
