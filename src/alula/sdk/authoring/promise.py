"""Nodes and the promises of their outputs, as the body of a workflow sees them.

A node keeps Python values and promises; nothing here knows protobuf.
"""

from __future__ import annotations

import typing
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, Never, NoReturn, Protocol, Self, TypeVar, Unpack

from alula.sdk.authoring.expressions import Comparison, Conjunction
from alula.sdk.authoring.interface import InterfaceView
from alula.sdk.authoring.overrides import Overrides, OverrideValues, overrides_of, refuse_unnamed
from alula.sdk.authoring.unresolved import Unresolved
from alula.sdk.mistake import Location, caller, mistake

if TYPE_CHECKING:
    from alula.core.errors import InvalidInput

Attribute = str | int
S = TypeVar("S")


class Entity(Protocol):
    """The content of a node: a task, a workflow, a launch plan, a map task, a branch or a gate."""

    @property
    def name(self) -> str: ...

    @property
    def interface(self) -> InterfaceView: ...


class Body(Protocol):
    """The graph that a node is part of, as `graph.Graph` is one."""

    @property
    def owner(self) -> str:
        """The name of what is being declared, for errors."""
        ...

    @property
    def outer(self) -> Body | None:
        """The graph around the cases of a conditional."""
        ...

    def check_reach(self, node: Node, *, at: Location) -> None:
        """Raise `InvalidInput` if steps of this graph can't wait for `node`."""
        ...


class Node:
    """One step of a workflow that is being declared."""

    __slots__ = ("at", "entity", "graph", "id", "inputs", "overrides", "upstream")

    def __init__(self, id: str, entity: Entity, inputs: dict[str, object], at: Location, *, graph: Body) -> None:
        self.id = id
        self.graph = graph
        self.entity = entity
        self.inputs = inputs
        """By input name: a value, a promise, or lists and dicts of these."""
        self.at = at
        self.upstream: list[Node] = []
        """Nodes to wait for that give no value to this one."""
        self.overrides = Overrides()

    @property
    def outputs(self) -> dict[str, Promise]:
        """The promises of its outputs, by name."""
        return {name: Promise(self, name, type_=type_) for name, type_ in self.entity.interface.outputs.items()}

    def __getattr__(self, name: str) -> Promise:
        """The promise of an output: `node.o0`."""
        if name.startswith("__"):
            raise AttributeError(name)
        outputs = self.outputs
        if name not in outputs:
            raise unknown_output(self, name)
        return outputs[name]

    def runs_before(self, other: object) -> None:
        """Run the other step after this one, as `>>` does."""
        _ = self >> other

    def with_overrides(self, *unnamed: Never, **changes: Unpack[OverrideValues]) -> Self:
        """Run this step with other settings than its task's."""
        refuse_unnamed(unnamed, at=caller())
        for name, value in changes.items():
            if has_promise(value):
                raise mistake("PromiseUsedAsValue", f"`{name}` of with_overrides must be a constant", at=caller())
        self.overrides = overrides_of(self.overrides, changes, at=caller())
        if self.overrides.node_name is not None:
            self.id = self.overrides.node_name
        return self

    def __rshift__(self, other: S) -> S:
        """Run the other step after this one."""
        target = node_of(other)
        if target is None:
            raise mistake(
                "WrongOrder",
                f"the right side of `>>` is {other!r}, expected what a task or workflow call returned",
                at=caller(),
            )
        target.graph.check_reach(self, at=caller())
        if not any(node is self for node in target.upstream):
            target.upstream.append(self)
        return other


