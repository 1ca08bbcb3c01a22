"""Running an entity that is called outside the body of a workflow.

Entities call `run` and do not know what runs them: the local engine, or in the body of an eager task what that attempt
runs its calls by. `alula/sdk/__init__.py` names both, so that every import goes down: what runs an entity knows
entities, and not the other way round.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeAlias, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")
# Any: entities, contexts and settings are types of higher layers.
Runner: TypeAlias = Callable[[Any, Mapping[str, object], bool], object]
"""Takes an entity, the values of its inputs, and whether the call is awaited; gives what the entity returns, or a
coroutine of that."""
Launcher: TypeAlias = Callable[[Any, Any, str], AbstractContextManager[Runner]]
"""Takes the context of an attempt of an eager task, the settings by which it was written, and what tells its node from
all others; gives what runs its calls."""

_runner: Runner | None = None
_launcher: Launcher | None = None

BY: ContextVar[Runner | None] = ContextVar("alula_calls_run_by", default=None)
"""What runs the calls of the eager task that is running here; None outside of one."""
_awaited: ContextVar[bool] = ContextVar("alula_call_awaited", default=False)


def run_by(runner: Runner, launcher: Launcher) -> None:
    """Let `runner` run all calls from now on, but those of eager tasks on a platform, which `launcher` is for."""
    global _runner, _launcher  # one of each for the process, set once
    _runner, _launcher = runner, launcher


def run(entity: object, values: Mapping[str, object], *, is_async: bool) -> object:
    """The result of an entity that is called as a plain function; of an `async def` a coroutine of it."""
    assert _runner is not None, "importing `alula.sdk` names the runner"
    return (BY.get() or _runner)(entity, values, is_async or _awaited.get())


def in_eager_task() -> bool:
    """True in the body of an eager task, whose calls are runs of their own."""
    return BY.get() is not None


def launcher(context: object, settings: object, place: str) -> AbstractContextManager[Runner]:
    """What runs the calls of an eager task on a platform."""
    assert _launcher is not None, "importing `alula.sdk` names the launcher"
    return _launcher(context, settings, place)


async def awaited(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Make a call that is awaited, also of an entity that is no `async def`."""
    token = _awaited.set(True)
    try:
        result = call(*args, **kwargs)
    finally:
        _awaited.reset(token)
    return await cast("Awaitable[R]", result) if isinstance(result, Awaitable) else result
