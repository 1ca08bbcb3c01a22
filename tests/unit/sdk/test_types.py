"""Values, to literals and back, and what does not fit."""
# ruff: noqa: UP007, UP045 - both spellings of unions are what is compared

import enum
import os
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, Optional, Union
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from flyteidl.core import literals_pb2 as pb
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from alula import FlyteDirectory, FlyteFile, HashMethod, StructuredDataset, kwtypes, task, workflow
from alula.core.errors import InvalidInput
from alula.sdk.store import FileStore
from alula.sdk.types.engine import (
    TypeMismatch,
    UnsupportedType,
    from_plain,
    json_schema,
    literal_type,
    to_literal,
    to_python,
)


@pytest.fixture
def store(tmp_path):
    return FileStore(str(tmp_path / "raw"), str(tmp_path / "work"))


def round_trip(value, type_, store):
    sent = to_literal(value, type_, store).SerializeToString()
    return to_python(pb.Literal.FromString(sent), type_, store)


class Shade(enum.Enum):
    DARK = "dark"
    LIGHT = "light"


class Level(enum.Enum):
    LOW = 1
    HIGH = 2


@dataclass
class Point:
    x: int
    y: int = 0


@dataclass
class Tree:
    value: int
    children: list["Tree"] = field(default_factory=list)


@dataclass
class Everything:
    file: FlyteFile
    folder: FlyteDirectory
    rows: StructuredDataset
    frame: pd.DataFrame
    path: Path
    point: Point
    shade: Shade
    level: Level
    maybe: FlyteFile | None
    files: list[FlyteFile]
    points: dict[str, Point]
    pair: tuple[int, str]
    many: tuple[int, ...]
    names: set[str]
    at: time
    id: UUID
    amount: Decimal
    raw: bytes
    choice: Literal["a", "b"]
    anything: Any = None


class Model(BaseModel):
    point: Point
    file: FlyteFile
    folder: FlyteDirectory | None = None
    rows: StructuredDataset | None = None


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (int, -(2**63)),
        (float, float("inf")),
        (str, "a\x00ü€"),
        (bool, False),
        (datetime, datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        (timedelta, timedelta(days=-3, microseconds=1)),
        (list[int | None], [1, None]),
        (dict[str, list[Point]], {"a": [Point(1)], "": []}),
        (Union[int, str], "1"),
        (Optional[dict], {"a": {"b": [1, "x", None, 2.5]}}),
        (list, [1, "a", None]),
        (list[Any], [{"a": 1}]),
        (dict[str, Any], {"a": [1]}),
        (dict[int, str], {1: "a"}),
        (Shade, Shade.DARK),
        (Literal[1, 2], 2),
        (NewType("Metres", float), 1.5),
        (Point, Point(2**60, 1)),
        (Tree, Tree(1, [Tree(2, [Tree(3)])])),
        (Optional[Point], Point(1, 2)),
        (Annotated[int, "unit"], 3),
    ],
    ids=str,
)
def test_a_value_survives_the_wire(type_, value, store):
    assert round_trip(value, type_, store) == value


def test_a_naive_datetime_is_utc_and_another_zone_the_same_instant(store):
    naive = datetime(2024, 5, 6, 7)
    assert round_trip(naive, datetime, store) == naive.replace(tzinfo=UTC)
    zoned = datetime(2024, 5, 6, 7, tzinfo=timezone(timedelta(hours=2)))
    assert round_trip(zoned, datetime, store) == zoned


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (int, np.int64(3), 3),
        (float, np.float32(0.5), 0.5),
        (float, 2, 2.0),
        (bool, np.bool_(True), True),
        (Shade, "dark", Shade.DARK),
        (list[float], [1, 2.5], [1.0, 2.5]),
    ],
)
def test_a_value_of_a_near_type_is_converted(type_, value, expected, store):
    result = round_trip(value, type_, store)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("type_", "value", "told"),
    [
        (int, "1", "expected int, got str '1'"),
        (int, True, "expected int, got bool True"),
        (int, 1.0, "expected int"),
        (int, 2**63, "expected an int of 64 bits"),
        (str, None, "expected str, got None"),
        (bool, 1, "expected bool"),
        (list[int], [1, "a"], r"expected int, got str 'a' \(at \[1\]\)"),
        (dict[str, list[int]], {"k": [None]}, r"\(at \['k'\]\[0\]\)"),
        (dict[str, int], {1: 1}, "the key int 1"),
        (Union[int, str], 1.5, "expected int | str, got float"),
        (Union[list[int], list[int | str]], [1], "which fits list"),
        (Shade, "blue", r"Shade \('dark', 'light'\), got str 'blue'"),
        (Literal["a", "b"], "c", "got str 'c'"),
        (Point, {"x": 1}, "expected Point, got dict"),
        (Point, Point("a"), r"expected int, got str 'a' \(at \['x'\]\)"),  # pyright: ignore[reportArgumentType]  a mistake on purpose
        (FlyteFile, "/does/not/exist", "/does/not/exist, which is not a file"),
        (dict, {"a": 1j}, "expected a value of JSON's types"),
        (pd.DataFrame, pa.table({"a": [1]}), "a pyarrow Table"),
        (Annotated[pd.DataFrame, kwtypes(b=int)], pd.DataFrame({"a": [1]}), "with column 'b'"),
    ],
    ids=str,
)
def test_a_wrong_value_is_named_with_its_place(type_, value, told, store):
    with pytest.raises(TypeMismatch, match=told):
        to_literal(value, type_, store)


