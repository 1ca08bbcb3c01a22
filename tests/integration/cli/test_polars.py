"""alula-polars, built as a wheel and installed in an environment of its own: its frames go through a platform."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.platform import RunningPlatform
from tests.plugin_packages import environment, run_remotely

PROJECT = Path(__file__).parents[3]
FLOW = """
from typing import Annotated
import pandas as pd
import polars as pl
from alula import kwtypes, task, workflow

@task
def rows() -> pd.DataFrame:
    return pd.DataFrame({"place": [{"city": "Bern", "zip": 3000}, None], "amount": [1.5, 2.0], "spare": [0, 0]})

@task
def doubled(sales: Annotated[pl.LazyFrame, kwtypes(amount=float, place={"city": str})]) -> pl.LazyFrame:
    assert "PROJECT" in sales.select("amount").explain(), sales.explain()
    return sales.with_columns(pl.col("amount") * 2)

@task
def shown(sales: pl.DataFrame) -> str:
    return str(sales.to_dict(as_series=False))

@task
def total(sales: Annotated[pd.DataFrame, kwtypes(amount=float)]) -> float:
    return float(sales["amount"].sum())

@workflow
def flow() -> tuple[str, float]:
    sales = doubled(sales=rows())
    return shown(sales=sales), total(sales=sales)
"""
SHOWN = "{'amount': [3.0, 4.0], 'place': [{'city': 'Bern'}, None]}"
CHECKS = """
import sys
import polars as pl, pyarrow as pa, pyarrow.fs, pyarrow.parquet
from typing import Annotated
from alula import StructuredDataset, kwtypes
from alula.sdk.store import FileStore
from alula.sdk.types.engine import to_literal, to_python
from alula.sdk.types.frame_library import library_of
from alula.sdk.types.frame_source import Source
from alula.sdk.types.transformer import TypeMismatch

store = FileStore(sys.argv[1] + "/work", sys.argv[1] + "/store")

def refused(*arguments):
    try:
        to_literal(*arguments, store)
    except TypeMismatch as error:
        return str(error)

declared = Annotated[pl.DataFrame, kwtypes(a=int, s={"x": str})]
for empty in (pl.DataFrame({"a": [], "s": []}), pl.DataFrame({"a": [None], "s": [None]})):
    assert to_python(to_literal(empty, declared, store), declared, store).columns == ["a", "s"]
print(refused(pl.DataFrame({"a": ["x"], "s": [{"x": "y"}]}), declared))
print(refused(pl.LazyFrame({"a": ["x"]}), Annotated[pl.LazyFrame, kwtypes(a=int)]))
print(refused(pl.LazyFrame({"a": [1]}), pl.DataFrame))
print(refused(pl.DataFrame({"a": [object()]}), pl.DataFrame))
print(refused(StructuredDataset(pl.DataFrame({"a": [1]}), file_format="csv"), StructuredDataset))
pa.parquet.write_table(pa.table({"a": [1, 2], "s": [{"x": "y", "z": 1}, None]}), sys.argv[1] + "/0.parquet")
columns = kwtypes(s={"x": str}, a=int)
there = Source(sys.argv[1] + "/0.parquet", pa.fs.LocalFileSystem())  # as the objects of a store are read
for source in (there, there._replace(files=None)):
    frame = library_of(pl.LazyFrame).read(source, "parquet", {"s.x": None, "a": None})
    assert frame.filter(pl.col("a") > 1).collect().to_dicts() == [{"s": None, "a": 2}]
    assert frame.collect().to_dicts()[0] == {"s": {"x": "y"}, "a": 1}
"""
REFUSALS = """\
expected polars.DataFrame with column 'a' of int, got column 'a' of large_string
expected polars.LazyFrame with column 'a' of int, got column 'a' of large_string
expected polars.DataFrame, got a polars LazyFrame
expected a data frame that parquet can hold, got column 'a' of Object
expected a polars data frame as parquet, got a polars DataFrame as csv
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has the wheel and, of this one, all that is installed."""
    built = tmp_path_factory.mktemp("wheel")
    source = str(PROJECT / "plugins/alula-polars")
    uv, here = [sys.executable, "-m", "uv"], ["--python", sys.executable]
    build = ["build", "--quiet", "--offline", "--wheel", "--no-build-isolation", "--out-dir", str(built), source]
    subprocess.run([*uv, *build, *here], check=True)
    (wheel,) = built.glob("*.whl")
    made = environment(tmp_path_factory.mktemp("environment"))
    there = ["--python", str(made.python), str(wheel)]
    subprocess.run([*uv, "pip", "install", "--quiet", "--offline", "--no-deps", *there], check=True)
    return made.python


def test_frames_of_polars_go_through_a_platform_beside_those_of_pandas(
    platform: RunningPlatform, python: Path, tmp_path: Path
) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    shown = run_remotely(python, platform.grpc, tmp_path, "flow.py", "flow")
    assert SHOWN in shown
    assert "7.0" in shown


def test_columns_are_checked_and_read_lazily(python: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(python), "-c", CHECKS, str(tmp_path)], cwd=tmp_path, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == REFUSALS
