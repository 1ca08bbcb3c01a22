"""The typed interface of a function: its parameters, outputs and documentation, in Python's own types.

Nothing here knows protobuf: a declaration checks what can be checked for nothing, annotations are
evaluated when they are first needed.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from functools import cached_property
from types import CodeType, NoneType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from alula.sdk.mistake import Location, location_of, mistake

if TYPE_CHECKING:
    from alula.sdk.authoring.docstrings import Docstring

_VARARGS, _VARKEYWORDS, _COROUTINE = 0x04, 0x08, 0x80


class Required:
    """The default of a parameter that has none."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = Required()


class Found:
    """A default that stands for a value which a platform finds when a run starts, as a query for an artifact does."""


class Interface:
    """Inputs and outputs of a task or workflow function.

    Raises `InvalidInput` at once for a parameter without annotation and for `*args` and `**kwargs`.
    """

    def __init__(self, function: Callable[..., object], *, kind: str, pickles: bool = False) -> None:
        """With `pickles`, types without a form on the wire are pickled."""
        self._function = _unwrapped(function)
        self._pickles = pickles
        self.kind = kind
        self.name: str = getattr(function, "__name__", repr(function))
        self.location: Location = location_of(self._function)
        self.defaults: dict[str, object] = self._parameters()

    def _parameters(self) -> dict[str, object]:
        code = getattr(self._function, "__code__", None)
        if not isinstance(code, CodeType):
            got = repr(typing.cast("object", self._function))
            raise mistake("NotAFunction", f"a {self.kind} must be made of a Python function, not {got}")
        if code.co_flags & (_VARARGS | _VARKEYWORDS):
            raise mistake(
                "UnsupportedParameter",
                f"{self.kind} `{self.name}` has `*args` or `**kwargs`, but its inputs must be known beforehand",
                at=self.location,
                fix="name each input, or take a `list` or `dict`",
            )
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        positional = names[: code.co_argcount]
        values: tuple[object, ...] = getattr(self._function, "__defaults__", None) or ()
        by_name = dict(zip(positional[len(positional) - len(values) :], values, strict=True))
        by_name.update(getattr(self._function, "__kwdefaults__", None) or {})
        annotations = getattr(self._function, "__annotations__", {})
        for name in names:
            if name not in annotations:
                raise mistake(
                    "MissingAnnotation",
                    f"parameter `{name}` of {self.kind} `{self.name}` has no type",
                    at=self.location,
                    fix=f"annotate it, for example `{name}: int`",
                )
        return {name: by_name.get(name, REQUIRED) for name in names}

    @cached_property
    def _hints(self) -> dict[str, object]:
        try:
            return typing.get_type_hints(self._function, include_extras=True)
        except (NameError, AttributeError, TypeError, SyntaxError) as error:
            raise mistake(
                "UnresolvableAnnotation",
                f"the annotations of {self.kind} `{self.name}` can't be evaluated: {error}",
                at=self.location,
                fix="import the types at the top of the module, outside `if TYPE_CHECKING`",
            ) from error

    @property
    def inputs(self) -> dict[str, object]:
        """The type of each parameter, in order."""
        return self._inputs

    @cached_property
    def _inputs(self) -> dict[str, object]:
        return {name: self._form(self._hints[name]) for name in self.defaults}

    def _form(self, type_: object) -> object:
        if not self._pickles:
            return type_
        from alula.sdk.types.untyped import pickled_if_untyped  # lazy: only where the author says so

        return pickled_if_untyped(type_)

    @cached_property
    def _returned(self) -> object:
        return self._hints.get("return", NoneType)

    @property
    def output_tuple(self) -> type[tuple[object, ...]] | None:
        """The NamedTuple class that names the outputs, if there is one."""
        return self._output_tuple

    @cached_property
    def _output_tuple(self) -> type[tuple[object, ...]] | None:
        returned = self._returned
        if isinstance(returned, type) and issubclass(returned, tuple):
            class_ = typing.cast("type[tuple[object, ...]]", returned)
            return class_ if hasattr(class_, "_fields") else None
        return None

    @property
    def returns_tuple(self) -> bool:
        """True if the function's value is a tuple of outputs, not one output."""
        return self.output_tuple is not None or typing.get_origin(self._returned) is tuple or self._is_bare_tuple

    @property
    def _is_bare_tuple(self) -> bool:
        """True for `-> (int, str)`, which flytekit takes for `-> tuple[int, str]`."""
        return isinstance(self._returned, tuple)

    @property
    def outputs(self) -> dict[str, object]:
        """The type of each output: `o0`, `o1`, ... unless a NamedTuple names them."""
        return self._outputs

    @cached_property
    def _outputs(self) -> dict[str, object]:
        named = self.output_tuple
        if named is not None:
            try:
                hints: dict[str, object] = typing.get_type_hints(named, include_extras=True)
            except NameError as error:
                raise mistake(
                    "UnresolvableAnnotation",
                    f"the fields of `{named.__name__}` can't be evaluated: {error}",
                    at=self.location,
                ) from error
            fields: tuple[str, ...] = getattr(named, "_fields", ())
            return {field: self._form(hints[field]) for field in fields}
        returned = self._returned
        if returned is NoneType or returned is None:
            return {}
        if typing.get_origin(returned) is tuple or self._is_bare_tuple:
            types = typing.cast("tuple[object, ...]", returned if self._is_bare_tuple else typing.get_args(returned))
            if Ellipsis in types or not types:
                raise mistake(
                    "UnsupportedType",
                    f"{self.kind} `{self.name}` returns a tuple of unknown length",
                    at=self.location,
                    fix="use `list[T]`, or `tuple[A, B]` for several outputs",
                )
            return {f"o{index}": self._form(each) for index, each in enumerate(types)}
        if returned is tuple:
            raise mistake(
                "UnsupportedType",
                f"{self.kind} `{self.name}` returns a `tuple` without the types of its items",
                at=self.location,
                fix="write `tuple[A, B]`, or a NamedTuple to name the outputs",
            )
        return {"o0": self._form(returned)}

    @property
    def docstring(self) -> Docstring:
        """The parts of the function's docstring."""
        return self._docstring

    @cached_property
    def _docstring(self) -> Docstring:
        from alula.sdk.authoring.docstrings import parse  # lazy: only registering and help texts need it

        return parse(self._function.__doc__)

    def describe_input(self, name: str) -> str:
        """The docstring's description of a parameter; the name if there is none."""
        return self.docstring.parameters.get(name) or name

    def describe_output(self, name: str) -> str:
        """The docstring's description of an output; the name if there is none."""
        if len(self.outputs) == 1 and self.docstring.returns:
            return self.docstring.returned.get(name) or self.docstring.returns
        return self.docstring.returned.get(name) or name

    def bind(self, args: tuple[object, ...], kwargs: Mapping[str, object], *, at: Location) -> dict[str, object]:
        """The value for each parameter of a call, defaults filled in, in the order of the parameters."""
        return bind_arguments(self, args, kwargs, at=at)


