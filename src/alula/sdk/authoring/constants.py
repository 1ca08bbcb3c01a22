"""Values that stand in the author's code (constants, defaults) as literals and bindings."""

from __future__ import annotations

from typing import cast

from flyteidl.core.literals_pb2 import (
    BindingData,
    BindingDataCollection,
    BindingDataMap,
    Literal,
)
from flyteidl.core.types_pb2 import OutputReference, PromiseAttribute

from alula.sdk.authoring.promise import Promise, has_promise, reference_of
from alula.sdk.authoring.promised import promised
from alula.sdk.mistake import Location, mistake
from alula.sdk.store import NO_STORE, Store
from alula.sdk.types.containers import ListTransformer, MapTransformer
from alula.sdk.types.transformer import Transformer, TypeMismatch
from alula.sdk.types.unions import UnionTransformer, why_not


def constant(transformer: Transformer, value: object, *, what: str, at: Location, store: Store = NO_STORE) -> Literal:
    """The literal of a value in the author's code. Raises `InvalidInput` naming it."""
    try:
        return transformer.to_literal(value, store)
    except TypeMismatch as error:
        raise mistake("WrongValue", f"{what}: {error}", at=at) from error
    except OSError as error:
        raise mistake(
            "LocalFileConstant",
            f"{what} can't be written into the workflow: {error}",
            at=at,
            fix="make it an input of the workflow, or let a task return it",
        ) from error


def binding(
    transformer: Transformer, value: object, *, what: str, at: Location, store: Store = NO_STORE
) -> BindingData:
    """The source of an input of a node, or of an output of the workflow; files of constants go to `store`."""
    if isinstance(value, Promise):
        _check_variant(transformer, value, what=what, at=at)
        return BindingData(promise=reference(value))
    if not has_promise(value):
        return _of_literal(constant(transformer, value, what=what, at=at, store=store))
    if isinstance(transformer, UnionTransformer):
        kind = ListTransformer if isinstance(value, (list, tuple)) else MapTransformer
        variants = [variant for variant in transformer.variants if isinstance(variant, kind)]
        if len(variants) == 1:
            return binding(variants[0], cast("object", value), what=what, at=at, store=store)
    if isinstance(transformer, ListTransformer) and isinstance(value, (list, tuple)):
        items = [binding(transformer.item, item, what=what, at=at, store=store) for item in cast("list[object]", value)]
        return BindingData(collection=BindingDataCollection(bindings=items))
    if isinstance(transformer, MapTransformer) and isinstance(value, dict):
        pairs = cast("dict[object, object]", value).items()
        named = {str(key): binding(transformer.item, item, what=what, at=at, store=store) for key, item in pairs}
        return BindingData(map=BindingDataMap(bindings=named))
    raise mistake(
        "WrongValue",
        f"{what} expects {transformer.shown}, got a value with promises inside",
        at=at,
        fix="promises may stand in a `list[T]` or `dict[str, T]`; put others together in a task",
    )


def _check_variant(wanted: Transformer, promise: Promise, *, what: str, at: Location) -> None:
    """Raise `InvalidInput` for a promise of a class that no variant of a union is of."""
    given = promised(promise)
    if given is not None and (reason := why_not(wanted, given.transformer)):
        raise mistake("WrongValue", f"{what} expects {wanted.shown}, got {given.shown}, {reason}", at=at)


def reference(promise: Promise) -> OutputReference:
    """The source of a promise's value, as a message."""
    source = reference_of(promise)
    path = [
        PromiseAttribute(int_value=part) if isinstance(part, int) else PromiseAttribute(string_value=part)
        for part in source.path
    ]
    return OutputReference(node_id=source.node.id if source.node else "", var=source.var, attr_path=path)


def _of_literal(literal: Literal) -> BindingData:
    kind = literal.WhichOneof("value")
    if kind == "collection":
        items = [_of_literal(item) for item in literal.collection.literals]
        return BindingData(collection=BindingDataCollection(bindings=items))
    if kind == "map":
        named = {key: _of_literal(item) for key, item in literal.map.literals.items()}
        return BindingData(map=BindingDataMap(bindings=named))
    return BindingData(scalar=literal.scalar)


def nodes_of(value: object) -> list[str]:
    """The ids of the nodes from which a bound value comes, in order."""
    if isinstance(value, Promise):
        node = reference_of(value).node
        return [node.id] if node is not None else []
    if isinstance(value, dict):
        value = list(cast("dict[object, object]", value).values())
    if isinstance(value, (list, tuple)):
        return [id_ for item in cast("list[object]", value) for id_ in nodes_of(item)]
    return []
