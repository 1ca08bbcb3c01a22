"""Dataclasses come back with their fields as they were; `__post_init__` does not run again."""

from dataclasses import InitVar, dataclass, field
from datetime import datetime
from functools import cached_property

import msgspec
import pytest
from flyteidl.core import literals_pb2 as pb

from alula.sdk.store import NO_STORE
from alula.sdk.types.engine import TypeMismatch, to_literal, to_python

runs: list[str] = []


@dataclass
class Result:
    name: str
    score: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        runs.append(self.name)
        self.score = 0.0


@dataclass
class Grows:
    n: int
    tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.n += 1
        self.tags.append("made")


@dataclass
class Parses:
    when: datetime

    def __post_init__(self) -> None:
        self.when = datetime.fromisoformat(self.when)  # pyright: ignore[reportArgumentType]  given as text


@dataclass(frozen=True)
class Frozen:
    a: int
    b: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "b", self.a * 2)


@dataclass(slots=True)
class Slotted:
    a: int
    b: int = field(init=False, default=1)


@dataclass
class NeedsMore:
    a: int
    factor: InitVar[int]

    def __post_init__(self, factor: int) -> None:
        self.a *= factor


@dataclass(init=False)
class OwnInit:
    a: int

    def __init__(self, text: str) -> None:
        self.a = len(text)


@dataclass
class Failure(Exception):
    code: int


@dataclass
class WithCache:
    n: int

    def __post_init__(self) -> None:
        self._seen: list[int] = []
        self.n += 1

    @cached_property
    def double(self) -> int:
        return self.n * 2


@dataclass
class WithHelper:
    n: int

    def __post_init__(self) -> None:
        self._set_up()

    def _set_up(self) -> None:
        self.handle = object()


@dataclass
class Nested:
    results: list[Result]
    own: Result | None = None


def round_trip(value):
    sent = to_literal(value, type(value), NO_STORE).SerializeToString()
    return to_python(pb.Literal.FromString(sent), type(value), NO_STORE)


def scored(score: float) -> Result:
    result = Result("r")
    result.score = score
    return result


@pytest.mark.parametrize(
    "value",
    [
        scored(0.9),
        Grows(1),
        Parses("2024-01-02T03:04:05"),  # pyright: ignore[reportArgumentType]  given as text
        Frozen(2),
        Slotted(1),
        NeedsMore(2, 3),
        OwnInit("four"),
        WithCache(1),
        Nested([scored(0.5), scored(0.7)], scored(0.9)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_fields_are_as_they_were(value):
    assert round_trip(value) == value


def test_an_exception_may_be_a_dataclass():
    assert vars(round_trip(Failure(3))) == {"code": 3}


def test_post_init_does_not_run_again():
    value = scored(0.9)
    runs.clear()
    assert round_trip(value).score == 0.9
    assert runs == []


def test_attributes_that_are_no_fields_are_made_again():
    back = round_trip(WithCache(1))
    assert (back.n, back._seen, back.double) == (2, [], 4)
    assert round_trip(WithHelper(1)).handle is not None


def test_a_document_that_leaves_out_fields_is_completed_by_the_constructor():
    literal = pb.Literal()
    literal.scalar.binary.value = msgspec.msgpack.encode({"n": 1})
    literal.scalar.binary.tag = "msgpack"
    assert to_python(literal, Grows, NO_STORE) == Grows(1)
    literal.scalar.binary.value = msgspec.msgpack.encode({"a": 1})
    assert to_python(literal, Frozen, NO_STORE) == Frozen(1)


def test_fields_that_the_constructor_refuses_are_a_mismatch():
    @dataclass
    class Strict:
        a: int
        b: int = 0

        def __post_init__(self) -> None:
            if self.a < 0:
                raise ValueError("a is negative")

    literal = pb.Literal()
    literal.scalar.binary.value = msgspec.msgpack.encode({"a": -1})
    literal.scalar.binary.tag = "msgpack"
    with pytest.raises(TypeMismatch, match="Strict, got fields that it refuses: a is negative"):
        to_python(literal, Strict, NO_STORE)