class Promise(Unresolved):
    """A value that a node will give: to be passed on, or picked apart with `.name` and `[index]`.

    It has no value while the workflow is declared, so using it as one raises `InvalidInput`.
    """

    __slots__ = ("_node", "_path", "_type", "_var")
    _node: Node | None
    _var: str
    _type: object
    _path: tuple[Attribute, ...]

    def __init__(self, node: Node | None, var: str, *, type_: object, path: tuple[Attribute, ...] = ()) -> None:
        fields = (("_node", node), ("_var", var), ("_type", type_), ("_path", path))
        for name, value in fields:
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Promise:
        if name.startswith("__"):
            raise AttributeError(name)
        return Promise(self._node, self._var, type_=_type_inside(self._type, name), path=(*self._path, name))

    def __getitem__(self, key: Attribute) -> Promise:
        if isinstance(key, bool) or not isinstance(key, (int, str)):
            raise mistake(
                "WrongIndex",
                f"{self!r} is indexed with {key!r}, expected a constant `int` or `str`",
                at=caller(),
                fix="pick the item in a task or a `@dynamic` workflow",
            )
        return Promise(self._node, self._var, type_=_type_inside(self._type, key), path=(*self._path, key))

    def with_overrides(self, *unnamed: Never, **changes: Unpack[OverrideValues]) -> Self:
        """Run the step that gives this value with other settings than its task's."""
        if self._node is None:
            raise mistake("NotANode", f"{self!r} is an input of the workflow, not a step", at=caller())
        self._node.with_overrides(*unnamed, **changes)
        return self

    def __rshift__(self, other: S) -> S:
        """Run the other step after the one that gives this value."""
        if self._node is None:
            raise mistake("NotANode", f"{self!r} is an input of the workflow, not a step", at=caller())
        return self._node >> other

    def __await__(self) -> Generator[None, None, Promise]:
        """In an `async def` workflow a step may be awaited: that is the promise itself."""
        yield from ()
        return self

    def __repr__(self) -> str:
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self._path)
        source = f"input `{self._var}{path}`" if self._node is None else f"`{self._node.id}.{self._var}{path}`"
        return f"<promise of {source}>"

    def is_true(self) -> Comparison:
        """The condition that this truth value is true. (For type checkers, pass the value itself to `if_`.)"""
        return Comparison(self, "==", True)

    def is_false(self) -> Comparison:
        """The condition that this truth value is false."""
        return Comparison(self, "==", False)

    def is_none(self) -> Comparison:
        """The condition that this optional value is not there."""
        return Comparison(self, "==", None)

    def __eq__(self, other: object) -> Comparison:  # type: ignore[override]  # a condition, not an answer
        return Comparison(self, "==", other)

    def __ne__(self, other: object) -> Comparison:  # type: ignore[override]  # as above
        return Comparison(self, "!=", other)

    def __lt__(self, other: object) -> Comparison:
        return Comparison(self, "<", other)

    def __le__(self, other: object) -> Comparison:
        return Comparison(self, "<=", other)

    def __gt__(self, other: object) -> Comparison:
        return Comparison(self, ">", other)

    def __ge__(self, other: object) -> Comparison:
        return Comparison(self, ">=", other)

    def __and__(self, other: object) -> Conjunction:
        return Conjunction(self, "&", other)

    def __or__(self, other: object) -> Conjunction:
        return Conjunction(self, "|", other)

    def __rand__(self, other: object) -> Conjunction:
        return Conjunction(other, "&", self)

    def __ror__(self, other: object) -> Conjunction:
        return Conjunction(other, "|", self)

    __hash__ = object.__hash__


class Outputs(tuple[Promise, ...], Unresolved):
    """The promises of a node with several outputs or none: a tuple, with names when the outputs have them."""

    _node: Node
    _names: tuple[str, ...]

    @classmethod
    def of(cls, node: Node, types: Mapping[str, object]) -> Outputs:
        """All outputs of a node, in order."""
        outputs = cls(Promise(node, name, type_=type_) for name, type_ in types.items())
        vars(outputs).update(_node=node, _names=tuple(types))
        return outputs

    def __getattr__(self, name: str) -> Promise:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._names:
            return self[self._names.index(name)]
        raise unknown_output(self._node, name)

    def with_overrides(self, *unnamed: Never, **changes: Unpack[OverrideValues]) -> Self:
        """Run this step with other settings than its task's."""
        self._node.with_overrides(*unnamed, **changes)
        return self

    def __rshift__(self, other: S) -> S:
        """Run the other step after this one."""
        return self._node >> other

    def __await__(self) -> Generator[None, None, Outputs]:
        yield from ()
        return self

    def __eq__(self, other: object) -> NoReturn:  # as a tuple it would answer, mostly False
        self._refuse("compared")

    __lt__ = __le__ = __gt__ = __ge__ = __ne__ = __eq__  # type: ignore[assignment]

    def __hash__(self) -> int:
        return id(self)


