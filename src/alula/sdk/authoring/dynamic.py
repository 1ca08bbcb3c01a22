"""`@dynamic`: a task whose body makes a graph out of values, when it runs.

On the platform it runs as a task; instead of outputs it leaves the graph, which then runs in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Never, ParamSpec, TypeVar, Unpack, cast, overload

from alula.sdk.authoring.kind import DYNAMIC
from alula.sdk.authoring.task import MakesTask, Task, check_ignored
from alula.sdk.authoring.task_settings import TaskOptions, task_settings
from alula.sdk.mistake import caller, mistake

if TYPE_CHECKING:
    from alula.sdk.authoring.promise import Done, Entity

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


@overload
def dynamic(function: Callable[P, Never], /) -> Task[P, Any]: ...


@overload
def dynamic(function: Callable[P, None], /) -> Task[P, Done]: ...


@overload
def dynamic(function: Callable[P, R_co], /) -> Task[P, R_co]: ...


@overload
def dynamic(*, node_dependency_hints: Sequence[Entity] = (), **options: Unpack[TaskOptions]) -> MakesTask: ...


def dynamic(
    function: Callable[P, R_co] | None = None,
    /,
    *,
    node_dependency_hints: Sequence[Entity] = (),
    **options: Unpack[TaskOptions],
) -> Task[P, Any] | MakesTask:  # Any: what the overloads say
    """Make a dynamic task of a function: it sees its inputs as values, and its calls of tasks as promises.

    ```python
    @dynamic
    def train_all(depths: list[int], data: str) -> list[float]:
        return [train(data=data, depth=depth) for depth in depths if depth > 0]
    ```

    The body may loop over inputs, test them with `if` and compute with them. It calls tasks, map tasks, workflows and
    other dynamic tasks, and uses `conditional` and `>>`, as the body of a workflow does; all of these run after it.
    Settings are those of `@task` and concern the body, not what it calls. A body that calls nothing returns its
    outputs as a task does.

    Args:
        node_dependency_hints: launch plans that the body calls: they are registered with this task, because they must
            be known to the platform. All else that the body calls need not be named.
        options: see `task`.

    Raises `InvalidInput` as `@task` does.
    """
    at = caller()
    if "task_config" in options:
        why = "`@dynamic` has no setting `task_config`, which is of another kind of task"
        raise mistake("UnknownSetting", why, at=at, fix="give it to a task that it calls")
    settings = task_settings(options, "`@dynamic`", at=at)._replace(node_dependency_hints=tuple(node_dependency_hints))

    def declare(function: Callable[P, R_co]) -> Task[P, R_co]:
        made = Task(function, settings, DYNAMIC)
        check_ignored(made, at=at)
        return made

    return cast("MakesTask", declare) if function is None else declare(function)
