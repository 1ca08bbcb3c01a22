"""Declared fields of structs: on the wire they are paths, as flytekit writes them; a task gets its structs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alula import HashMethod, StructuredDataset, kwtypes
from alula.sdk.store import FileStore
from alula.sdk.types import engine
from alula.sdk.types.engine import literal_type, to_literal
from alula.sdk.types.transformer import TypeMismatch, UnsupportedType


@dataclass
class Tree:
    size: int
    below: Tree


@dataclass
class Where:
    city: str


@dataclass
class Place:
    x: int
    where: Where


ROWS = [{"x": 1, "where": {"city": "Bern", "zip": 3000}, "more": True}, None]
PRUNED = [{"x": 1, "where": {"city": "Bern"}}, None]
FRAME = pd.DataFrame({"b": [1, 2], "p": ROWS})
PLACE = Annotated[pd.DataFrame, kwtypes(p=Place)]
PATHS = ["p.x", "p.where.city"]


@pytest.fixture
def store(tmp_path) -> FileStore:
    return FileStore(str(tmp_path / "work"), str(tmp_path / "store"))


def to_python(literal: Any, type_: Any, store: FileStore) -> Any:  # Any: of whichever library
    return engine.to_python(literal, type_, store)


def rows(frame: Any) -> list[Any]:
    return frame.column("p").to_pylist() if isinstance(frame, pa.Table) else list(frame["p"])


@pytest.mark.parametrize("type_", [Place, {"x": int, "where": {"city": str}}], ids=["dataclass", "kwtypes"])
@pytest.mark.parametrize("frame", [pd.DataFrame, pa.Table])
def test_a_struct_comes_as_a_struct_with_the_declared_fields(type_: Any, frame: Any, store: FileStore) -> None:
    declared = Annotated[frame, kwtypes(p=type_)]
    assert [column.name for column in literal_type(declared).structured_dataset_type.columns] == PATHS
    read = to_python(to_literal(FRAME, pd.DataFrame, store), declared, store)
    assert list(read.column_names if isinstance(read, pa.Table) else read.columns) == ["p"]
    assert rows(read) == PRUNED


def test_columns_that_a_writer_named_by_paths_are_read(store: FileStore) -> None:
    """flytekit writes the paths beside the data, and a task may take them without naming columns itself."""
    literal = to_literal(FRAME, PLACE, store)
    columns = literal.scalar.structured_dataset.metadata.structured_dataset_type.columns
    assert [column.name for column in columns] == PATHS
    assert rows(to_python(literal, StructuredDataset, store).open(pd.DataFrame).all()) == PRUNED


def test_a_column_with_a_dot_in_its_name_is_itself(store: FileStore) -> None:
    frame = pa.table({"p.x": [7], "p": [{"x": 1}]})
    read = to_python(to_literal(frame, pa.Table, store), Annotated[pa.Table, kwtypes(**{"p.x": int})], store)
    assert read.to_pydict() == {"p.x": [7]}


def test_a_column_that_is_declared_whole_and_by_a_field_is_whole(store: FileStore) -> None:
    declared = Annotated[pa.Table, kwtypes(**{"p": dict, "p.x": int})]
    assert rows(to_python(to_literal(FRAME, pd.DataFrame, store), declared, store)) == ROWS


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([{"x": "a", "where": {"city": "b"}}], "column 'p.x' of int, got column 'p.x' of (large_)?string"),
        ([{"x": 1}], "column 'p.where.city' of str, got column 'p' of struct<x: int64>"),
        ([1], "column 'p.x' of int, column 'p.where.city' of str, got column 'p' of int64, column 'p' of int64"),
    ],
)
def test_another_type_of_a_field_is_told_on_write_and_on_read(values: Any, told: str, store: FileStore) -> None:
    frame = pd.DataFrame({"p": values})
    with pytest.raises(TypeMismatch, match=told):
        to_literal(frame, PLACE, store)
    with pytest.raises(TypeMismatch, match=told):
        to_python(to_literal(frame, pd.DataFrame, store), PLACE, store)


@pytest.mark.parametrize("values", [[None], []])
def test_a_struct_without_a_value_is_good_for_every_type(values: list[None], store: FileStore) -> None:
    literal = to_literal(pd.DataFrame({"p": values}), PLACE, store)
    assert rows(to_python(literal, PLACE, store)) == values


def test_rows_are_read_file_by_file(store: FileStore) -> None:
    literal = to_literal(pa.table({"a": [1, 2], "b": [3, 4]}), pa.Table, store)
    folder = store.readable(literal.scalar.structured_dataset.uri)
    pq.write_table(pa.table({"a": [5], "b": [6]}), f"{folder}/00001")
    declared = Annotated[StructuredDataset, kwtypes(a=int)]
    dataset = to_python(literal, declared, store)
    assert [part.to_pydict() for part in dataset.open(pa.Table).iter()] == [{"a": [1, 2]}, {"a": [5]}]
    frame = pd.DataFrame({"a": [1]})
    assert list(StructuredDataset(frame).open(pd.DataFrame).iter()) == [frame]
    assert dataset.open(pd.DataFrame).all()["a"].tolist() == [1, 2, 5]


def test_a_format_that_a_library_does_not_have_is_refused(store: FileStore) -> None:
    with pytest.raises(TypeMismatch, match="expected a pyarrow data frame as parquet, got a pyarrow Table as csv"):
        to_literal(StructuredDataset(pa.table({"a": [1]}), file_format="csv"), StructuredDataset, store)
    with pytest.raises(TypeMismatch, match="a class that an installed package adds, got <class 'int'>"):
        StructuredDataset(uri="/nowhere").open(int).all()


def test_columns_are_declared_beside_a_hash(store: FileStore) -> None:
    declared = Annotated[pd.DataFrame, kwtypes(p=Place), HashMethod(len)]
    literal = to_literal(FRAME, declared, store)
    assert literal.hash == "2"
    assert rows(to_python(literal, declared, store)) == PRUNED


def test_a_dataclass_that_has_itself_as_a_field_is_refused() -> None:
    with pytest.raises(UnsupportedType, match=r"column `below` can't be a <class '.*Tree'>, which it is itself a part"):
        literal_type(Annotated[pd.DataFrame, kwtypes(tree=Tree)])