class Done(Protocol):
    """The call of an entity without outputs to type checkers: a step to be ordered, and no value."""

    def with_overrides(self, *unnamed: Never, **changes: Unpack[OverrideValues]) -> Self:
        """Run this step with other settings than its task's."""
        ...

    def __rshift__(self, other: S, /) -> S:
        """Run the other step after this one."""
        ...

    def __rrshift__(self, other: object, /) -> Self:
        """Run this step after the one that gives the other value."""
        ...


def unknown_output(node: Node, name: str) -> InvalidInput:
    """The error for an output that a step does not have."""
    names = ", ".join(f"`{each}`" for each in node.entity.interface.outputs) or "none"
    why = f"`{node.entity.name}` has no output `{name}`"
    return mistake("UnknownOutput", why, at=caller(), fix=f"its outputs are {names}")


def node_of(outcome: object) -> Node | None:
    """The node behind what a call in a workflow returned."""
    if isinstance(outcome, Node):
        return outcome
    if isinstance(outcome, (Promise, Outputs)):
        return outcome._node  # pyright: ignore[reportPrivateUsage]  # public names of a promise are its attributes
    return None


class Reference(NamedTuple):
    """The source of a promise's value: an output of a node, or with None an input of the workflow."""

    node: Node | None
    var: str
    path: tuple[Attribute, ...]
    type: object


def reference_of(promise: Promise) -> Reference:
    """The parts of a promise; they aren't attributes because those select fields of its value."""
    return Reference(promise._node, promise._var, promise._path, promise._type)  # pyright: ignore[reportPrivateUsage]


def has_promise(value: object) -> bool:
    """True if a bound value is a promise or holds one."""
    return next(promises_in(value), None) is not None


def promises_in(value: object) -> Iterator[Promise]:
    """The promises of a bound value, in order: itself, or those in lists and dicts."""
    if isinstance(value, Promise):
        yield value
        return
    if isinstance(value, dict):
        value = list(typing.cast("dict[object, object]", value).values())
    if isinstance(value, (list, tuple)):
        for item in typing.cast("list[object]", value):
            yield from promises_in(item)


def promise_inside(value: object) -> Promise | None:
    """The first promise in the fields of a dataclass, where it can't be kept."""
    fields: object = getattr(type(value), "__dataclass_fields__", None)
    if not isinstance(fields, dict):
        return None
    held = [getattr(value, name, None) for name in typing.cast("dict[str, object]", fields)]
    deeper = (each for each in map(promise_inside, held) if each is not None)
    return next(promises_in(held), next(deeper, None))


def _type_inside(type_: object, key: Attribute) -> object:
    """The type of an attribute or item, None where it isn't known.

    Raises `InvalidInput` for a field that a dataclass or model does not have.
    """
    arguments = typing.get_args(type_)
    origin = typing.get_origin(type_)
    if origin is typing.Annotated:
        return _type_inside(arguments[0], key)
    if origin is list and isinstance(key, int):
        return arguments[0]
    if origin is dict and len(arguments) == 2:
        return arguments[1]
    fields: object = getattr(type_, "__dataclass_fields__", None) or getattr(type_, "model_fields", None)
    if isinstance(type_, type) and isinstance(fields, dict):
        if key not in fields:
            names = ", ".join(f"`{name}`" for name in typing.cast("dict[str, object]", fields))
            raise mistake(
                "UnknownField",
                f"`{type_.__name__}` has no field `{key}`",
                at=caller(),
                fix=f"its fields are {names}",
            )
        try:
            return typing.get_type_hints(type_, include_extras=True).get(str(key))
        except NameError:
            return None
    return None
