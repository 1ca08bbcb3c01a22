"""What flytekit writes of data frames, files and folders we read as it does, and what we write it reads as its own."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.integration.flytekit.two_sides import Case, TwoSides, both

from alula.sdk.types.transformer import TypeMismatch

ALL = "value.open(pd.DataFrame).all()"
TABLE = "value.open(pa.Table).all()"
HELD = "StructuredDataset(dataframe=given)"
NUMBERS = {
    **{f"int{bits}": st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    "float32": st.floats(width=32),
    "float64": st.floats(),
    "bool": st.booleans(),
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
MOMENTS = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1))
WITHOUT_NONE = {
    **{name: (values, name) for name, values in NUMBERS.items()},
    "list": (st.lists(st.integers(-5, 5), max_size=3), "object"),
    "lists": (st.lists(st.lists(st.floats(allow_nan=False), max_size=2), max_size=2), "object"),
    "struct": (st.fixed_dictionaries({"x": st.integers(0, 9), "y": TEXTS}), "object"),
}
WITH_NONE = {
    "str": (TEXTS, "str"),
    "texts": (TEXTS, "object"),
    "bytes": (st.binary(max_size=3), "object"),
    "Int8": (NUMBERS["int8"], "Int8"),
    "UInt64": (NUMBERS["uint64"], "UInt64"),
    "Float32": (st.floats(width=32, allow_nan=False), "Float32"),
    "boolean": (st.booleans(), "boolean"),
    "moment": (MOMENTS, "datetime64[us]"),
    "moment of ns": (MOMENTS, "datetime64[ns]"),
    "moment of UTC": (MOMENTS, "datetime64[us, UTC]"),
    "moment of Berlin": (MOMENTS.map(lambda each: pd.Timestamp(each, tz="UTC")), "datetime64[us, Europe/Berlin]"),
    "span": (st.timedeltas(dt.timedelta(-1000), dt.timedelta(1000)), "timedelta64[us]"),
    "day": (st.dates(), "object"),
    "time": (st.times(), "object"),
    "decimal": (st.decimals(-100, 100, places=2).map(lambda each: each + decimal.Decimal("0.00")), "object"),
    "category": (st.sampled_from(["x", "é", ""]), "category"),
    "category of numbers": (st.integers(0, 2), "category"),
}
KINDS = {
    **WITHOUT_NONE,
    **{name: (values | st.none(), dtype) for name, (values, dtype) in WITH_NONE.items()},
}
NAMES = TEXTS | st.sampled_from(["a.b", "a b", "a/b", "*", "é", "__index_level_0__"])


def indexes(rows: int) -> list[pd.Index]:
    return [
        pd.RangeIndex(rows),
        pd.RangeIndex(5, 5 + 2 * rows, 2, name="k"),
        pd.Index([f"r{row}" for row in range(rows)], dtype="str", name="key of row"),
        pd.MultiIndex.from_arrays([range(rows), ["x"] * rows], names=["one", None]),
    ]


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 4))
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), max_size=8))
    names = draw(st.lists(NAMES, min_size=len(kinds), max_size=len(kinds), unique=True))
    index = draw(st.sampled_from(indexes(rows)))
    columns = {}
    for name, kind in zip(names, kinds, strict=True):
        values, dtype = KINDS[kind]
        drawn = draw(st.lists(values, min_size=rows, max_size=rows))
        columns[name] = pd.Series(drawn, dtype=dtype).set_axis(index)
    return pd.DataFrame(columns, index=index)


@pytest.fixture(scope="module")
def sides(flytekit_bin: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoSides]:
    with both(flytekit_bin, tmp_path_factory.mktemp("sides")) as sides:
        yield sides


def same(first: Any, second: Any) -> None:
    assert type(first) is type(second)
    if isinstance(first, pd.DataFrame):
        pd.testing.assert_frame_equal(first, second, check_exact=True)
    elif isinstance(first, pa.Table):
        assert (first.schema, first.schema.metadata) == (second.schema, second.schema.metadata)
        assert repr(first.to_pydict()) == repr(second.to_pydict())  # NaN is NaN
    else:
        assert first == second


def goes_both_ways(sides: TwoSides, case: Case, value: object) -> object:
    """What flytekit reads of its own, once all four ways give it."""
    its_own, read_by_us = sides.of_flytekit(case, value)
    assert not its_own.refused
    same(its_own.answer, read_by_us.answer)
    for outcome in sides.of_ours(case, value):
        assert not outcome.refused
        same(its_own.answer, outcome.answer)
    return its_own.answer


@settings(max_examples=15)
@given(frames())
def test_any_frame_goes_both_ways(sides: TwoSides, frame: pd.DataFrame) -> None:
    goes_both_ways(sides, Case("pd.DataFrame"), frame)


FRAME = pd.DataFrame(
    {
        "a": [1, 2],
        "b": ["x", None],
        "c": [1.5, float("nan")],
        "d": pd.to_datetime(["2024-01-02", "2024-01-03"]),
        "e": [{"x": 1, "y": "z"}, {"x": 2, "y": "w"}],
    }
)
ARROW = pa.table(
    {
        "small": pa.array([1, None], pa.int8()),
        "decimal": pa.array([1, 2], pa.decimal128(10, 2)),
        "large": pa.array(["a", None], pa.large_string()),
        "dictionary": pa.array(["a", "b"]).dictionary_encode(),
        "zoned": pa.array([1, 2], pa.timestamp("ns", "Europe/Berlin")),
        "span": pa.array([1, 2], pa.duration("s")),
        "bytes": pa.array([b"x", None]),
        "list": pa.array([[1], None]),
        "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
        "struct": pa.array([{"x": 1}, None]),
        "half": pa.array([1.5, None], pa.float16()),
        "day": pa.array([86_400_000, 0], pa.date64()),
        "nothing": pa.nulls(2),
    }
).replace_schema_metadata({"k": "v"})
SUBSET = "Annotated[StructuredDataset, kwtypes(c=float, a=int)]"


@pytest.mark.parametrize(
    ("case", "value"),
    [
        (Case("pa.Table"), ARROW),
        (Case("pa.Table"), pa.table({})),
        (Case("Annotated[pa.Table, kwtypes(large=str, small=int)]"), ARROW),
        (Case("StructuredDataset", ALL, HELD), FRAME),
        (Case("StructuredDataset", TABLE, HELD), FRAME),
        (Case("StructuredDataset", ALL, HELD), pa.Table.from_pandas(FRAME)),
        (Case(SUBSET, ALL, HELD), FRAME),
        (Case(SUBSET, TABLE, HELD), FRAME),
        (Case(SUBSET, ALL, HELD, read_as="StructuredDataset"), FRAME),
        (Case(SUBSET, made=HELD, read_as="pd.DataFrame"), FRAME),
        (Case(SUBSET, made=HELD, read_as="Annotated[pd.DataFrame, kwtypes(b=str)]"), FRAME),
        (Case("pd.DataFrame", ALL, read_as=SUBSET), FRAME),
        (Case("pd.DataFrame", read_as="pa.Table"), FRAME),
        (Case("pa.Table", read_as="pd.DataFrame"), ARROW),
        (Case("Annotated[StructuredDataset, 'parquet']", ALL, HELD), FRAME),
        (Case("Annotated[StructuredDataset, 'csv']", ALL, HELD), FRAME),
        (Case("Annotated[StructuredDataset, kwtypes(c=float, a=int), 'csv']", ALL, HELD), FRAME),
        (Case("Annotated[StructuredDataset, 'csv']", made=HELD, read_as="pd.DataFrame"), FRAME),
        (Case("Annotated[StructuredDataset, pa.schema([('a', pa.int64())])]", ALL, HELD), FRAME),
        (Case("list[pd.DataFrame]", "value[1]"), [FRAME, FRAME[["a"]]]),
        (Case("dict[str, pd.DataFrame]", "value['é']"), {"é": FRAME}),
        (Case("pd.DataFrame | None"), FRAME),
    ],
)
def test_tables_datasets_and_their_columns_go_both_ways(sides: TwoSides, case: Case, value: object) -> None:
    goes_both_ways(sides, case, value)


@pytest.mark.parametrize("columns", ["", "[kwtypes(a=int)]", "[kwtypes(a=int, b=str, c=float)]"])
@pytest.mark.parametrize(
    ("read_as", "used"),
    [
        ("", "value.open(pd.DataFrame).all()"),
        ("StructuredDataset", ALL),
        ("pd.DataFrame", "value"),
        ("pa.Table", "value"),
    ],
)
def test_schemas_go_both_ways(sides: TwoSides, columns: str, read_as: str, used: str) -> None:
    case = Case(f"schema.FlyteSchema{columns}", used, read_as=read_as)
    goes_both_ways(sides, case, FRAME[["a", "b", "c"]] if columns.count("=") == 3 else FRAME[["a"]])


ALIASES = (
    *("CSVFile", "HDF5EncodedFile", "HTMLPage", "JPEGImageFile", "JSONLFile", "JoblibSerializedFile", "ONNXFile"),
    *("PDFFile", "PNGImageFile", "PythonNotebook", "PythonPickledFile", "SVGImageFile", "TFRecordFile"),
)
READ = "(Path(value).read_text(), value.path.rsplit('/')[-1])"
TREE = "sorted((below, Path(top, below).read_text()) for top, below in value.crawl())"


@pytest.mark.parametrize("type_", ["file.FlyteFile", "file.FlyteFile['csv']", *(f"file.{each}" for each in ALIASES)])
def test_files_go_both_ways(sides: TwoSides, tmp_path: Path, type_: str) -> None:
    path = tmp_path / "ü #.csv"
    path.write_text("a,b\n")
    assert goes_both_ways(sides, Case(type_, READ), str(path)) == ("a,b\n", path.name)


@pytest.mark.parametrize("type_", ["FlyteDirectory", "FlyteDirectory['svg']", "TensorboardLogs", "TFRecordsDirectory"])
def test_folders_go_both_ways(sides: TwoSides, tmp_path: Path, type_: str) -> None:
    (tmp_path / "deep/deeper").mkdir(parents=True)
    (tmp_path / "a").write_text("1")
    (tmp_path / "deep/b ü#.txt").write_text("2")
    goes_both_ways(sides, Case(f"directory.{type_}", TREE), str(tmp_path))


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "more than one column 'a'"),
        (pd.DataFrame({"a": [1, "x"]}), "column 'a' of object"),
        (pd.DataFrame({"a": [1 + 2j]}), "column 'a' of complex128"),
        (pd.DataFrame({"a": pd.arrays.SparseArray([0, 1])}), "column 'a' of Sparse"),
        (pd.DataFrame({"a": ["\ud800"]}, dtype=object), "column 'a' of object"),
        (pd.DataFrame({"a": [2**70]}, dtype=object), "column 'a' of object"),
        (pd.DataFrame({"a": pd.to_datetime(["2024-01-02 03:04:05.000000006"]).as_unit("ns")}), "would lose data"),
    ],
)
def test_what_flytekit_can_not_keep_we_refuse_by_name(sides: TwoSides, frame: pd.DataFrame, says: str) -> None:
    assert sides.of_flytekit(Case("pd.DataFrame"), frame)[0].refused
    with pytest.raises(TypeMismatch, match=says):
        sides.of_ours(Case("pd.DataFrame"), frame)
