"""From typed text and JSON-like data to Python values."""

from __future__ import annotations

import math
import typing
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Literal, NotRequired, TypedDict
from uuid import UUID

import pandas as pd
import pydantic
import pytest

from alula import FlyteFile, StructuredDataset
from alula.cli.values import describe, from_data, from_text
from alula.core.errors import InvalidInput


class Crossed(Enum):
    LIGHT = "DARK"
    DARK = "LIGHT"


class Shade(Enum):
    LIGHT = "light"
    DARK = "dark"


@dataclass
class Inner:
    rate: float


@dataclass
class Outer:
    depth: int
    inner: Inner | None = None
    tags: list[str] = field(default_factory=list)


@dataclass
class Limited:
    limit: timedelta


class Row(TypedDict):
    price: Decimal
    note: NotRequired[str]


class Model(pydantic.BaseModel):
    size: int
    name: str = "m"


@pytest.mark.parametrize(
    ("text", "hint", "value"),
    [
        ("3", int, 3),
        ("-2.5", float, -2.5),
        ("3", float, 3.0),
        ("hello", str, "hello"),
        ("3", str, "3"),
        ("true", bool, True),
        ("no", bool, False),
        ("dark", Shade, Shade.DARK),
        ("LIGHT", Shade, Shade.LIGHT),
        ("b", Literal["a", "b"], "b"),
        ("2", Literal[1, 2], 2),
        ("2026-01-31T12:00:00Z", datetime, datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31", datetime, datetime(2026, 1, 31, tzinfo=UTC)),
        ("1h30m", timedelta, timedelta(hours=1, minutes=30)),
        ("1 day 2 hours", timedelta, timedelta(days=1, hours=2)),
        ("PT1H30M", timedelta, timedelta(hours=1, minutes=30)),
        ("-P1DT12H", timedelta, -timedelta(days=1, hours=12)),
        ("P2W", timedelta, timedelta(weeks=2)),
        ("250ms", timedelta, timedelta(milliseconds=250)),
        ("90", timedelta, timedelta(seconds=90)),
        ("[1, 2]", list[int], [1, 2]),
        ("- 1\n- 2", list[int], [1, 2]),
        ('{"a": [1.5]}', dict[str, list[float]], {"a": [1.5]}),
        ("{a: 1}", dict[str, int], {"a": 1}),
        ("null", int | None, None),
        ("4", int | None, 4),
        ("4", int | str, 4),
        ("four", int | str, "four"),
        ("null", str | None, None),
        ("", str | None, ""),
        ("[1, null]", list[int | None], [1, None]),
        ('{"depth": 2}', Outer, Outer(2)),
        ('{"depth": 2, "inner": {"rate": 1}, "tags": ["x"]}', Outer, Outer(2, Inner(1.0), ["x"])),
        ('{"size": 1}', Model, Model(size=1)),
        ("5", typing.Annotated[int, "note"], 5),
        ("-1h", timedelta, timedelta(hours=-1)),
        ("-1h30m", timedelta, timedelta(hours=-1, minutes=-30)),
        ("{rate: 1e-3}", dict[str, float], {"rate": 0.001}),
        ("{null: 1, true: 2, 3: 4}", dict[str, int], {"null": 1, "true": 2, "3": 4}),
        ("{true: 1}", dict[bool, int], {True: 1}),
        ("{on: 1, no: 2, 1:30: 3}", dict[str, int], {"on": 1, "no": 2, "1:30": 3}),
        ("[017, 0o17, 0x1F, +1]", list[int], [17, 15, 31, 1]),
        ("[.inf, -1.5E3, .5]", list[float], [math.inf, -1500.0, 0.5]),
        ("[off, 2024-01-02, ~, yes]", list[str | None], ["off", "2024-01-02", None, "yes"]),
        ("LIGHT", Crossed, Crossed.DARK),
        ("1.10", Decimal, Decimal("1.10")),
        ("[1.5, 2]", list[Decimal], [Decimal("1.5"), Decimal(2)]),
        ("00000000-0000-0000-0000-000000000005", UUID | None, UUID(int=5)),
        ("12:30", time, time(12, 30)),
        ('{"price": "1.10"}', Row, {"price": Decimal("1.10")}),
    ],
)
def test_text_becomes_the_value_of_the_type(text, hint, value):
    got = from_text(text, hint, "--x")
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("text", "hint", "said"),
    [
        ("3.5", int, "--x: expected a whole number, got `3.5`"),
        ("abc", float, "--x: expected a number, got `abc`"),
        ("maybe", bool, "--x: expected true or false, got `maybe`"),
        ("grey", Shade, "--x: expected one of light, dark, got `grey`"),
        ("5", UUID, "--x: expected a UUID, got `5`"),
        ("true", list[Decimal], "--x: expected a list[Decimal] as JSON or YAML"),
        ("{price: [1]}", Row, "--x.price: expected a Decimal, got `[1]`"),
        ("{}", Row, "--x: Row needs `price`"),
        ("{prize: 1}", Row, "--x: Row has no key `prize`"),
        ("5", Row, "--x: expected a Row as a JSON or YAML object, got `5`"),
        ("{depth: x}", Outer | None, "--x.depth: expected a whole number, got `x`"),
        ("soon", datetime, "--x: expected a time like"),
        ("1 parsec", timedelta, "--x: expected a duration like"),
        ("", timedelta, "--x: expected a duration like"),
        ("5", list[int], "--x: expected a list[int] as JSON or YAML, got `5`"),
        ('[1, "b"]', list[int], "--x[1]: expected a whole number, got `b`"),
        ("[true]", list[int], "--x[0]: expected a whole number, got `true`"),
        ('{"a": "b"}', dict[str, int], "--x.a: expected a whole number"),
        ("{", dict[str, int], "--x: `{` is neither JSON nor YAML"),
        ('{"dept": 1}', Outer, "--x: Outer has no field `dept`"),
        ("{}", Outer, "--x: Outer needs `depth`"),
        ('{"depth": 1, "inner": {"rate": "fast"}}', Outer, "--x.inner.rate: expected a number, got `fast`"),
        ('{"size": "big"}', Model, "--x: no Model: size: "),
        ("x", int | float, "--x: expected int or float, got `x`"),
        ("nosuch.csv", FlyteFile, "there is no file or folder `nosuch.csv`"),
        ("nosuch.parquet", pd.DataFrame, "there is no file `nosuch.parquet`"),
        ("table.xlsx", pd.DataFrame, "expected a file that ends in .parquet"),
    ],
)
def test_what_does_not_fit_is_said_with_its_place(text, hint, said):
    with pytest.raises(InvalidInput) as raised:
        from_text(text, hint, "--x")
    assert said in str(raised.value)