class DerivedInterface(NamedTuple):
    """The interface of an entity that is made of another: of a map task, of a launch plan."""

    kind: str
    name: str
    location: Location
    defaults: dict[str, object]
    inputs: dict[str, object]
    outputs: dict[str, object]
    output_tuple: type[tuple[object, ...]] | None
    source: DocumentedInterface

    @property
    def returns_tuple(self) -> bool:
        """True if there are several outputs."""
        return len(self.outputs) > 1

    @property
    def docstring(self) -> Docstring:
        return self.source.docstring

    def describe_input(self, name: str) -> str:
        return self.source.describe_input(name)

    def describe_output(self, name: str) -> str:
        return self.source.describe_output(name)

    def bind(self, args: tuple[object, ...], kwargs: Mapping[str, object], *, at: Location) -> dict[str, object]:
        """The value for each parameter of a call, defaults filled in, in the order of the parameters."""
        return bind_arguments(self, args, kwargs, at=at)


class DeclaredInterface:
    """The interface of an entity that is no function: inputs and outputs by name, in order."""

    output_tuple: type[tuple[object, ...]] | None = None

    def __init__(
        self,
        kind: str,
        name: str,
        location: Location,
        inputs: Mapping[str, object] | None = None,
        outputs: Mapping[str, object] | None = None,
    ) -> None:
        self.kind = kind
        self.name = name
        self.location = location
        self.inputs = dict(inputs or {})
        self.outputs = dict(outputs or {})

    @property
    def defaults(self) -> dict[str, object]:
        """Every input is required."""
        return dict.fromkeys(self.inputs, REQUIRED)

    @property
    def returns_tuple(self) -> bool:
        """True if there are several outputs."""
        return len(self.outputs) > 1

    @property
    def docstring(self) -> Docstring:
        """There is none."""
        from alula.sdk.authoring.docstrings import parse  # lazy: only registering and help texts need it

        return parse(None)

    def describe_input(self, name: str) -> str:
        return name

    def describe_output(self, name: str) -> str:
        return name

    def bind(self, args: tuple[object, ...], kwargs: Mapping[str, object], *, at: Location) -> dict[str, object]:
        """The value for each input of a call, in order."""
        return bind_arguments(self, args, kwargs, at=at)


