"""pydantic models: every kind of field comes back as pydantic itself gives it back, or is refused at declaration."""
# ruff: noqa: UP007, UP045 - both spellings of unions are what is compared

import enum
import math
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, Optional, TypeVar, Union
from uuid import UUID

import msgspec
import pandas as pd
import pyarrow as pa
import pytest
from flyteidl.core import literals_pb2 as pb
from google.protobuf.json_format import MessageToDict
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    AnyUrl,
    AwareDatetime,
    Base64Bytes,
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    FutureDate,
    HttpUrl,
    Json,
    NaiveDatetime,
    PastDate,
    PlainSerializer,
    RootModel,
    SecretBytes,
    SecretStr,
    StrictInt,
    StringConstraints,
    computed_field,
    field_serializer,
    field_validator,
    model_validator,
)
from typing_extensions import TypedDict

from alula import FlyteFile
from alula.sdk.store import NO_STORE
from alula.sdk.types.engine import TypeMismatch, UnsupportedType, literal_type, to_literal, to_python

T = TypeVar("T")


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Pair(NamedTuple):
    a: int
    b: str


class Options(TypedDict, total=False):
    depth: int


@dataclass
class Point:
    x: int
    at: datetime


class Inner(BaseModel):
    n: int = Field(alias="enn")
    when: datetime | None = None


class Box(BaseModel, Generic[T]):
    held: T


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    name: str


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    name: str


class Numbers(RootModel[list[int]]):
    pass


def round_trip(value, store=NO_STORE):
    type_ = type(value)
    literal_type(type_)
    sent = to_literal(value, type_, store).SerializeToString()
    return to_python(pb.Literal.FromString(sent), type_, store)


MOMENT = datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
KINDS = {
    "int": (int, 2**60),
    "float": (float, 1.5),
    "infinity": (float, -math.inf),
    "decimal": (Decimal, Decimal("1.10")),
    "complex": (complex, 1 + 2j),
    "text": (str, "é"),
    "bytes": (bytes, b"text"),
    "bytes that are no text": (bytes, b"\xff\x00"),
    "list of bytes": (list[bytes], [b"a", b"\xff"]),
    "base64": (Base64Bytes, b"aGk="),
    "bool": (bool, True),
    "datetime": (datetime, MOMENT),
    "naive": (NaiveDatetime, datetime(2024, 1, 2)),
    "aware": (AwareDatetime, MOMENT),
    "past": (PastDate, date(2020, 1, 2)),
    "future": (FutureDate, date(2999, 1, 2)),
    "date": (date, date(2024, 1, 2)),
    "time": (time, time(1, 2, 3)),
    "timedelta": (timedelta, timedelta(days=1, microseconds=5)),
    "enum": (Colour, Colour.RED),
    "int enum": (Level, Level.LOW),
    "dict of enum": (dict[Colour, int], {Colour.RED: 1}),
    "dict of int": (dict[int, list[float]], {1: [math.inf]}),
    "dict of dates": (dict[date, int], {date(2024, 1, 2): 1}),
    "uuid": (UUID, UUID(int=5)),
    "ip": (IPv4Address, IPv4Address("10.0.0.1")),
    "path": (Path, Path("/no/such/file")),
    "pattern": (re.Pattern[str], re.compile("a+")),
    "url": (HttpUrl, HttpUrl("https://a.b/c?d=e")),
    "any url": (AnyUrl, AnyUrl("ftp://a.b/")),
    "secret": (SecretStr, SecretStr("s3cret")),
    "secret bytes": (SecretBytes, SecretBytes(b"\xff")),
    "byte size": (ByteSize, ByteSize(1024)),
    "set": (set[int], {3, 1}),
    "frozenset of dates": (frozenset[date], frozenset([date(2024, 1, 2)])),
    "tuple": (tuple[int, str], (1, "a")),
    "tuples": (tuple[date, ...], (date(2024, 1, 2),)),
    "deque": (deque[int], deque([1, 2])),
    "named tuple": (Pair, Pair(1, "a")),
    "typed dict": (Options, {"depth": 1}),
    "literal": (Literal["a", 1], 1),
    "strict": (StrictInt, 3),
    "constrained": (Annotated[str, StringConstraints(max_length=3)], "abc"),
    "json": (Json[list[int]], "[1, 2]"),
    "optional": (Optional[datetime], MOMENT),
    "union": (Union[int, str, datetime], MOMENT),
    "union of secrets": (Union[SecretStr, str], SecretStr("x")),
    "list of unions": (list[date | datetime | str], [MOMENT, date(2024, 1, 2), "2024-01-02"]),
    "discriminated": (Annotated[Cat | Dog, Field(discriminator="kind")], Dog(name="d")),
    "model": (Inner, Inner(enn=1, when=MOMENT)),
    "models": (dict[str, list[Inner | None]], {"b": [Inner(enn=1)], "a": [None]}),
    "generic": (Box[int | str], Box[int | str](held="1")),
    "root model": (Numbers, Numbers([1, 2])),
    "dataclass": (Point, Point(1, MOMENT)),
    "any": (Any, {"a": [1, None, 2.5, {"b": "c"}]}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_field_comes_back(kind):
    annotation, value = KINDS[kind]
    Model: Any = type("Model", (BaseModel,), {"__annotations__": {"value": annotation}, "__module__": __name__})
    model = Model(value=value)
    back = round_trip(model)
    assert back == model
    assert type(back.value) is type(model.value)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("any", "complex")])
