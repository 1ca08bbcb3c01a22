"""`map_task`: a task, workflow or launch plan for each item of lists. The platform runs it as an array node."""

from __future__ import annotations

import functools
import typing
from collections.abc import Mapping
from types import GenericAlias
from typing import Any, Generic, TypeAlias, TypeVar, cast, overload

from alula.sdk import calling
from alula.sdk.absent_members import lacks_members
from alula.sdk.authoring.flytekit_members import Entity
from alula.sdk.authoring.graph import Graph, open_graph
from alula.sdk.authoring.interface import REQUIRED, DerivedInterface, DocumentedInterface, refuse_positional
from alula.sdk.authoring.launch_plan import LaunchPlan
from alula.sdk.authoring.naming import importable
from alula.sdk.authoring.overrides import Overrides, OverrideValues, overrides_of
from alula.sdk.authoring.reference import Reference
from alula.sdk.authoring.settings import check_flags
from alula.sdk.authoring.task import Task, run_function
from alula.sdk.authoring.task_metadata import TaskMetadata
from alula.sdk.authoring.workflow import Workflow
from alula.sdk.mistake import Location, caller, calling_module, mistake, refuse_unknown

R_co = TypeVar("R_co", covariant=True)
Target: TypeAlias = Task[..., R_co] | Workflow[..., R_co] | Reference[..., R_co] | LaunchPlan


class MapTask(Entity, Generic[R_co]):
    """A task, workflow or launch plan over lists: each unbound input is a list, and so is the output."""

    def __init__(
        self,
        target: Target[R_co],
        bound: Mapping[str, object],
        *,
        concurrency: int | None,
        min_successes: int | None,
        min_success_ratio: float | None,
        run_all_sub_nodes: bool,
        metadata: TaskMetadata | None,
        module: str,
        at: Location,
    ) -> None:
        self.target = target
        self.bound = dict(bound)
        """Values of the inputs that are the same for every item, by name."""
        self.concurrency = concurrency
        self.min_successes = min_successes
        self.min_success_ratio = min_success_ratio
        self.run_all_sub_nodes = run_all_sub_nodes
        self.metadata = metadata
        self.module = module
        """The module that made it."""
        self.location = at

    @property
    def task(self) -> Task[..., R_co]:
        """The task of each item, of a map over a task."""
        assert isinstance(self.target, Task), f"{self!r} is not over a task"
        return self.target

    @property
    def allows_failures(self) -> bool:
        """True if the output is a list of optional values: with a ratio of successes, as flytekit has it."""
        return self.min_success_ratio not in (None, 1.0)

    @property
    def name(self) -> str:
        """The name of the array's task on the platform; another set of bound inputs is another task. Of a workflow or
        launch plan its own."""
        if not isinstance(self.target, Task):
            return self.target.name
        import hashlib  # lazy: only registering and running ask

        bound = ",".join(sorted(self.bound))
        digest = hashlib.md5(f"{bound}|{self.allows_failures}".encode(), usedforsecurity=False).hexdigest()
        return f"{self.target.module}.map_{self.target.interface.name}_{digest}-arraynode"

    @property
    def interface(self) -> DerivedInterface:
        """Inputs and outputs as lists."""
        return self._interface

    @functools.cached_property
    def _interface(self) -> DerivedInterface:
        inner = self.target.interface
        outputs = inner.outputs
        if len(outputs) > 1:
            raise mistake(
                "UnsupportedMapTarget",
                f"{inner.kind} `{inner.name}` has {len(outputs)} outputs, what is mapped may have one",
                at=self.location,
                fix="return one dataclass",
            )
        each = {name: _optional(type_) if self.allows_failures else type_ for name, type_ in outputs.items()}
        return DerivedInterface(
            kind=f"map {inner.kind}" if isinstance(self.target, Task) else f"map over {inner.kind}",
            name=inner.name,
            location=inner.location,
            defaults={name: self.bound.get(name, REQUIRED) for name in inner.inputs},
            inputs={name: type_ if name in self.bound else _list_of(type_) for name, type_ in inner.inputs.items()},
            outputs={name: _list_of(type_) for name, type_ in each.items()},
            output_tuple=None,
            source=self._source,
        )

    @property
    def _source(self) -> DocumentedInterface:
        return (self.target.workflow if isinstance(self.target, LaunchPlan) else self.target).interface

    def __call__(self, *args: object, **kwargs: object) -> list[R_co]:
        at = caller()
        kwargs = {**self._by_name(args, kwargs, at=at)}
        graph = open_graph()
        for name in kwargs:
            if name in self.bound:
                raise mistake(
                    "RepeatedArgument",
                    f"input `{name}` of {self.interface.kind} `{self.interface.name}` is bound by `partial` already",
                    at=at,
                )
        if graph is not None:
            return self.step(graph, kwargs, at=at)
        values = self.interface.bind((), kwargs, at=at)
        if calling.in_eager_task():
            return cast("list[R_co]", calling.run(self, values, is_async=False))
        from alula.sdk.authoring.binding import converted  # lazy: protobuf is for values

        return cast("list[R_co]", self._each(converted(self.interface, values, at=at), at=at))

    async def aio(self, *args: object, **kwargs: object) -> list[R_co]:
        """The call in a form to be awaited, for eager tasks."""
        return await calling.awaited(self, *args, **kwargs)

    def _by_name(self, args: tuple[object, ...], kwargs: Mapping[str, object], *, at: Location) -> Mapping[str, object]:
        """The arguments of a call by their names; those without one are for the inputs that are not bound, in order."""
        names = [name for name in self.interface.inputs if name not in self.bound]
        if len(args) > len(names):
            refuse_positional(args, self.interface, at=at)
        given = dict(zip(names, args, strict=False))
        for name in given.keys() & kwargs.keys():
            what = f"input `{name}` of {self.interface.kind} `{self.interface.name}`"
            raise mistake("RepeatedArgument", f"{what} is given twice", at=at)
        return {**given, **kwargs}

    def step(self, graph: Graph, inputs: Mapping[str, object], *, at: Location) -> list[R_co]:
        """A new node of `graph`; gives the promise of its output."""
        from alula.sdk.authoring.binding import check_inputs  # lazy: protobuf is for values

        values = self.interface.bind((), inputs, at=at)
        check_inputs(self.interface, values, at=at)
        outcome = graph.add(self, values, at=at)
        if self.metadata is not None:
            outcome.with_overrides(**_overrides(self.metadata, at=at))
        return cast("list[R_co]", outcome)

    def _each(self, values: Mapping[str, object], *, at: Location) -> list[object]:
        lists = {name: cast("list[object]", value) for name, value in values.items() if name not in self.bound}
        lengths = {len(items) for items in lists.values()}
        if len(lengths) != 1:
            sizes = ", ".join(f"`{name}` {len(items)}" for name, items in lists.items())
            raise mistake(
                "UnequalLists",
                f"{self.interface.kind} `{self.interface.name}` needs lists of one length: {sizes}",
                at=at,
            )
        fixed = {name: value for name, value in values.items() if name in self.bound}
        return [
            self._one({**fixed, **{name: items[index] for name, items in lists.items()}})
            for index in range(lengths.pop())
        ]

    def _one(self, values: dict[str, object]) -> object:
        if isinstance(self.target, Task):
            return run_function(self.target, values)
        return cast("Any", self.target)(**values)

    def __repr__(self) -> str:
        return f"<map task of {self.target.name}>"


