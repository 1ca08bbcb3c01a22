"""`@task`: a typed function that the platform can run on its own.

Declaring only records: the function, its settings and where it stands. Called in a workflow's body a task becomes
a node, called anywhere else its function runs.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import update_wrapper
from typing import TYPE_CHECKING, Generic, Never, ParamSpec, TypeVar, Unpack, cast, overload

from alula.sdk import calling
from alula.sdk.authoring.cache import Cache, ordered
from alula.sdk.authoring.graph import open_graph
from alula.sdk.authoring.interface import Interface, is_async
from alula.sdk.authoring.kind import PYTHON, TaskKind, kind_of
from alula.sdk.authoring.naming import module_of
from alula.sdk.authoring.overrides import (
    Overrides,
    OverrideValues,
    cache_setting,
    image_name,
    overrides_of,
    refuse_unnamed,
    retry_count,
    timeout_seconds,
)
from alula.sdk.authoring.promise import Promise
from alula.sdk.authoring.resources import GrowMemory, Resources, checked, checked_growth, checked_single
from alula.sdk.authoring.settings import check_flags, check_names, check_texts
from alula.sdk.authoring.task_settings import TaskSettings
from alula.sdk.mistake import Location, caller, mistake, refuse_unknown
from alula.sdk.task_context.secret import MOUNTS, Secret

if TYPE_CHECKING:
    from datetime import timedelta

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class Task(Generic[P, R_co]):
    """A function with the settings under which the platform runs it. Call it as the function that it wraps."""

    def __init__(self, function: Callable[P, R_co], settings: TaskSettings, kind: TaskKind = PYTHON) -> None:
        self.function = function
        self.settings = settings
        self.kind = kind
        self.interface = Interface(function, kind="dynamic task" if kind.makes_graph else "task")
        self.module = module_of(function)
        update_wrapper(cast("Callable[..., object]", self), function)

    @property
    def name(self) -> str:
        """The name on the platform: `module.function`."""
        return f"{self.module}.{self.interface.name}"

    @property
    def location(self) -> Location:
        """The file and line of the function."""
        return self.interface.location

    @property
    def is_async(self) -> bool:
        """True if the function is an `async def`."""
        return is_async(self.function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        at = caller()
        graph = open_graph()
        values = self.interface.bind(args, kwargs, at=at)
        if graph is not None:
            from alula.sdk.authoring.binding import check_inputs  # lazy: protobuf is for compiling

            check_inputs(self.interface, values, at=at)
            return cast("R_co", graph.add(self, values, at=at))
        if self.kind.makes_graph:
            return cast("R_co", calling.run(self, values))
        from alula.sdk.authoring.binding import converted  # lazy: protobuf is for values

        return cast("R_co", self.kind.execute(self, converted(self.interface, values, at=at)))

    def with_overrides(self, *unnamed: Never, **changes: Unpack[OverrideValues]) -> Callable[P, R_co]:
        """This task with other settings for one step: `train.with_overrides(retries=3)(data=d)`.

        The same as `train(data=d).with_overrides(retries=3)`, which type checkers can't follow.
        """
        refuse_unnamed(unnamed, at=caller())
        overrides_of(Overrides(), changes, at=caller())

        def call(*args: P.args, **kwargs: P.kwargs) -> R_co:
            outcome = self(*args, **kwargs)
            if isinstance(outcome, Promise) or hasattr(outcome, "with_overrides"):
                cast("Promise", outcome).with_overrides(**changes)
            return outcome

        return call

    def __repr__(self) -> str:
        return f"<{self.interface.kind} {self.name}>"


@overload
def task(function: Callable[P, R_co], /) -> Task[P, R_co]: ...


@overload
def task(
    *,
    retries: int = 0,
    timeout: int | timedelta = 0,
    cache: bool | Cache = False,
    cache_version: str | None = None,
    cache_serialize: bool = False,
    cache_ignore_input_vars: Sequence[str] = (),
    requests: Resources | None = None,
    limits: Resources | None = None,
    resources: Resources | None = None,
    on_out_of_memory: GrowMemory | None = None,
    environment: Mapping[str, str] | None = None,
    container_image: str | None = None,
    interruptible: bool | None = None,
    enable_deck: bool = False,
    fork: bool = True,
    docs: str = "",
    deprecated: str = "",
    secret_requests: Sequence[Secret] = (),
    task_config: object = None,
) -> Callable[[Callable[P, R_co]], Task[P, R_co]]: ...


def task(
    function: Callable[P, R_co] | None = None,
    /,
    *,
    retries: int = 0,
    timeout: int | timedelta = 0,
    cache: bool | Cache = False,
    cache_version: str | None = None,
    cache_serialize: bool = False,
    cache_ignore_input_vars: Sequence[str] = (),
    requests: Resources | None = None,
    limits: Resources | None = None,
    resources: Resources | None = None,
    on_out_of_memory: GrowMemory | None = None,
    environment: Mapping[str, str] | None = None,
    container_image: str | None = None,
    interruptible: bool | None = None,
    enable_deck: bool = False,
    fork: bool = True,
    docs: str = "",
    deprecated: str = "",
    secret_requests: Sequence[Secret] = (),
    task_config: object = None,
    **unknown: object,
) -> Task[P, R_co] | Callable[[Callable[P, R_co]], Task[P, R_co]]:
    """Make a task of a function, which may be `async`. Every parameter needs a type.

    ```python
    @task(retries=2, cache=Cache(version="1"), requests=Resources(cpu="2", mem="1Gi"))
    def train(rows: list[float], depth: int = 3) -> float: ...
    ```

    Args:
        retries: further attempts after `RecoverableError` or a time-out.
        timeout: limit of one attempt, in seconds or as `timedelta`; 0 for none.
        cache: use outputs of an earlier run with the same inputs.
        cache_version: change it when the code gives other results.
        cache_serialize: identical runs at the same time run once.
        cache_ignore_input_vars: inputs that don't count for the cache.
        requests: what an attempt needs.
        limits: what an attempt may use at most.
        resources: both at once, as amounts or (request, limit) pairs.
        on_out_of_memory: more memory for the next attempt after one that ran out of it, of those that `retries` allows.
        environment: variables for the process.
        container_image: image to run in, where images are used.
        interruptible: whether it may run on machines that can go away; None leaves it to the workflow.
        enable_deck: publish `Deck`s of this task.
        fork: whether an attempt may be a fork of a process that has imported the module; False for one that must import
            it itself.
        docs: a description, when the docstring should not be it.
        deprecated: a message; the task is marked as deprecated.
        secret_requests: secrets that the task needs.
        task_config: selects by its class the kind of task, which a package may bring: what runs it, and how.

    Raises `InvalidInput` for a parameter without a type and for settings that can't be.
    """
    at = caller()
    refuse_unknown(unknown, "`@task`", task, at=at)
    check_texts(at=at, docs=docs, deprecated=deprecated)
    check_flags(at=at, interruptible=interruptible, enable_deck=enable_deck, fork=fork)
    check_names(at=at, cache_ignore_input_vars=cache_ignore_input_vars)
    ignored = ordered(cache_ignore_input_vars)
    cached = cache_setting(cache, cache_version, cache_serialize, ignored, at=at)
    if resources is not None:
        if requests is not None or limits is not None:
            raise mistake("ConflictingResources", "give either `resources`, or `requests` and `limits`", at=at)
        requests, limits = checked(resources, "resources", at=at).split()
    settings = TaskSettings(
        retries=retry_count(retries, at=at),
        timeout_s=timeout_seconds(timeout, at=at),
        cache=cached if isinstance(cached, Cache) else None,
        requests=checked_single(requests, "requests", at=at) if requests is not None else None,
        limits=checked_single(limits, "limits", at=at) if limits is not None else None,
        on_out_of_memory=(
            checked_growth(on_out_of_memory, "on_out_of_memory", at=at) if on_out_of_memory is not None else None
        ),
        environment=_environment(environment, at=at),
        container_image=image_name(container_image, at=at),
        interruptible=interruptible,
        enable_deck=bool(enable_deck),
        fork=fork is not False,
        docs=docs or "",
        deprecated=deprecated or "",
        secret_requests=_secrets(secret_requests, at=at),
    )

    kind = kind_of(task_config, at=at)

    def declare(function: Callable[P, R_co]) -> Task[P, R_co]:
        made = Task(function, settings, kind)
        if settings.cache is not None:
            for name in settings.cache.ignored():
                if name not in made.interface.defaults:
                    raise mistake(
                        "UnknownArgument",
                        f"the cache of task `{made.interface.name}` ignores `{name}`, which is not an input",
                        at=at,
                    )
        return made

    return declare if function is None else declare(function)


def _environment(environment: Mapping[str, str] | None, *, at: Location) -> Mapping[str, str] | None:
    if environment is None:
        return None
    if not isinstance(cast("object", environment), Mapping):
        raise mistake("InvalidEnvironment", f"`environment` is {environment!r}, expected a dict of texts", at=at)
    for name, value in cast("Mapping[object, object]", environment).items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise mistake("InvalidEnvironment", f"`environment` has {name!r}: {value!r}, expected texts", at=at)
        if not name or "=" in name or "\0" in name + value:
            why = f"`environment` has {name!r}: {value!r}, which no process can have"
            raise mistake("InvalidEnvironment", why, at=at)
    return dict(environment)


def _secrets(requests: Sequence[Secret], *, at: Location) -> tuple[Secret, ...]:
    if not isinstance(cast("object", requests), list | tuple):
        raise mistake("InvalidSetting", f"`secret_requests` is {requests!r}, expected a list of `Secret`", at=at)
    for secret in cast("Sequence[object]", requests):
        if not isinstance(secret, Secret):
            raise mistake("InvalidSetting", f"`secret_requests` has {secret!r}, expected a `Secret`", at=at)
        check_texts(at=at, group=secret.group, key=secret.key, group_version=secret.group_version)
        check_texts(at=at, env_var=secret.env_var)
        if secret.mount_requirement not in MOUNTS:
            listed = ", ".join(map(repr, MOUNTS))
            why = f"`mount_requirement` of a `Secret` is {secret.mount_requirement!r}, expected one of {listed}"
            raise mistake("InvalidSetting", why, at=at)
    return tuple(requests)


def run_function(task: Task[..., object], inputs: Mapping[str, object]) -> object:
    """Call the function as its kind does, with values that are converted already; an `async` one runs in a new event
    loop."""
    if not task.is_async:
        return task.kind.execute(task, inputs)
    from alula.sdk.task_context.coroutines import run  # lazy: only async tasks need an event loop

    return run(lambda: cast("Coroutine[object, object, object]", task.kind.execute(task, inputs)))