def test_the_same_kinds_under_an_alias_with_strangers_forbidden(kind):
    annotation, value = KINDS[kind]

    class Model(BaseModel):
        model_config = ConfigDict(extra="forbid")
        value: annotation = Field(alias="v", exclude=False)  # pyright: ignore[reportInvalidTypeForm]  a parameter of the test

        @computed_field
        @property
        def more(self) -> int:
            return 1

    model = Model(v=value)
    back = round_trip(model)
    assert back == model
    assert back.more == 1


def test_a_number_that_is_none():
    class Model(BaseModel):
        values: list[float]

    assert all(math.isnan(each) for each in round_trip(Model(values=[math.nan])).values)


class ByName(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    a: int = Field(alias="x")


class Choices(BaseModel):
    a: int = Field(validation_alias=AliasChoices("x", AliasPath("y", 0)))
    b: int = Field(validation_alias=AliasPath("z", 1), serialization_alias="zz")


class Hidden(BaseModel):
    a: int
    b: int = Field(default=3, exclude=True)


class Rounded(BaseModel):
    x: float

    @field_serializer("x")
    def _round(self, x: float) -> float:
        return round(x, 1)


class ForPeople(BaseModel):
    at: datetime

    @field_serializer("at", when_used="json")
    def _short(self, at: datetime) -> str:
        return at.strftime("%d/%m/%y")


class Wrapped(BaseModel):
    items: Annotated[set[int], PlainSerializer(lambda items: ",".join(map(str, sorted(items))))]

    @field_validator("items", mode="before")
    @classmethod
    def _split(cls, items: object) -> object:
        return set(map(int, items.split(","))) if isinstance(items, str) else items


class Counted(BaseModel):
    model_config = ConfigDict(extra="allow")
    x: Annotated[int, AfterValidator(lambda x: x + 1)]

    @model_validator(mode="after")
    def _check(self) -> "Counted":
        return self


class Base64Config(BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    raw: bytes


class StrictModel(BaseModel):
    model_config = ConfigDict(strict=True)
    at: datetime
    id: UUID
    names: set[str]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, use_enum_values=True)
    colour: Colour


@pytest.mark.parametrize(
    "model",
    [
        ByName(x=1),
        Hidden(a=1, b=5),
        Rounded(x=1.25),
        ForPeople(at=MOMENT),
        Wrapped(items={1, 2}),
        Counted(x=1, more="extra"),  # pyright: ignore[reportCallIssue]  it allows extra fields
        Base64Config(raw=b"ab"),
        Frozen(colour=Colour.RED),
        Box[Inner | None](held=None),
    ],
    ids=lambda model: type(model).__name__,
)
def test_what_a_model_makes_of_its_values_is_as_pydantic_gives_it_back(model):
    assert round_trip(model) == type(model).model_validate(model.model_dump(mode="python"))


@pytest.mark.parametrize(
    "model",
    [
        Choices.model_validate({"x": 1, "z": [0, 2]}),
        StrictModel(at=MOMENT, id=UUID(int=1), names={"b", "a"}),
        Base64Config(raw=b"\xff\xfe"),
        Numbers([3]),
    ],
    ids=lambda model: type(model).__name__,
)
def test_what_pydantic_could_not_read_again_comes_back_too(model):
    assert round_trip(model) == model


def test_flytekits_documents_are_read():
    class Model(BaseModel):
        a: int
        span: timedelta
        at: datetime
        either: date | str
        inner: Inner

    literal = pb.Literal()
    written = {
        "a": 1,
        "span": "P1DT5S",
        "at": "2024-01-02T03:04:05.000678Z",
        "either": "2024-01-02",
        "inner": {"enn": 4, "when": None},
    }
    literal.scalar.binary.value = msgspec.msgpack.encode(written)
    literal.scalar.binary.tag = "msgpack"
    assert to_python(literal, Model, NO_STORE) == Model(
        a=1, span=timedelta(days=1, seconds=5), at=MOMENT, either=date(2024, 1, 2), inner=Inner(enn=4)
    )


def test_a_document_is_as_flytekit_writes_it():
    class Model(BaseModel):
        a: int = Field(alias="x")
        span: timedelta
        at: datetime
        names: dict[int, str]

    model = Model(x=1, span=timedelta(seconds=5), at=MOMENT, names={1: "a"})
    literal = to_literal(model, Model, NO_STORE)
    assert msgspec.msgpack.decode(literal.scalar.binary.value) == msgspec.json.decode(model.model_dump_json())


class Required(BaseModel):
    a: int
    secret: str = Field(exclude=True)


class Calls(BaseModel):
    function: Callable[[int], int]


class Frames(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    rows: pd.DataFrame


class Grid(BaseModel):
    cells: dict[tuple[int, int], str] = {}


class Page(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    before: "Page | None" = None
    tables: dict[str, list[pa.Table | None]] = {}


class Pages(BaseModel):
    names: list[str]
    pages: list[Page]


class Keyed(BaseModel):
    inner: dict[str, Required]


@pytest.mark.parametrize(
    ("type_", "told"),
    [
        (Required, "field `secret` of `Required` is required, but `exclude=True`"),
        (Calls, r"field `function` of `Calls` holds `Callable\[\[int\], int\]`, which has no form .* use a dataclass"),
        (Frames, r"field `rows` of `Frames` holds `pandas.DataFrame`, .* use `StructuredDataset\(dataframe"),
        (Grid, r"field `cells` of `Grid`: the keys of `dict\[tuple\[int, int\], str\]` must be texts"),
        (Pages, r"field `tables` of `Page` holds `pyarrow.Table`, .* use `StructuredDataset\(dataframe"),
        (Keyed, "field `secret` of `Required` is required"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_field_that_could_not_come_back_is_refused_at_declaration(type_, told):
    with pytest.raises(UnsupportedType, match=told):
        literal_type(type_)


def test_a_default_that_is_no_json_is_left_out_of_the_schema_in_silence(recwarn):
    class Model(BaseModel):
        key: bytes = b"\xff\xfe"
        keys: dict[str, list[bytes]] = {"a": [b"\xff"]}

    assert MessageToDict(literal_type(Model).metadata)["properties"]["key"] == {
        "format": "binary",
        "title": "Key",
        "type": "string",
    }
    assert to_python(to_literal(Model(), Model, NO_STORE), Model, NO_STORE) == Model()
    assert not recwarn.list


def test_what_does_not_validate_is_told_field_by_field():
    class Model(BaseModel):
        depth: int = Field(gt=0)
        name: str

    literal = pb.Literal()
    literal.scalar.binary.value = msgspec.msgpack.encode({"depth": -1})
    literal.scalar.binary.tag = "msgpack"
    with pytest.raises(TypeMismatch, match=r"depth: Input should be greater than 0; name: Field required$"):
        to_python(literal, Model, NO_STORE)


@pytest.mark.parametrize(
    "type_", [HttpUrl, SecretStr, SecretBytes, AwareDatetime, NaiveDatetime, PastDate, ByteSize], ids=str
)
def test_pydantics_own_types_may_be_fields_of_dataclasses(type_):
    values = {
        HttpUrl: HttpUrl("https://a.b/"),
        SecretStr: SecretStr("x"),
        SecretBytes: SecretBytes(b"x"),
        AwareDatetime: MOMENT,
        NaiveDatetime: datetime(2024, 1, 1),
        PastDate: date(2020, 1, 1),
        ByteSize: ByteSize(5),
    }
    Holder = dataclass(type("Holder", (), {"__annotations__": {"value": type_, "maybe": type_ | None}}))
    value = Holder(values[type_], values[type_])
    assert round_trip(value) == value
    with pytest.raises(UnsupportedType, match="can't be an input or output by itself"):
        literal_type(type_)


def test_a_file_in_a_union_of_a_model():
    class Model(BaseModel):
        source: FlyteFile | str
        sources: list[FlyteFile] = []

    model = Model(source=FlyteFile("s3://b/k"), sources=[FlyteFile("s3://b/k2")])
    back = round_trip(model)
    assert type(back.source) is FlyteFile
    assert back == model


def test_a_union_that_can_not_be_told_apart_is_refused_however_deep():
    class Inner(BaseModel):
        source: FlyteFile[Literal["csv"]] | FlyteFile[Literal["txt"]]

    class Outer(BaseModel):
        inner: list[Inner]

    with pytest.raises(UnsupportedType, match=r"field `inner` of .*Outer`: field `source` of .*can't be told apart"):
        literal_type(Outer)
