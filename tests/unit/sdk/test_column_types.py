"""Declared columns of data frames: which types of a column are held to be of the declared one, on write and on read."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from flyteidl.core import literals_pb2
from flyteidl.core.types_pb2 import SchemaType

from alula import StructuredDataset, kwtypes, task, workflow
from alula.core.errors import InvalidInput
from alula.sdk.store import FileStore
from alula.sdk.types.engine import UnsupportedType, literal_type, to_literal, to_python
from alula.sdk.types.transformer import TypeMismatch
from alula.types.schema import FlyteSchema


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Point:
    x: int


NOW = datetime(2026, 1, 2, 3, tzinfo=UTC)
FITS: list[tuple[Any, Any]] = [
    *((int, np.array([1], dtype=kind)) for kind in ("int8", "int32", "int64", "uint8", "uint64")),
    *((float, np.array([1], dtype=kind)) for kind in ("float16", "float32", "float64", "int32", "int64")),
    (int, pd.array([1, None], dtype="Int64")),
    (str, ["a", None]),
    (str, pd.Categorical(["a", "b"])),
    (Literal["a", "b"], ["a"]),
    (Colour, ["red"]),
    (bool, [True]),
    (datetime, pd.to_datetime(["2026-01-02"])),
    (datetime, [NOW]),
    (date, [date(2026, 1, 2)]),
    (date, pd.to_datetime(["2026-01-02"])),
    (timedelta, [timedelta(seconds=1)]),
    (list[int], [[1], []]),
    (list[list[str]], [[["a"]]]),
    (dict[str, int], [{"a": 1}]),
    (Point, [{"x": 1}]),
    (int | None, [1]),
    (int | str, ["a"]),
    *((each, [None]) for each in (int, str, bool, datetime, list[int], Point)),
    (int, []),
]
DIFFERS: list[tuple[Any, Any, str, str]] = [
    (int, ["a"], "int", "string"),
    (int, [1.5], "int", "double"),
    (int, [1, None], "int", "double"),
    (int, [True], "int", "bool"),
    (int, [Decimal(1)], "int", "decimal128(1, 0)"),
    (str, [1], "str", "int64"),
    (str, [b"a"], "str", "binary"),
    (float, ["1.5"], "float", "string"),
    (bool, [1], "bool", "int64"),
    (datetime, ["2026-01-02"], "datetime", "string"),
    (datetime, [1], "datetime", "int64"),
    (timedelta, [1.0], "timedelta", "double"),
    (list[int], [["a"]], "list[int]", "list<item: string>"),
    (list[int], [1], "list[int]", "int64"),
    (dict[str, int], [{"a": "b"}], "dict[str, int]", "struct<a: string>"),
    (Literal["a"], [1], "Literal['a']", "int64"),
    (int | None, ["a"], "int | None", "string"),
]
MIXED = [(int, [1, "a"], "object (int, str)"), (str, ["a", 1], "object (int, str)"), (int, [2**70], "object (int)")]


@pytest.fixture
def store(tmp_path) -> FileStore:
    return FileStore(str(tmp_path / "work"), str(tmp_path / "store"))


def as_declared(type_: Any, frame: Any = pd.DataFrame) -> Any:
    return Annotated[frame, kwtypes(a=type_)]


def in_a_frame(values: Any) -> pd.DataFrame:
    return pd.DataFrame({"b": range(len(values)), "a": values})


@pytest.mark.parametrize(("type_", "values"), FITS, ids=str)
def test_a_column_of_values_of_the_type_goes_through(type_: Any, values: Any, store: FileStore) -> None:
    literal = to_literal(in_a_frame(values), as_declared(type_), store)
    assert len(to_python(literal, as_declared(type_), store)) == len(values)
    assert to_python(literal, as_declared(type_, pa.Table), store).column_names == ["a"]
    untyped = to_literal(in_a_frame(values), pd.DataFrame, store)
    dataset = to_python(untyped, as_declared(type_, StructuredDataset), store)
    assert len(dataset.open(pd.DataFrame).all()) == len(values)


@pytest.mark.parametrize(("type_", "values", "declared", "found"), DIFFERS, ids=str)
def test_another_type_is_told_on_write_and_on_read(
    type_: Any, values: Any, declared: str, found: str, store: FileStore
) -> None:
    told = f"with column 'a' of {declared}, got column 'a' of "
    frame = in_a_frame(values)
    for value, kind in ((frame, pd.DataFrame), (StructuredDataset(dataframe=frame), StructuredDataset)):
        with pytest.raises(TypeMismatch) as written:
            to_literal(value, as_declared(type_, kind), store)
        assert _by_any_pandas(written.value).endswith(told + found)
    untyped = to_literal(frame, pd.DataFrame, store)
    for read in (
        lambda: to_python(untyped, as_declared(type_), store),
        lambda: to_python(untyped, as_declared(type_, pa.Table), store),
        lambda: to_python(untyped, as_declared(type_, StructuredDataset), store).open(pa.Table).all(),
    ):
        with pytest.raises(TypeMismatch) as raised:
            read()
        assert told in str(raised.value)


def _by_any_pandas(error: TypeMismatch) -> str:
    return str(error).replace("large_string", "string")


@pytest.mark.parametrize(("type_", "values", "found"), MIXED, ids=str)
def test_a_column_of_values_that_parquet_can_not_hold_is_named(
    type_: Any, values: Any, found: str, store: FileStore
) -> None:
    with pytest.raises(TypeMismatch, match=r"column 'a' of (int|str), got column 'a' of ") as raised:
        to_literal(in_a_frame(values), as_declared(type_), store)
    assert str(raised.value).endswith(found)
    with pytest.raises(TypeMismatch) as undeclared:
        to_literal(in_a_frame(values), pd.DataFrame, store)
    assert str(undeclared.value) == f"expected a data frame that parquet can hold, got column 'a' of {found}"


def test_all_wrong_columns_are_told_at_once(store: FileStore) -> None:
    table = pa.table({"a": ["x"], "b": [1], "c": [1]})
    with pytest.raises(TypeMismatch) as raised:
        to_literal(table, Annotated[pa.Table, kwtypes(a=int, b=str, c=int)], store)
    assert str(raised.value) == (
        "expected pyarrow.Table with column 'a' of int, column 'b' of str, got column 'a' of string, column 'b' of "
        "int64"
    )


def test_missing_values_do_not_make_a_stored_column_another_one(store: FileStore) -> None:
    literal = to_literal(pa.table({"a": [1, None]}), as_declared(int, pa.Table), store)
    assert list(to_python(literal, as_declared(int), store)["a"].dropna()) == [1]


def test_texts_and_times_of_csv_are_read_as_they_are_declared(store: FileStore) -> None:
    declared = Annotated[pd.DataFrame, kwtypes(code=str, when=datetime, n=int), "csv"]
    frame = pd.DataFrame({"code": ["007"], "when": pd.to_datetime(["2026-01-02"]), "n": [1]})
    back = to_python(to_literal(frame, declared, store), declared, store)
    assert isinstance(back, pd.DataFrame)
    assert back.loc[0, "code"] == "007"
    assert back.loc[0, "when"] == datetime(2026, 1, 2)
    frame["n"] = "x"
    literal = to_literal(frame, Annotated[pd.DataFrame, "csv"], store)
    with pytest.raises(TypeMismatch, match=r"column 'n' of int, got column 'n' of (large_)?string"):
        to_python(literal, declared, store)


def test_a_plain_call_is_held_to_it_too() -> None:
    @task
    def take(frame: Annotated[pd.DataFrame, kwtypes(a=int)]) -> None: ...

    with pytest.raises(InvalidInput, match=r"column 'a' of int, got column 'a' of (large_)?string"):
        take(frame=pd.DataFrame({"a": ["x"]}))


def test_a_run_tells_who_gave_and_who_took_it() -> None:
    @task
    def give() -> pd.DataFrame:
        return pd.DataFrame({"a": ["x"]})

    @task
    def take(frame: Annotated[pd.DataFrame, kwtypes(a=int)]) -> None: ...

    @workflow
    def flow() -> None:
        take(frame=give())

    with pytest.raises(TypeMismatch, match=r"column 'a' of int, got column 'a' of (large_)?string") as raised:
        flow()
    assert any("n1" in note for note in raised.value.__notes__)


@pytest.mark.parametrize("type_", [pd.DataFrame, pa.Table, StructuredDataset])
def test_a_format_that_a_frame_does_not_have_is_refused(type_):
    with pytest.raises(UnsupportedType, match=r"has no format `avro`; the text in its annotation is `parquet`"):
        literal_type(Annotated[type_, "avro"])


@pytest.mark.parametrize("frame", [pd.DataFrame([[1, 2]], columns=["a", "a"]), pa.table([[1], [2]], names=["a", "a"])])
def test_columns_of_one_name_are_refused(frame, store):
    with pytest.raises(TypeMismatch, match="more than one column 'a'"):
        to_literal(frame, type(frame), store)


def test_a_schema_of_flytekit_is_read_as_any_frame(tmp_path, store):
    pd.DataFrame({"a": [1], "b": ["x"]}).to_parquet(tmp_path / "00000")
    column = SchemaType.SchemaColumn(name="a", type=SchemaType.SchemaColumn.INTEGER)
    schema = literals_pb2.Schema(uri=str(tmp_path), type=SchemaType(columns=[column]))
    literal = literals_pb2.Literal(scalar=literals_pb2.Scalar(schema=schema))
    assert list(to_python(literal, pd.DataFrame, store).columns) == ["a"]
    assert to_python(literal, FlyteSchema, store).open().all().to_dict("list") == {"a": [1]}
    table: Any = to_python(literal, Annotated[pa.Table, kwtypes(b=str)], store)
    assert table.to_pydict() == {"b": ["x"]}
