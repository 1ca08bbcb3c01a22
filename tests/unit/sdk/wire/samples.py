"""Types and values whose wire forms are compared with flytekit's. Imports neither SDK: `api` is one of them."""
# ruff: noqa: UP007, UP045 - both spellings of unions are what is compared

import enum
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Annotated, Any, Literal, Optional, Union

import pandas as pd
import pyarrow as pa
from pydantic import BaseModel

MOMENT = datetime(2024, 1, 2, 3, 4, 5, 600, tzinfo=UTC)
SPAN = timedelta(days=1, seconds=2, microseconds=3)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Inner:
    n: int
    when: datetime
    span: timedelta


@dataclass
class Nested:
    i: int
    f: float
    s: str
    b: bool
    color: Color
    inner: Inner
    day: date
    o: int | None = None
    u: int | str = 3
    items: list[int] = field(default_factory=list)
    named: dict[str, Inner] = field(default_factory=dict)
    counted: dict[int, int] = field(default_factory=dict)
    lists: list[list[float]] = field(default_factory=list)


class Model(BaseModel):
    i: int
    s: str = "x"
    o: int | None = None
    items: list[int] = []
    color: Color = Color.RED
    when: datetime | None = None


def nested():
    inner = Inner(1, MOMENT, SPAN)
    return Nested(
        i=2**53 + 1,
        f=2.0,
        s="é",
        b=True,
        color=Color.BLUE,
        inner=inner,
        day=date(2024, 2, 29),
        u="text",
        items=[1],
        named={"k": inner},
        counted={1: 2},
        lists=[[1.5]],
    )


@dataclass
class Where:
    city: str


@dataclass
class Place:
    x: int
    where: Where


def types_of(api: SimpleNamespace) -> dict[str, object]:
    """Every type by name; `api` has FlyteFile, FlyteDirectory, StructuredDataset and kwtypes."""
    plain: dict[str, Any] = {
        "int": int,
        "float": float,
        "bool": bool,
        "str": str,
        "datetime": datetime,
        "date": date,
        "timedelta": timedelta,
        "none": type(None),
        "list": list[int],
        "list of lists": list[list[str]],
        "dict": dict[str, int],
        "untyped dict": dict,
        "dict of int keys": dict[int, int],
        "enum": Color,
        "choice": Literal["a", "b"],
        "numbers": Literal[1, 2],
        "union": Union[int, str],
        "union with list": Union[int, list[str], None],
        "dataclass": Inner,
        "nested dataclass": Nested,
        "model": Model,
        "file": api.FlyteFile,
        "csv file": api.FlyteFile["csv"],
        "directory": api.FlyteDirectory,
        "png directory": api.FlyteDirectory["png"],
        "frame": pd.DataFrame,
        "table": pa.Table,
        "dataset": api.StructuredDataset,
        "columns": Annotated[api.StructuredDataset, api.kwtypes(a=int, b=str, c=float)],
        "frame columns": Annotated[pd.DataFrame, api.kwtypes(a=int)],
        "nested columns": Annotated[pd.DataFrame, api.kwtypes(p=Place, l=list[list[int]], m=dict[str, int])],
        "columns in columns": Annotated[api.StructuredDataset, api.kwtypes(a=api.kwtypes(b=api.kwtypes(c=str), d=int))],
        "annotated": Annotated[int, "note"],
    }
    variants = ("int", "float", "bool", "str", "datetime", "date", "timedelta", "list", "dict", "untyped dict", "enum",
                "choice", "dataclass", "model", "file", "directory", "frame", "dataset", "table")  # fmt: skip
    optional: dict[str, Any] = {f"optional {name}": Optional[plain[name]] for name in variants}
    return plain | optional


def values() -> dict[str, object]:
    """Values by the name of their type; those that need no file."""
    inner = Inner(1, MOMENT, SPAN)
    return {
        "int": -3,
        "float": 1.5,
        "bool": True,
        "str": "é",
        "datetime": MOMENT,
        "date": date(2024, 1, 2),
        "timedelta": -SPAN,
        "none": None,
        "list": [1, 2],
        "list of lists": [["a"], []],
        "dict": {"a": 1},
        "untyped dict": {"a": 1, "b": [1, None, {"c": 2.0}]},
        "dict of int keys": {1: 2},
        "enum": Color.RED,
        "choice": "a",
        "numbers": 1,
        "union": "a",
        "union with list": ["a"],
        "dataclass": inner,
        "nested dataclass": nested(),
        "model": Model(i=1, when=MOMENT),
        "optional int": None,
        "optional str": "x",
        "optional list": [1],
        "optional dict": {"a": 1},
        "optional untyped dict": {"a": 1},
        "optional enum": Color.BLUE,
        "optional dataclass": inner,
        "optional model": Model(i=2),
        "optional choice": "b",
        "optional date": date(2024, 1, 2),
    }