@pytest.mark.parametrize(
    ("type_", "told"),
    [
        (object, "`object` has no form on the wire"),
        (np.dtype, "`numpy.dtype` has no form on the wire"),
        (complex, "complex"),
        (Any, "`Any` can't be an input or output by itself"),
        (tuple[int, str], "use a dataclass"),
        (set[int], r"use `list\[T\]`"),
        (Level, "must be texts"),
        (Literal["a", 1], "must be all texts"),
        (list[object], "`object`"),
        (Optional[np.dtype], "numpy.dtype"),
    ],
    ids=str,
)
def test_a_type_without_wire_form_is_refused_never_pickled(type_, told):
    with pytest.raises(UnsupportedType, match=told):
        literal_type(type_)


def test_an_unsupported_field_names_field_and_class():
    @dataclass
    class Holder:
        matrix: np.dtype

    with pytest.raises(UnsupportedType, match=r"field `matrix` of .*Holder"):
        literal_type(Holder)


def test_a_union_read_without_tag_takes_the_variant_of_its_kind(store):
    three = pb.Literal()
    three.scalar.primitive.integer = 3
    assert to_python(three, Optional[int], store) == 3
    both = to_python(three, Union[float, int], store)
    assert (both, type(both)) == (3, int)


def test_the_order_of_variants_is_kept_although_unions_compare_equal():
    first = literal_type(Union[int, str]).union_type.variants[0]
    other = literal_type(Union[str, int]).union_type.variants[0]
    assert (first.structure.tag, other.structure.tag) == ("int", "str")


def test_integers_of_a_console_that_only_knows_floats(store):
    literal = pb.Literal()
    literal.scalar.generic.update({"x": 3.0, "y": 4.0})
    point = to_python(literal, Point, store)
    assert point == Point(3, 4)
    assert type(point.x) is int
    single = pb.Literal()
    single.scalar.primitive.float_value = 7.0
    assert to_python(single, int, store) == 7


def test_a_field_picked_by_the_engine_arrives_as_document(store):
    nested = pb.Literal()
    nested.scalar.binary.value = b"\x81\xa1x\x05"  # {"x": 5}
    nested.scalar.binary.tag = "msgpack"
    assert to_python(nested, Point, store) == Point(5, 0)
    items = pb.Literal()
    items.scalar.binary.value = b"\x92\x01\x02"  # [1, 2]
    items.scalar.binary.tag = "msgpack"
    assert to_python(items, list[int], store) == [1, 2]
    assert to_python(items, Optional[list[int]], store) == [1, 2]


def test_times_that_are_picked_out_of_a_dataclass_are_times():
    @dataclass
    class Times:
        day: date
        at: datetime
        span: timedelta
        maybe: date | None

    @task
    def make() -> Times:
        return Times(date(2024, 1, 2), datetime(2024, 1, 2, 3, tzinfo=UTC), timedelta(seconds=5), date(2024, 1, 3))

    @task
    def take(day: date, at: datetime, span: timedelta, maybe: date | None) -> str:
        return f"{day} {at} {span} {maybe}"

    @workflow
    def flow() -> str:
        times = make()
        return take(day=times.day, at=times.at, span=times.span, maybe=times.maybe)

    assert flow() == "2024-01-02 2024-01-02 03:00:00+00:00 0:00:05 2024-01-03"