lacks_members(
    MapTask,
    {
        **dict.fromkeys(
            ("docs", "environment", "enable_deck", "disable_deck", "deck_fields", "security_context", "task_config"),
            "ask the `task` that is mapped",
        ),
        **dict.fromkeys(("task_type", "task_type_version"), "take `task.kind.type`"),
        "python_function_task": "take `task`",
        "bound_inputs": "take `bound`",
        "is_original_sub_node_interface": "take `allows_failures`",
    },
)


@overload
def map_task(
    target: LaunchPlan,
    *,
    concurrency: int | None = None,
    min_successes: int | None = None,
    min_success_ratio: float | None = None,
    run_all_sub_nodes: bool = False,
    metadata: TaskMetadata | None = None,
) -> MapTask[Any]: ...


@overload
def map_task(
    target: Task[..., R_co] | Workflow[..., R_co] | Reference[..., R_co] | functools.partial[R_co],
    *,
    concurrency: int | None = None,
    min_successes: int | None = None,
    min_success_ratio: None = None,
    run_all_sub_nodes: bool = False,
    metadata: TaskMetadata | None = None,
) -> MapTask[R_co]: ...


@overload
def map_task(
    target: Task[..., R_co] | Workflow[..., R_co] | Reference[..., R_co] | functools.partial[R_co],
    *,
    concurrency: int | None = None,
    min_successes: int | None = None,
    min_success_ratio: float,
    run_all_sub_nodes: bool = False,
    metadata: TaskMetadata | None = None,
) -> MapTask[R_co | None]: ...


