"""Checks of the values of a call against the types of the parameters, with errors that name the author's line."""

from __future__ import annotations

from collections.abc import Mapping

from flyteidl.core.types_pb2 import LiteralType

from alula.core.literals.casting import can_cast, fitting_variants
from alula.sdk.authoring.interface import InterfaceView
from alula.sdk.authoring.promise import Outputs, Promise, has_promise, node_of, promise_inside
from alula.sdk.authoring.promised import promised
from alula.sdk.mistake import Location, mistake
from alula.sdk.types.engine import wire_form
from alula.sdk.types.transformer import NO, Transformer, TypeMismatch, UnsupportedType, describe
from alula.sdk.types.unions import UnionTransformer, why_not


def check_types(interface: InterfaceView) -> None:
    """Raise `InvalidInput` for the first input or output whose type has no form on the wire."""
    for name in interface.inputs:
        input_form(interface, name)
    for name in interface.outputs:
        output_form(interface, name)


def input_form(interface: InterfaceView, name: str) -> tuple[Transformer, LiteralType]:
    """The conversions and Flyte's type of a parameter. Raises `InvalidInput`."""
    return _form(interface, f"parameter `{name}`", interface.inputs[name])


def output_form(interface: InterfaceView, name: str) -> tuple[Transformer, LiteralType]:
    """The conversions and Flyte's type of an output. Raises `InvalidInput`."""
    return _form(interface, f"output `{name}`", interface.outputs[name])


def _form(interface: InterfaceView, what: str, type_: object) -> tuple[Transformer, LiteralType]:
    try:
        return wire_form(type_)
    except UnsupportedType as error:
        raise mistake(
            "UnsupportedType",
            f"{what} of {interface.kind} `{interface.name}`: {error}",
            at=interface.location,
        ) from error


def check_inputs(interface: InterfaceView, values: Mapping[str, object], *, at: Location) -> None:
    """Check the constants of a call in a workflow; promises are for the compiler."""
    for name, value in values.items():
        transformer, _ = input_form(interface, name)
        if isinstance(value, Outputs):
            raise mistake(
                "WrongValue",
                f"input `{name}` of {interface.kind} `{interface.name}` gets {len(value)} outputs at once",
                at=at,
                fix="pass one of them" if len(value) else without_output(value),
            )
        if isinstance(value, Promise):
            _check_promise(interface, name, value, at=at)
        elif not has_promise(value):
            _check_constant(interface, name, transformer, value, at=at)


def _check_promise(interface: InterfaceView, name: str, promise: Promise, *, at: Location) -> None:
    """The compiler checks all types again; here the author's line is still known."""
    given = promised(promise)
    if given is None:
        return
    transformer, wanted = input_form(interface, name)
    if reason := why_not(transformer, given.transformer):
        raise _wrong_value(interface, name, transformer.shown, f"{given.shown}, {reason}", at)
    if not can_cast(given.literal_type, wanted):
        fits = _fitting(transformer, given.literal_type, wanted)
        which = f", which fits {' and '.join(fits)}" if len(fits) > 1 else ""
        expected = f"one variant of {transformer.shown}" if which else transformer.shown
        raise _wrong_value(interface, name, expected, f"{given.shown}{which}", at)


def _fitting(transformer: Transformer, given: LiteralType, wanted: LiteralType) -> list[str]:
    """The variants of a union that a type fits alike, as the author wrote them."""
    if not isinstance(transformer, UnionTransformer):
        return []
    types = fitting_variants(given, wanted)
    pairs = zip(transformer.variants, wanted.union_type.variants, strict=True)
    return [variant.shown for variant, type_ in pairs if type_ in types]


def _check_constant(
    interface: InterfaceView, name: str, transformer: Transformer, value: object, *, at: Location
) -> None:
    held = promise_inside(value)
    if held is not None:
        raise mistake(
            "PromiseUsedAsValue",
            f"input `{name}` of {interface.kind} `{interface.name}` is a {type(value).__name__} that holds {held!r},"
            " but a dataclass is made of values",
            at=at,
            fix=f"make the {type(value).__name__} in a task, which gets the values",
        )
    if transformer.fit(value) == NO:
        try:
            transformer.coerce(value)
        except TypeMismatch as error:
            raise _wrong_value(interface, name, *_parts(error), at) from error
        raise _wrong_value(interface, name, transformer.shown, describe(value), at)


def _parts(error: TypeMismatch) -> tuple[str, str]:
    return error.expected, str(error).removeprefix(f"expected {error.expected}, got ")


def without_output(outputs: Outputs) -> str:
    """The fix for a step that declares no output, although one is wanted."""
    node = node_of(outputs)
    step = f"{node.entity.interface.kind} `{node.entity.interface.name}`" if node is not None else "the step"
    return f"{step} declares no output: annotate what it returns (`-> int`), or order steps with `>>`"


def converted(interface: InterfaceView, values: Mapping[str, object], *, at: Location) -> dict[str, object]:
    """The values of a call as the function gets them."""
    ready: dict[str, object] = {}
    for name, value in values.items():
        transformer, _ = input_form(interface, name)
        if has_promise(value) or isinstance(value, Outputs):
            raise mistake(
                "PromiseUsedAsValue",
                f"input `{name}` of {interface.kind} `{interface.name}` is a promise,"
                " but no workflow is being declared",
                at=at,
            )
        try:
            ready[name] = transformer.coerce(value)
        except TypeMismatch as error:
            raise _wrong_value(interface, name, *_parts(error), at) from error
    return ready


def _wrong_value(interface: InterfaceView, name: str, expected: str, got: str, at: Location) -> Exception:
    return mistake(
        "WrongValue",
        f"input `{name}` of {interface.kind} `{interface.name}` expects {expected}, got {got}",
        at=at,
        fix=f"it was declared at {interface.location}",
    )