class StepInterface(NamedTuple):
    """The interface of a step that runs no code of the author's: a branch, a gate. Every input is required."""

    kind: str
    name: str
    location: Location
    inputs: dict[str, object]
    outputs: dict[str, object]

    @property
    def defaults(self) -> dict[str, object]:
        return dict.fromkeys(self.inputs, REQUIRED)

    @property
    def output_tuple(self) -> type[tuple[object, ...]] | None:
        return None

    def describe_input(self, name: str) -> str:
        return name

    def describe_output(self, name: str) -> str:
        return name

    def bind(self, args: tuple[object, ...], kwargs: Mapping[str, object], *, at: Location) -> dict[str, object]:
        """The value for each parameter of a call, in the order of the parameters."""
        return bind_arguments(self, args, kwargs, at=at)


class InterfaceView(Protocol):
    """The part that all interfaces share."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def location(self) -> Location: ...
    @property
    def defaults(self) -> dict[str, object]: ...
    @property
    def inputs(self) -> dict[str, object]: ...
    @property
    def outputs(self) -> dict[str, object]: ...
    @property
    def output_tuple(self) -> type[tuple[object, ...]] | None: ...

    def describe_input(self, name: str) -> str: ...

    def describe_output(self, name: str) -> str: ...

    def bind(self, args: tuple[object, ...], kwargs: Mapping[str, object], *, at: Location) -> dict[str, object]: ...


class DocumentedInterface(InterfaceView, Protocol):
    """The interface of an entity that runs by itself."""

    @property
    def returns_tuple(self) -> bool: ...
    @property
    def docstring(self) -> Docstring: ...


def bind_arguments(
    interface: InterfaceView, args: tuple[object, ...], kwargs: Mapping[str, object], *, at: Location
) -> dict[str, object]:
    """Match the arguments of a call with parameters. Raises `InvalidInput` naming the one that does not match."""
    names = list(interface.defaults)
    entity = f"{interface.kind} `{interface.name}`"
    if len(args) > len(names):
        raise mistake(
            "TooManyArguments",
            f"{entity} takes {len(names)} inputs, {len(args)} were given",
            at=at,
            fix=f"its inputs are {_listing(names)}",
        )
    given = dict(zip(names, args, strict=False))
    for name, value in kwargs.items():
        if name not in interface.defaults:
            raise mistake(
                "UnknownArgument",
                f"{entity} has no input `{name}`",
                at=at,
                fix=f"its inputs are {_listing(names)}",
            )
        if name in given:
            raise mistake("RepeatedArgument", f"input `{name}` of {entity} is given twice", at=at)
        given[name] = value
    missing = [name for name, default in interface.defaults.items() if default is REQUIRED and name not in given]
    if missing:
        raise mistake(
            "MissingArgument",
            f"{entity} is called without {_listing(missing)}",
            at=at,
            fix=f"it was declared at {interface.location}",
        )
    values = {name: given.get(name, default) for name, default in interface.defaults.items()}
    refuse_found(values, entity, at=at)
    return values


def refuse_found(values: Mapping[str, object], entity: str, *, at: Location | None = None) -> None:
    """Raise `InvalidInput` for an input whose value a platform with artifacts would have to find."""
    for name, value in values.items():
        if isinstance(value, Found):
            raise mistake(
                "NoArtifacts",
                f"input `{name}` of {entity} is {value!r}, and nothing here keeps artifacts",
                at=at,
                fix=f"give a value for `{name}`, or start runs by `OnRunEnd` of the workflow that makes it",
            )


def refuse_positional(args: tuple[object, ...], interface: InterfaceView, *, at: Location) -> None:
    """Raise `InvalidInput` for arguments without names in the call of an entity that takes its inputs by name."""
    if args:
        example = next(iter(interface.inputs), "name")
        raise mistake(
            "TooManyArguments",
            f"{interface.kind} `{interface.name}` takes its inputs by name, {len(args)} came without one",
            at=at,
            fix=f"write `{example}=...`",
        )


def is_async(function: Callable[..., object]) -> bool:
    """True if a function is an `async def`."""
    code = getattr(_unwrapped(function), "__code__", None)
    return isinstance(code, CodeType) and bool(code.co_flags & _COROUTINE)


def _unwrapped(function: Callable[..., object]) -> Callable[..., object]:
    while True:
        inner = getattr(function, "__wrapped__", None)
        if inner is None:
            return function
        function = inner


def _listing(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) if names else "none"
