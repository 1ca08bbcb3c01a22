"""`Iterator[T]`: items one by one, made or taken. `Iterator[JSON]` is a file of JSON lines of any length."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from flyteidl.core.literals_pb2 import Blob, BlobMetadata, Literal, LiteralCollection, Scalar
from flyteidl.core.types_pb2 import BlobType, LiteralType

from alula.sdk.store import Store
from alula.sdk.types.blobs import uri_of_plain
from alula.sdk.types.containers import read
from alula.sdk.types.transformer import EXACT, NO, Schema, Transformer, TypeMismatch, describe, describe_literal

JSON: TypeAlias = dict[str, Any] | list[Any] | bool | float | int | str
"""Anything that a JSON line holds."""


def iterator(item: Transformer | None) -> Transformer:
    """The conversions of an iterator over a type; None for JSON lines."""
    return JsonLinesTransformer() if item is None else IteratorTransformer(item)


class Items(Iterator[object]):
    """The items of a collection, converted as they are asked for."""

    def __init__(self, literals: list[Literal], item: Transformer, store: Store) -> None:
        self._literals = literals
        self._item = item
        self._store = store
        self._next = 0

    def __len__(self) -> int:
        return len(self._literals)

    def __next__(self) -> object:
        if self._next == len(self._literals):
            raise StopIteration
        self._next += 1
        return read(self._item, self._literals[self._next - 1], self._store)


class _Iterated:
    """The part that both have: values are looked at once, when they are written."""

    shown: str

    def fit(self, value: object) -> int:
        return EXACT if hasattr(value, "__iter__") and not isinstance(value, (str, bytes, dict)) else NO

    def coerce(self, value: object) -> Any:  # Any: an iterable
        if self.fit(value) == NO:
            raise TypeMismatch(self.shown, describe(value))
        return value


class IteratorTransformer(_Iterated):
    """`Iterator[T]` as a collection."""

    tag = "Typed Iterator"

    def __init__(self, item: Transformer) -> None:
        self._item = item
        self.shown = f"Iterator[{item.shown}]"

    def literal_type(self) -> LiteralType:
        return LiteralType(collection_type=self._item.literal_type())

    def schema(self) -> Schema:
        return {"type": "array", "items": self._item.schema()}

    def fit_plain(self, plain: object) -> int:
        return EXACT if isinstance(plain, list) else NO

    def to_literal(self, value: object, store: Store) -> Literal:
        literals = [self._item.to_literal(each, store) for each in self.coerce(value)]
        return Literal(collection=LiteralCollection(literals=literals))

    def to_python(self, literal: Literal, store: Store) -> object:
        if not literal.HasField("collection"):
            raise TypeMismatch(self.shown, describe_literal(literal))
        return Items(list(literal.collection.literals), self._item, store)

    def to_plain(self, value: object, store: Store) -> object:
        return [self._item.to_plain(each, store) for each in self.coerce(value)]

    def from_plain(self, plain: object, store: Store) -> object:
        return iter([self._item.from_plain(each, store) for each in self.coerce(plain)])


class JsonLines(Iterator[object]):
    """The values of a file of JSON lines, read as they are asked for."""

    def __init__(self, path: str) -> None:
        self._file = open(path, encoding="utf-8")  # noqa: SIM115  # closed at its end

    def __next__(self) -> object:
        for line in self._file:
            if line.strip():
                value: object = json.loads(line)
                return value
        self._file.close()
        raise StopIteration

    def __del__(self) -> None:
        self._file.close()


class JsonLinesTransformer(_Iterated):
    """`Iterator[JSON]` as a file."""

    tag = "JSON Iterator"
    shown = "Iterator[JSON]"
    _type = BlobType(format="jsonl", dimensionality=BlobType.SINGLE)

    def literal_type(self) -> LiteralType:
        message = LiteralType(blob=self._type)
        message.metadata.update({"format": "json iterator"})
        return message

    def schema(self) -> Schema:
        return {"type": "object", "properties": {"path": {"type": "string", "format": "path"}}}

    def fit_plain(self, plain: object) -> int:
        return EXACT if isinstance(plain, dict) and plain.keys() == {"path"} else NO  # pyright: ignore[reportUnknownMemberType]

    def _stored(self, value: object, store: Store) -> str:
        with store.new_folder() as (folder, uri), open(f"{folder}/values.jsonl", "w", encoding="utf-8") as file:
            for each in self.coerce(value):
                file.write(self._line(each))
        return f"{uri}/values.jsonl"

    def _line(self, value: object) -> str:
        try:
            return json.dumps(value) + "\n"
        except (TypeError, ValueError) as error:
            raise TypeMismatch("a value of JSON", f"{describe(value)}: {error}") from error

    def to_literal(self, value: object, store: Store) -> Literal:
        blob = Blob(uri=self._stored(value, store), metadata=BlobMetadata(type=self._type))
        return Literal(scalar=Scalar(blob=blob))

    def to_python(self, literal: Literal, store: Store) -> object:
        if not literal.scalar.HasField("blob"):
            raise TypeMismatch(self.shown, describe_literal(literal))
        return JsonLines(store.readable(literal.scalar.blob.uri))

    def to_plain(self, value: object, store: Store) -> object:
        return {"path": self._stored(value, store)}

    def from_plain(self, plain: object, store: Store) -> object:
        return JsonLines(store.readable(uri_of_plain(plain, self.shown, "path")))
