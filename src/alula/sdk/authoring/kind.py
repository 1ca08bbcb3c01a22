"""Kinds of tasks: how a task is written for a platform, and how its function runs. The contract, and Alula's own kinds.

A `task_config` given to `@task` selects a kind by its class. Other packages add kinds by `register_task_kind`, or by an
entry point of the group `alula.task_kinds` whose name is that of the class.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from alula.sdk.mistake import Location, mistake
from alula.sdk.plugins import Table

if TYPE_CHECKING:
    from flyteidl.core.tasks_pb2 import Container, K8sPod, Sql

    from alula.sdk.authoring.task_settings import TaskSettings

    Target: TypeAlias = Container | K8sPod | Sql | None
    """The container, pod or query for a platform to run; None if the custom part says it all."""


SETTINGS_VARIABLE = "ALULA_SERIALIZATION"
"""Environment variable by which dynamic and eager tasks know their own settings, to write what they call alike."""


class AnyTask(Protocol):
    """A task, as kinds see it."""

    @property
    def name(self) -> str: ...

    @property
    def function(self) -> Callable[..., Any]:  # Any: of any type
        ...

    @property
    def settings(self) -> TaskSettings: ...


class Writing(Protocol):
    """The facts that a kind may know when a task is written."""

    @property
    def image(self) -> str:
        """The image of tasks that name none."""
        ...

    @property
    def settings(self) -> str:
        """All that the specification depends on besides the code, as a text."""
        ...

    def container(self, variables: Mapping[str, str] | None = None) -> Container:
        """The container that runs the function of the task by `alula-execute`, with more variables."""
        ...


class TaskKind(Protocol):
    """The common part of tasks of one kind, with the `task_config` if the kind has one."""

    @property
    def type(self) -> str:
        """The type of the task on the wire, by which a platform chooses what runs it."""
        ...

    @property
    def makes_graph(self) -> bool:
        """True if calls in the function make steps that run after it, as in a `dynamic`."""
        ...

    def target(self, task: AnyTask, writing: Writing) -> Target:
        """The target for a platform to run."""
        ...

    def custom(self) -> Mapping[str, object]:
        """The part of the specification that only this type has; values of JSON."""
        ...

    def execute(self, task: AnyTask, values: Mapping[str, object]) -> object:
        """The result of the function on these inputs; of an `async def` the coroutine."""
        ...


class PythonKind:
    """A function that `alula-execute` runs in a container or process. Other kinds may inherit from it."""

    type = "python-task"
    makes_graph = False

    def target(self, task: AnyTask, writing: Writing) -> Target:
        return writing.container()

    def custom(self) -> Mapping[str, object]:
        return {}

    def execute(self, task: AnyTask, values: Mapping[str, object]) -> object:
        return task.function(**values)


class CallingKind(PythonKind):
    """A function that calls entities. Its process writes them for the platform as it was written itself."""

    def target(self, task: AnyTask, writing: Writing) -> Target:
        return writing.container({SETTINGS_VARIABLE: writing.settings})


class DynamicKind(CallingKind):
    """A function whose calls make a graph, which runs in its place."""

    makes_graph = True


class EagerKind(CallingKind):
    """A function whose calls are runs of their own, and give it their results."""

    def execute(self, task: AnyTask, values: Mapping[str, object]) -> object:
        return _with_hint(task.function(**values))


async def _with_hint(body: Coroutine[object, object, object]) -> object:
    """Run the body of an eager task; a result that it has awaited is an error that says what to await."""
    try:
        return await body
    except TypeError as error:
        if any(said in str(error) for said in ("can't be used in 'await'", "or an awaitable is required")):
            error.add_note("what is no `async def` gives its result when it is called; await it as `name.aio(...)`")
        raise


PYTHON: TaskKind = PythonKind()
DYNAMIC: TaskKind = DynamicKind()
EAGER: TaskKind = EagerKind()

Make: TypeAlias = Callable[[Any], TaskKind]  # Any: the config, of the class that it was registered for
KINDS: Table[Make] = Table("alula.task_kinds", "a kind of task")
_types: dict[str, object] = {PythonKind.type: PythonKind, "echo": None}
"""Makers of kinds, by type on the wire. The engine itself runs an `echo`."""


def register_task_kind(name: str, make: Make, *, subclasses: bool = True) -> None:
    """Let `make` give the kind of tasks with a `task_config` of the class `name`, before such a task is declared.

    Args:
        name: package and class, as `alula_spark.Spark`: the modules between them do not count.
        make: takes the config, gives a `TaskKind`; may be the class of the kind itself.
        subclasses: whether it also serves configs of classes that inherit from this one.

    Raises `InvalidInput` if the class has a kind already.
    """
    KINDS.register(name, make, subclasses=subclasses)


def kind_of(config: object, *, at: Location) -> TaskKind:
    """The kind that a `task_config` selects.

    Raises `InvalidInput` for a config of a class that has no kind, a package that does not import, and a kind whose
    type another has.
    """
    if config is None:
        return PYTHON
    make = KINDS.registered(type(config)) or KINDS.installed(type(config))
    if make is None:
        raise mistake(
            "UnknownTaskConfig",
            f"`task_config` is {config!r}, and no kind of task has configs of {type(config).__qualname__}",
            at=at,
            fix="install the package that brings the kind, or register it with `alula.register_task_kind`",
        )
    kind = make(config)
    if _types.setdefault(kind.type, make) is not make:
        raise mistake(
            "TaskTypeTaken",
            f"the kind of task for {type(config).__qualname__} has the type `{kind.type}`, which is taken",
            at=at,
            fix="give each kind a type of its own",
        )
    return kind