def test_an_unknown_field_brings_the_nearest_name():
    with pytest.raises(InvalidInput) as raised:
        from_data({"dept": 1}, Outer, "--x")
    assert raised.value.fix == "did you mean `depth`?"


def test_now_is_a_time():
    before = datetime.now(UTC)
    assert before <= from_text("now", datetime, "--x") <= datetime.now(UTC)


def test_files_are_paths_or_urls(tmp_path: Path):
    (tmp_path / "a.txt").write_text("hi")
    assert from_text(str(tmp_path / "a.txt"), FlyteFile, "--x").path == str(tmp_path / "a.txt")
    assert from_text(str(tmp_path / "a.txt"), FlyteFile["txt"], "--x").path == str(tmp_path / "a.txt")  # pyright: ignore[reportUndefinedVariable]  a format
    assert from_text("https://example.org/a.txt", FlyteFile, "--x").path == "https://example.org/a.txt"


def test_frames_are_read_from_files(tmp_path: Path):
    frame = pd.DataFrame({"a": [1, 2]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    for name in ("a.csv", "a.parquet"):
        pd.testing.assert_frame_equal(from_text(str(tmp_path / name), pd.DataFrame, "--x"), frame)
    dataset = from_text(str(tmp_path / "a.csv"), StructuredDataset, "--x")
    pd.testing.assert_frame_equal(dataset.dataframe, frame)


@pytest.mark.parametrize(
    ("hint", "text"),
    [(int, "int"), (list[str], "list[str]"), (Shade, "light|dark"), (int | None, "int or null"), (Outer, "Outer")],
)
def test_types_are_described_in_few_words(hint, text):
    assert describe(hint) == text


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e20", "999999999999d", "-1e12"])
def test_a_duration_that_can_not_be_is_refused_wherever_it_stands(text: str) -> None:
    for data, hint in ((text, timedelta), (f"[{text!r}]", list[timedelta]), (f"{{limit: {text}}}", Limited)):
        with pytest.raises(InvalidInput) as caught:
            from_text(data, hint, "--x")
        assert caught.value.code == "BadValue"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+05:30", "9999-12-31T23:59:59-01:00"])
def test_a_time_that_is_none_in_utc_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="in UTC"):
        from_text(text, datetime, "--x")


def test_what_lies_too_deep_is_refused() -> None:
    assert from_text("[" * 150 + "]" * 150, list, "--x")
    for text in ("[" * 500 + "]" * 500, "[" * 100_000, "&a [*a]"):
        with pytest.raises(InvalidInput) as caught:
            from_text(text, list, "--x")
        assert caught.value.code == "BadValue"
