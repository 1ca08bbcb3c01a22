"""`@task`: a typed function that the platform can run on its own.

Declaring only records: the function, its settings and where it stands. Called in a workflow's body a task becomes
a node, called anywhere else its function runs.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import update_wrapper
from typing import Any, Generic, Never, ParamSpec, Protocol, TypeVar, Unpack, cast, overload

from alula.sdk import calling
from alula.sdk.absent_members import lacks_members
from alula.sdk.authoring.flytekit_members import Entity
from alula.sdk.authoring.graph import open_graph
from alula.sdk.authoring.interface import DocumentedInterface, Interface, is_async
from alula.sdk.authoring.kind import PYTHON, EagerKind, TaskKind, kind_of
from alula.sdk.authoring.naming import module_of
from alula.sdk.authoring.overrides import Overrides, OverrideValues, overrides_of, refuse_unnamed
from alula.sdk.authoring.promise import Done, Promise
from alula.sdk.authoring.task_settings import TaskOptions, TaskSettings, task_settings
from alula.sdk.mistake import Location, caller, mistake

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class Task(Entity, Generic[P, R_co]):
    """A function with the settings under which the platform runs it. Call it as the function that it wraps."""

    __name__: str

    def __init__(
        self,
        function: Callable[P, R_co],
        settings: TaskSettings,
        kind: TaskKind = PYTHON,
        interface: DocumentedInterface | None = None,
    ) -> None:
        self.function = function
        self.settings = settings
        self.kind = kind
        self.interface: DocumentedInterface = interface or Interface(
            function, kind=self._word, pickles=settings.pickle_untyped
        )
        self.module = module_of(function)
        update_wrapper(cast("Callable[..., object]", self), function)

    @property
    def _word(self) -> str:
        return "dynamic task" if self.kind.makes_graph else "eager task" if self.is_eager else "task"

    @property
    def task_function(self) -> Callable[P, R_co]:
        """The function, by flytekit's name."""
        return self.function

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

    @property
    def is_eager(self) -> bool:
        """True if calls in the function are runs of their own."""
        return isinstance(self.kind, EagerKind)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        at = caller()
        graph = open_graph()
        values = self.interface.bind(args, kwargs, at=at)
        if graph is not None:
            from alula.sdk.authoring.binding import check_inputs  # lazy: protobuf is for compiling

            check_inputs(self.interface, values, at=at)
            return cast("R_co", graph.add(self, values, at=at))
        if self.kind.makes_graph or self.is_eager or calling.in_eager_task():
            return cast("R_co", calling.run(self, values, is_async=self.is_async))
        from alula.sdk.authoring.binding import converted  # lazy: protobuf is for values

        return cast("R_co", self.kind.execute(self, converted(self.interface, values, at=at)))

    async def aio(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """The call in a form to be awaited, for eager tasks: `await train.aio(...)`. An `async def` needs none."""
        return await calling.awaited(self, *args, **kwargs)

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


lacks_members(
    Task,
    {
        **{
            name: f"take `settings.{name}`"
            for name in ("docs", "environment", "container_image", "enable_deck", "node_dependency_hints")
        },
        "disable_deck": "take `settings.enable_deck`",
        "deck_fields": "say what a deck shows by a `Deck` in the task",
        "metadata": "take `settings`",
        "resources": "take `settings.requests` and `settings.limits`",
        "security_context": "take `settings.secret_requests`",
        "task_config": "take `kind`, which it has selected",
        "task_type": "take `kind.type`",
        "task_type_version": "leave it out: types of tasks have no versions",
        "ExecutionBehavior": "take `kind`",
    },
)


class MakesTask(Protocol):
    """A decorator that makes a task of a function; one without outputs gives type checkers a step to be ordered."""

    @overload
    def __call__(self, function: Callable[P, Never], /) -> Task[P, Any]: ...  # what may return anything, too

    @overload
    def __call__(self, function: Callable[P, None], /) -> Task[P, Done]: ...

    @overload
    def __call__(self, function: Callable[P, R_co], /) -> Task[P, R_co]: ...


@overload
def task(function: Callable[P, Never], /) -> Task[P, Any]: ...


@overload
def task(function: Callable[P, None], /) -> Task[P, Done]: ...


@overload
def task(function: Callable[P, R_co], /) -> Task[P, R_co]: ...


@overload
def task(*, task_config: object = None, **options: Unpack[TaskOptions]) -> MakesTask: ...


def task(
    function: Callable[P, R_co] | None = None, /, *, task_config: object = None, **options: Unpack[TaskOptions]
) -> Task[P, Any] | MakesTask:  # Any: what the overloads say
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
        accelerator: the model of GPU or TPU, as `alula.extras.accelerators` names them.
        shared_memory: memory that its processes share at `/dev/shm`: True, or an amount.
        environment: variables for the process.
        container_image: image to run in, where images are used; an `ImageSpec` says what is in it.
        pod_template: the Kubernetes pod to run in, where there are pods.
        pod_template_name: the same, by the name under which the cluster has it.
        labels: labels of that pod.
        annotations: annotations of that pod.
        interruptible: whether it may run on machines that can go away; None leaves it to the workflow.
        enable_deck: publish `Deck`s of this task.
        disable_deck: the opposite.
        fork: whether an attempt may be a fork of a process that has imported the module; False for one that must import
            it itself.
        docs: a description, when the docstring should not be it; a text or a `Documentation`.
        deprecated: a message; the task is marked as deprecated.
        secret_requests: secrets that the task needs.
        pickle_untyped: pickle inputs and outputs whose types have no form on the wire, instead of refusing them.
        task_config: selects by its class the kind of task, which a package may bring: what runs it, and how.

    Raises `InvalidInput` for a parameter without a type and for settings that can't be.
    """
    at = caller()
    settings = task_settings(options, "`@task`", at=at)
    kind = kind_of(task_config, at=at)

    def declare(function: Callable[P, R_co]) -> Task[P, R_co]:
        made = Task(function, settings, kind)
        check_ignored(made, at=at)
        return made

    return cast("MakesTask", declare) if function is None else declare(function)


def check_ignored(task: Task[..., object], *, at: Location) -> None:
    """Raise `InvalidInput` if the cache ignores an input that the task does not have."""
    for name in task.settings.cache.ignored() if task.settings.cache is not None else ():
        if name not in task.interface.defaults:
            why = f"the cache of task `{task.interface.name}` ignores `{name}`, which is not an input"
            raise mistake("UnknownArgument", why, at=at)


def run_function(task: Task[..., object], inputs: Mapping[str, object]) -> object:
    """Call the function as its kind does, with values that are converted already; an `async` one runs in a new event
    loop."""
    if not task.is_async:
        return task.kind.execute(task, inputs)
    from alula.sdk.task_context.coroutines import run  # lazy: only async tasks need an event loop

    return run(lambda: cast("Coroutine[object, object, object]", task.kind.execute(task, inputs)))
