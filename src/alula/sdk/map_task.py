"""`map_task`: one task for each item of lists. The platform runs it as an array node."""

from __future__ import annotations

import functools
import typing
from collections.abc import Mapping
from types import GenericAlias
from typing import Generic, TypeVar, cast

from alula.sdk.graph import open_graph
from alula.sdk.interface import REQUIRED, DerivedInterface
from alula.sdk.mistake import Location, caller, mistake
from alula.sdk.task import Task, run_function

R_co = TypeVar("R_co", covariant=True)


class MapTask(Generic[R_co]):
    """A task over lists: each unbound input is a list, and so is the output."""

    def __init__(
        self,
        target: Task[..., R_co],
        bound: Mapping[str, object],
        *,
        concurrency: int | None,
        min_successes: int | None,
        min_success_ratio: float | None,
        at: Location,
    ) -> None:
        self.target = target
        self.bound = dict(bound)
        """Values of the inputs that are the same for every item, by name."""
        self.concurrency = concurrency
        self.min_successes = min_successes
        self.min_success_ratio = min_success_ratio
        self.location = at

    @property
    def allows_failures(self) -> bool:
        """Whether items may fail: the output is then a list of optional values."""
        return self.min_successes is not None or self.min_success_ratio not in (None, 1.0)

    @property
    def name(self) -> str:
        """The name of the array's task on the platform; another set of bound inputs is another task."""
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
                f"task `{inner.name}` has {len(outputs)} outputs, a mapped task may have one",
                at=self.location,
                fix="return one dataclass",
            )
        each = {name: _optional(type_) if self.allows_failures else type_ for name, type_ in outputs.items()}
        return DerivedInterface(
            kind="map task",
            name=inner.name,
            location=inner.location,
            defaults={name: self.bound.get(name, REQUIRED) for name in inner.inputs},
            inputs={name: type_ if name in self.bound else _list_of(type_) for name, type_ in inner.inputs.items()},
            outputs={name: _list_of(type_) for name, type_ in each.items()},
            output_tuple=None,
            source=inner,
        )

    def __call__(self, **kwargs: object) -> list[R_co]:
        at = caller()
        graph = open_graph()
        for name in kwargs:
            if name in self.bound:
                raise mistake(
                    "RepeatedArgument",
                    f"input `{name}` of map task `{self.target.interface.name}` is bound by `partial` already",
                    at=at,
                )
        values = self.interface.bind((), kwargs, at=at)
        from alula.sdk.binding import check_inputs, converted  # lazy: protobuf is for values

        if graph is not None:
            check_inputs(self.interface, values, at=at)
            return cast("list[R_co]", graph.add(self, values, at=at))
        return cast("list[R_co]", self._each(converted(self.interface, values, at=at), at=at))

    def _each(self, values: Mapping[str, object], *, at: Location) -> list[object]:
        lists = {name: cast("list[object]", value) for name, value in values.items() if name not in self.bound}
        lengths = {len(items) for items in lists.values()}
        if len(lengths) != 1:
            sizes = ", ".join(f"`{name}` {len(items)}" for name, items in lists.items())
            raise mistake(
                "UnequalLists",
                f"map task `{self.target.interface.name}` needs lists of one length: {sizes}",
                at=at,
            )
        fixed = {name: value for name, value in values.items() if name in self.bound}
        return [
            run_function(self.target, {**fixed, **{name: items[index] for name, items in lists.items()}})
            for index in range(lengths.pop())
        ]

    def __repr__(self) -> str:
        return f"<map task of {self.target.name}>"


def map_task(
    target: Task[..., R_co] | functools.partial[R_co],
    *,
    concurrency: int | None = None,
    min_successes: int | None = None,
    min_success_ratio: float | None = None,
) -> MapTask[R_co]:
    """Run a task for each item of its list inputs.

    ```python
    scores = map_task(functools.partial(train, data=d), concurrency=4)(depth=[1, 2, 3])
    ```

    Args:
        target: a task with at most one output; `functools.partial` binds inputs that are the same for all items.
        concurrency: items at once; None leaves it to the platform, 0 is no limit.
        min_successes: so many successes are enough; the values of failed items are None.
        min_success_ratio: the same as a part of all, from 0 to 1.
    """
    at = caller()
    bound: dict[str, object] = {}
    inner: object = target
    while isinstance(inner, functools.partial):
        partial = cast("functools.partial[object]", inner)
        if partial.args:
            raise mistake("UnsupportedMapTarget", "bind the inputs of a mapped task by name", at=at)
        bound = {**partial.keywords, **bound}
        inner = partial.func
    if not isinstance(inner, Task):
        raise mistake(
            "UnsupportedMapTarget",
            f"map_task got {inner!r}, expected a task or a `functools.partial` of one",
            at=at,
            fix="map over a task; over workflows, loop in a `dynamic`",
        )
    task = cast("Task[..., R_co]", inner)
    if task.settings.is_dynamic:
        raise mistake(
            "UnsupportedMapTarget",
            f"map_task got {inner!r}, which makes a graph; items of a map task are tasks",
            at=at,
            fix="loop over the items in a `dynamic`",
        )
    defaults = task.interface.defaults
    for name in bound:
        if name not in defaults:
            listing = ", ".join(f"`{each}`" for each in defaults)
            raise mistake(
                "UnknownArgument",
                f"task `{task.interface.name}` has no input `{name}` to bind",
                at=at,
                fix=f"its inputs are {listing}",
            )
    if len(bound) == len(defaults):
        raise mistake(
            "UnsupportedMapTarget", f"all inputs of task `{task.interface.name}` are bound, none is left to map", at=at
        )
    _check_limits(concurrency, min_successes, min_success_ratio, at=at)
    return MapTask(
        task,
        bound,
        concurrency=concurrency,
        min_successes=min_successes,
        min_success_ratio=float(min_success_ratio) if min_success_ratio is not None else None,
        at=at,
    )


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