def map_task(
    target: Target[R_co] | functools.partial[R_co],
    *,
    concurrency: int | None = None,
    min_successes: int | None = None,
    min_success_ratio: float | None = None,
    run_all_sub_nodes: bool = False,
    metadata: TaskMetadata | None = None,
    **unknown: object,
) -> MapTask[R_co] | MapTask[R_co | None]:
    """Run a task, a workflow or a launch plan for each item of its list inputs.

    The items of a workflow run inside this execution, each item of a launch plan is an execution of its own.

    ```python
    scores = map_task(functools.partial(train, data=d), concurrency=4)(depth=[1, 2, 3])
    ```

    Args:
        target: what to run, with at most one output; `functools.partial` binds inputs that are the same for all items.
        concurrency: items at once; None leaves it to the platform, 0 is no limit.
        min_successes: so many successes are enough. The output is `list[T]` all the same, as in flytekit: what reads a
            list with failed items fails, unless it takes `list[T | None]`.
        min_success_ratio: the same as a part of all, from 0 to 1; the output is `list[T | None]`.
        run_all_sub_nodes: run every item to its end, also when too many have failed already.
        metadata: settings of the items in which they differ from those of the task, as `with_overrides` takes them.
    """
    at = caller()
    refuse_unknown(unknown, "`map_task`", map_task.__kwdefaults__ or (), replaced=REPLACED, at=at)
    inner, bound = _unbound(target, at=at)
    _check_target(inner, bound, at=at)
    _check_limits(concurrency, min_successes, min_success_ratio, at=at)
    check_flags(at=at, run_all_sub_nodes=run_all_sub_nodes)
    if metadata is not None:
        _overrides(metadata, at=at)
    return MapTask(
        cast("Target[R_co]", inner),
        bound,
        concurrency=concurrency,
        min_successes=min_successes,
        min_success_ratio=float(min_success_ratio) if min_success_ratio is not None else None,
        run_all_sub_nodes=run_all_sub_nodes,
        metadata=metadata,
        module=importable(calling_module()),
        at=at,
    )


REPLACED = {"bound_inputs": "bind inputs by `functools.partial`", "bound_inputs_values": "bind by `functools.partial`"}
"""Settings of flytekit that do not exist here, and what to do instead."""


def _overrides(metadata: TaskMetadata, *, at: Location) -> OverrideValues:
    """The settings of a step that `metadata` has. Raises `InvalidInput` for one that only a task has."""
    changes = cast("OverrideValues", metadata.options())
    overrides_of(Overrides(), changes, at=at)
    return changes


def _unbound(target: object, *, at: Location) -> tuple[object, dict[str, object]]:
    """The mapped entity, and the inputs that `functools.partial` binds."""
    bound: dict[str, object] = {}
    inner: object = target
    while isinstance(inner, functools.partial):
        partial = cast("functools.partial[object]", inner)
        if partial.args:
            raise mistake("UnsupportedMapTarget", "bind the inputs of a mapped task by name", at=at)
        bound = {**partial.keywords, **bound}
        inner = partial.func
    return inner, bound


def _check_target(inner: object, bound: Mapping[str, object], *, at: Location) -> None:
    if not isinstance(inner, Task | Workflow | Reference | LaunchPlan):
        raise mistake(
            "UnsupportedMapTarget",
            f"map_task got {inner!r}, expected a task, workflow or launch plan, or a `functools.partial` of one",
            at=at,
        )
    target = cast("Target[object]", inner)
    if isinstance(target, Task) and target.kind.makes_graph:
        raise mistake(
            "UnsupportedMapTarget",
            f"map_task got {inner!r}, which makes a graph; items of a map task are tasks",
            at=at,
            fix="put it into a workflow and map over that",
        )
    what, defaults = f"{target.interface.kind} `{target.interface.name}`", target.interface.defaults
    for name in bound:
        if name not in defaults:
            listing = ", ".join(f"`{each}`" for each in defaults)
            raise mistake(
                "UnknownArgument", f"{what} has no input `{name}` to bind", at=at, fix=f"its inputs are {listing}"
            )
    if len(bound) == len(defaults):
        raise mistake("UnsupportedMapTarget", f"all inputs of {what} are bound, none is left to map", at=at)


def _check_limits(concurrency: object, min_successes: object, min_success_ratio: object, *, at: Location) -> None:
    for name, value in (("concurrency", concurrency), ("min_successes", min_successes)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
            raise mistake("InvalidMapSetting", f"`{name}` is {value!r}, expected a whole number from 0", at=at)
    if min_success_ratio is None:
        return
    if min_successes is not None:
        raise mistake("InvalidMapSetting", "give `min_successes` or `min_success_ratio`, not both", at=at)
    if isinstance(min_success_ratio, bool) or not isinstance(min_success_ratio, (int, float)):
        raise mistake("InvalidMapSetting", f"`min_success_ratio` is {min_success_ratio!r}, expected a number", at=at)
    if not 0 <= min_success_ratio <= 1:
        raise mistake("InvalidMapSetting", f"`min_success_ratio` is {min_success_ratio}, expected 0 to 1", at=at)


def _list_of(type_: object) -> object:
    return GenericAlias(list, (type_,))


def _optional(type_: object) -> object:
    return cast("object", typing.Union[type_, None])  # noqa: UP007  # pyright: ignore[reportInvalidTypeArguments, reportInvalidTypeForm]  # a type that is a value