def test_a_missing_field_without_default_is_named(store):
    with pytest.raises(TypeMismatch, match="Point with a field `x`"):
        from_plain({"y": 1}, Point, store)


def test_a_hash_method_puts_the_hash_on_the_literal(store):
    with pytest.raises(InvalidInput, match="`HashMethod` is 3, expected a function"):
        HashMethod(3)  # pyright: ignore[reportArgumentType]  a mistake on purpose
    type_ = Annotated[list[int], HashMethod(lambda values: f"sum-{sum(values)}")]
    literal = to_literal([1, 2], type_, store)
    assert literal.hash == "sum-3"
    assert to_python(literal, type_, store) == [1, 2]


def test_a_dataclass_holds_every_kind_of_field(store, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    folder = tmp_path / "folder" / "sub"
    folder.mkdir(parents=True)
    (folder / "b.txt").write_text("b")
    frame = pd.DataFrame({"n": [1, 2]})
    value = Everything(
        file=FlyteFile(str(tmp_path / "a.txt")),
        folder=FlyteDirectory(str(tmp_path / "folder")),
        rows=StructuredDataset(dataframe=frame),
        frame=frame,
        path=tmp_path / "a.txt",
        point=Point(1),
        shade=Shade.LIGHT,
        level=Level.HIGH,
        maybe=None,
        files=[FlyteFile(str(tmp_path / "a.txt"))],
        points={"p": Point(2)},
        pair=(1, "x"),
        many=(1, 2, 3),
        names={"b", "a"},
        at=time(1, 2, 3),
        id=UUID(int=5),
        amount=Decimal("1.10"),
        raw=b"\x00\xff",
        choice="a",
        anything={"k": [1]},
    )
    back = round_trip(value, Everything, store)
    with open(back.file) as file:
        assert file.read() == "a"
    assert (Path(back.folder.download()) / "sub" / "b.txt").read_text() == "b"
    assert back.rows.open(pd.DataFrame).all().equals(frame)
    assert back.frame.equals(frame)
    assert back.path.read_text() == "a"
    assert back.files[0].download() != str(tmp_path / "a.txt")
    plain = ("point", "shade", "level", "maybe", "points", "pair", "many", "names", "at", "id", "amount", "raw",
             "choice", "anything")  # fmt: skip
    for name in plain:
        assert getattr(back, name) == getattr(value, name), name


def test_a_model_holds_files_and_data_frames(store, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "d").mkdir()
    frame = pd.DataFrame({"n": [1]})
    value = Model(
        point=Point(1),
        file=str(tmp_path / "a.txt"),  # pyright: ignore[reportArgumentType]  a path becomes a file
        folder=str(tmp_path / "d"),  # pyright: ignore[reportArgumentType]  a path becomes a folder
        rows=StructuredDataset(dataframe=frame),
    )
    back = round_trip(value, Model, store)
    assert back.point == Point(1)
    assert back.file.remote_source.startswith(str(tmp_path / "raw"))
    assert Path(back.file).read_text() == "a"
    assert back.folder.listdir() == []
    assert back.rows.open(pd.DataFrame).all().equals(frame)
    assert json_schema(Model)["required"] == ["point", "file"]


def test_a_file_is_stored_read_in_place_and_copied_for_changing(store, tmp_path):
    source = tmp_path / "a.csv"
    source.write_text("1")
    literal = to_literal(str(source), FlyteFile["csv"], store)  # pyright: ignore[reportUndefinedVariable]  a format
    assert literal.scalar.blob.metadata.type.format == "csv"
    stored = literal.scalar.blob.uri
    assert stored.startswith(str(tmp_path / "raw")) and stored.endswith("/a.csv")
    file = to_python(literal, FlyteFile["csv"], store)  # pyright: ignore[reportUndefinedVariable]  a format
    with file.open() as content:
        assert content.read() == "1"
    with open(file, "w") as content:
        content.write("changed")
    assert Path(stored).read_text() == "1"


def test_an_input_that_is_passed_on_is_not_stored_again(store, tmp_path):
    (tmp_path / "a").write_text("1")
    first = to_literal(FlyteFile(str(tmp_path / "a")), FlyteFile, store)
    again = to_literal(to_python(first, FlyteFile, store), FlyteFile, store)
    assert again == first
    remote = FlyteFile("s3://bucket/key")
    assert to_literal(remote, FlyteFile, store).scalar.blob.uri == "s3://bucket/key"


def test_where_a_file_goes_can_be_said(store, tmp_path):
    (tmp_path / "a").write_text("1")
    target = str(tmp_path / "elsewhere" / "b")
    literal = to_literal(FlyteFile(str(tmp_path / "a"), remote_path=target), FlyteFile, store)
    assert literal.scalar.blob.uri == target
    assert Path(target).read_text() == "1"
    stays = to_literal(FlyteFile(str(tmp_path / "a"), remote_path=False), FlyteFile, store)
    assert stays.scalar.blob.uri == str(tmp_path / "a")


def test_a_path_comes_as_a_private_copy(store, tmp_path):
    (tmp_path / "a.txt").write_text("1")
    literal = to_literal(tmp_path / "a.txt", Path, store)
    path = to_python(literal, Path, store)
    assert path.name == "a.txt"
    path.write_text("2")
    assert Path(literal.scalar.blob.uri).read_text() == "1"


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_a_data_frame_is_stored_in_the_named_format(file_format, store):
    frame = pd.DataFrame({"n": [1, 2], "s": ["a", "b"]})
    literal = to_literal(StructuredDataset(dataframe=frame, file_format=file_format), StructuredDataset, store)
    assert literal.scalar.structured_dataset.metadata.structured_dataset_type.format == file_format
    assert to_python(literal, pd.DataFrame, store).equals(frame)


def test_a_table_is_read_by_either_library(store):
    table = pa.table({"n": [1, 2]})
    literal = to_literal(table, pa.Table, store)
    assert to_python(literal, pa.Table, store).equals(table)
    assert list(to_python(literal, pd.DataFrame, store)["n"]) == [1, 2]
    dataset = to_python(literal, StructuredDataset, store)
    assert dataset.open(pa.Table).all().equals(table)


def test_only_the_declared_columns_are_read(store):
    frame = pd.DataFrame({"n": [1], "s": ["a"]})
    literal = to_literal(frame, pd.DataFrame, store)
    read = to_python(literal, Annotated[pd.DataFrame, kwtypes(s=str)], store)
    assert isinstance(read, pd.DataFrame)
    assert list(read.columns) == ["s"]


def test_a_missing_column_is_told_without_the_words_of_the_library(store):
    literal = to_literal(pd.DataFrame({"n": [1]}), pd.DataFrame, store)
    with pytest.raises(TypeMismatch, match="a pandas data frame with column 's', got columns 'n'") as raised:
        to_python(literal, Annotated[pd.DataFrame, kwtypes(s=str)], store)
    assert raised.value.__context__ is None


def test_an_unknown_library_or_format_is_told(store):
    dataset = StructuredDataset.of_stored("/x", "avro", store)
    with pytest.raises(TypeMismatch, match="format 'avro'"):
        dataset.open(pd.DataFrame).all()


def test_a_scheme_that_the_store_does_not_speak_is_told(store):
    file = FlyteFile.of_stored("hdfs://bucket/key", store)
    with pytest.raises(OSError, match=r"can't read from hdfs://bucket/key"):
        file.download()


def test_a_file_uri_is_a_path(store, tmp_path):
    (tmp_path / "a b").write_text("1")
    file = FlyteFile.of_stored((tmp_path / "a b").as_uri(), store)
    assert Path(os.fspath(file)).read_text() == "1"


def _containers(inner):
    return st.lists(inner) | st.dictionaries(st.text(), inner)


SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()


@given(st.recursive(SCALARS, _containers, max_leaves=10))
def test_any_document_survives(value):
    store = FileStore("/nowhere", "/nowhere")
    assert round_trip({"value": value}, dict, store) == {"value": value}


def test_a_literal_that_was_put_aside_is_fetched(store, tmp_path):
    aside = tmp_path / "aside.pb"
    aside.write_bytes(to_literal([1, 2], list[int], store).SerializeToString())
    literal = pb.Literal()
    literal.offloaded_metadata.uri = str(aside)
    assert to_python(literal, list[int], store) == [1, 2]
    assert to_python(literal, Optional[list[int]], store) == [1, 2]


def test_a_folder_is_crawled_as_deep_as_wanted(tmp_path):
    (tmp_path / "b/c").mkdir(parents=True)
    for name in ("a", "b/a", "b/c/a"):
        (tmp_path / name).touch()
    folder = FlyteDirectory(tmp_path)
    found = [[below for _, below in folder.crawl(maxdepth=depth)] for depth in (1, 2, None)]
    assert found == [["a"], ["a", "b/a"], ["a", "b/a", "b/c/a"]]
