"""Data frames of all libraries and StructuredDataset: structured datasets on the wire."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import cast

from flyteidl.core import literals_pb2
from flyteidl.core.types_pb2 import LiteralType, StructuredDatasetType

from alula.sdk.store import Store
from alula.sdk.types.column_types import Column, Columns, named
from alula.sdk.types.frame_files import check_frame, describe_frame, write_frame
from alula.sdk.types.frame_library import FrameLibrary, library_of
from alula.sdk.types.frame_source import CSV, PARQUET
from alula.sdk.types.structured_dataset import StructuredDataset
from alula.sdk.types.transformer import (
    CONVERTS,
    EXACT,
    NO,
    Schema,
    Transformer,
    TypeMismatch,
    describe,
    describe_literal,
)


class FrameTransformer:
    """One kind of data frame; with no library, `StructuredDataset`."""

    tag = "StructuredDataset Transformer"

    def __init__(
        self,
        library: FrameLibrary | None,
        shown: str,
        columns: Mapping[str, Transformer] | None = None,
        file_format: str = "",
        dataset: type[StructuredDataset] = StructuredDataset,
    ) -> None:
        self._dataset = dataset
        self._library = library
        self._transformers = dict(columns or {})
        self._format = file_format
        self.shown = shown

    def declared(self, columns: Mapping[str, Transformer], file_format: str) -> FrameTransformer:
        """The same with the columns and the format that an annotation names."""
        return FrameTransformer(self._library, self.shown, columns, file_format, self._dataset)

    @property
    def formats(self) -> Collection[str]:
        """The formats that an annotation may name."""
        return (PARQUET, CSV) if self._library is None else self._library.formats

    @cached_property
    def _columns(self) -> Columns:
        """Those that are declared."""
        return {name: Column(each.shown, each.literal_type()) for name, each in self._transformers.items()}

    def _type(self, file_format: str) -> StructuredDatasetType:
        columns = [
            StructuredDatasetType.DatasetColumn(name=name, literal_type=column.type)
            for name, column in self._columns.items()
        ]
        return StructuredDatasetType(columns=columns, format=file_format)

    def literal_type(self) -> LiteralType:
        return LiteralType(structured_dataset_type=self._type(self._format))

    def schema(self) -> Schema:
        optional_text = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
        return {
            "type": "object",
            "title": "StructuredDataset",
            "properties": {"uri": optional_text, "file_format": {**optional_text, "default": PARQUET}},
            "additionalProperties": False,
        }

    def fit(self, value: object) -> int:
        if isinstance(value, StructuredDataset):
            return EXACT if self._library is None else CONVERTS
        library = library_of(type(value))
        if library is None:
            return NO
        return EXACT if library == self._library else CONVERTS if self._library is None else NO

    def fit_plain(self, plain: object) -> int:
        if isinstance(plain, dict):
            fields = cast("dict[object, object]", plain)
            if not isinstance(fields.get("uri"), str):
                return NO
            return EXACT if fields.keys() <= {"uri", "file_format"} else CONVERTS
        return CONVERTS if isinstance(plain, str) else NO

    def coerce(self, value: object) -> object:
        if self.fit(value) == NO:
            raise TypeMismatch(self.shown, describe_frame(value))
        held = value.dataframe if isinstance(value, StructuredDataset) else value
        if held is not None:
            check_frame(self._columns, held, self.shown)
        if self._library is None:
            if isinstance(value, self._dataset):
                return value
            return self._dataset(held, uri=value.uri) if isinstance(value, StructuredDataset) else self._dataset(value)
        if isinstance(value, StructuredDataset):
            return value.read(self._library, None, self._columns)
        return value

    def _stored(self, value: object, store: Store) -> tuple[str, str]:
        """URI and format of a value, written if it is only in memory."""
        if self.fit(value) == NO:
            raise TypeMismatch(self.shown, describe_frame(value))
        dataset = value if isinstance(value, StructuredDataset) else StructuredDataset(dataframe=value)
        file_format = dataset.file_format or self._format or PARQUET
        if dataset.dataframe is None:
            if dataset.uri is None:
                raise TypeMismatch(self.shown, "a StructuredDataset with neither a data frame nor a URI")
            return dataset.uri, file_format
        check_frame(self._columns, dataset.dataframe, self.shown)
        with store.new_folder(to=dataset.uri) as (folder, uri):
            write_frame(dataset.dataframe, file_format, folder)
        return uri, file_format

    def _value(self, uri: str, file_format: str, store: Store, columns: Columns) -> object:
        dataset = self._dataset.of_stored(uri, file_format or PARQUET, store, columns)
        return dataset if self._library is None else dataset.read(self._library, store, columns)

    def to_literal(self, value: object, store: Store) -> literals_pb2.Literal:
        uri, file_format = self._stored(value, store)
        stored = literals_pb2.StructuredDataset(
            uri=uri,
            metadata=literals_pb2.StructuredDatasetMetadata(structured_dataset_type=self._type(file_format)),
        )
        return literals_pb2.Literal(scalar=literals_pb2.Scalar(structured_dataset=stored))

    def to_python(self, literal: literals_pb2.Literal, store: Store) -> object:
        uri, file_format, names = _stored_at(literal, self.shown)
        return self._value(uri, file_format, store, self._columns or named(names))

    def to_plain(self, value: object, store: Store) -> object:
        uri, file_format = self._stored(value, store)
        return {"uri": uri, "file_format": file_format}

    def from_plain(self, plain: object, store: Store) -> object:
        fields = cast("dict[object, object]", plain) if isinstance(plain, dict) else {"uri": plain}
        uri, file_format = fields.get("uri"), fields.get("file_format") or PARQUET
        if not isinstance(uri, str) or not isinstance(file_format, str):
            raise TypeMismatch(self.shown, describe(cast("object", plain)))
        return self._value(uri, file_format, store, self._columns)


def _stored_at(literal: literals_pb2.Literal, shown: str) -> tuple[str, str, list[str]]:
    """URI, format and declared columns of a stored data frame; what flytekit's `FlyteSchema` stores is parquet."""
    match literal.scalar.WhichOneof("value"):
        case "structured_dataset":
            stored = literal.scalar.structured_dataset
            type_ = stored.metadata.structured_dataset_type
            return stored.uri, type_.format, [column.name for column in type_.columns]
        case "schema":
            schema = literal.scalar.schema
            return schema.uri, PARQUET, [column.name for column in schema.type.columns]
        case _:
            raise TypeMismatch(shown, describe_literal(literal))
