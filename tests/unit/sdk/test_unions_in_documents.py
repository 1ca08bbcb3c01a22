"""Unions inside dataclasses and models: a value comes back as what it was, or its type is refused at declaration."""
# ruff: noqa: UP007, UP045 - both spellings of unions are what is compared

import enum
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal, Optional, Union

import msgspec
import pytest
from flyteidl.core import literals_pb2 as pb
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, HttpUrl, SecretStr
from tests.pets import Cat, Dog, Puppy, Wolf

from alula import FlyteDirectory, FlyteFile, task, workflow
from alula.core.errors import InvalidInput
from alula.sdk.store import NO_STORE, FileStore
from alula.sdk.types.engine import TypeMismatch, UnsupportedType, literal_type, to_literal, to_python


class E(enum.Enum):
    A = "a"


class N(enum.Enum):
    ONE = 1


@dataclass
class H:
    pet: Cat | Dog
    when: date | datetime
    day: str | date
    e: str | E
    t: float | timedelta


@dataclass
class Twins:
    one: Dog | Wolf
    many: list[Dog | Wolf | None]
    named: dict[str, Dog | Wolf]
    pair: tuple[Dog | Wolf, date | str]


class MCat(BaseModel):
    lives: int = 9


class MDog(BaseModel):
    name: str


class MWolf(BaseModel):
    name: str


class MH(BaseModel):
    pet: MCat | MDog | MWolf
    pets: list[MWolf | MDog] = []
    when: date | datetime
    day: str | date
    e: str | E
    t: float | timedelta
    place: str | Path
    link: HttpUrl | str = "x"
    secret: SecretStr | int = 0
    named: dict[str, MDog | MWolf | None] = {}


def round_trip(value, type_, store=NO_STORE):
    sent = to_literal(value, type_, store).SerializeToString()
    return to_python(pb.Literal.FromString(sent), type_, store)


def as_flytekit_writes(plain):
    literal = pb.Literal()
    literal.scalar.binary.value = msgspec.msgpack.encode(plain)
    literal.scalar.binary.tag = "msgpack"
    return literal


def test_each_value_keeps_its_own_class():
    value = H(Dog("fido"), datetime(2024, 1, 2, 3), date(2024, 1, 2), E.A, timedelta(seconds=5))
    back = round_trip(value, H)
    assert back == value
    assert [type(each) for each in vars(back).values()] == [Dog, datetime, date, E, timedelta]


def test_the_other_variants_too():
    value = H(Cat(3), date(2024, 1, 2), "2024-01-02", "a", 5.0)
    back = round_trip(value, H)
    assert back == value
    assert [type(each) for each in vars(back).values()] == [Cat, date, str, str, float]


def test_classes_with_the_same_fields_inside_containers():
    value = Twins(Wolf("w"), [Dog("d"), None, Wolf("v")], {"x": Wolf("x"), "a": Dog("y")}, (Wolf("p"), "2024-01-01"))
    back = round_trip(value, Twins)
    assert back == value
    assert type(back.pair[1]) is str


def test_the_same_in_a_pydantic_model():
    value = MH(
        pet=MWolf(name="w"),
        pets=[MDog(name="d"), MWolf(name="w")],
        when=datetime(2024, 1, 2, 3),
        day=date(2024, 1, 2),
        e=E.A,
        t=timedelta(seconds=5),
        place=Path("/no/such"),
        link=HttpUrl("https://example.com/"),
        secret=SecretStr("s"),
        named={"b": MWolf(name="1"), "a": None},
    )
    back = round_trip(value, MH)
    assert back == value
    assert [type(each) for each in dict(back).values()] == [type(each) for each in dict(value).values()]
    assert type(back.pets[1]) is MWolf


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        (Union[str, Path], ["text", Path("/x")]),
        (Union[bool, int, float, str], [True, 1, 1.0, "1"]),
        (Union[Literal["a"], E], ["a", E.A]),
        (Union[int, N], [1, N.ONE]),
        (Union[list[int], list[str]], [[1], ["1"]]),
        (Union[dict, Dog], [{"name": "x"}, {"$variant": "Dog", "name": "x"}, Dog("x")]),
        (Union[str, bytes], ["a", b"a"]),
        (Union[FlyteFile, FlyteDirectory, str], ["s3://b/k", FlyteFile("s3://b/k"), FlyteDirectory("s3://b/k")]),
        (Union[set[int], list[int], tuple[int, ...]], [{1}, [1], (1,)]),
        (Optional[Dog], [None, Dog("x")]),
    ],
    ids=str,
)
def test_a_variant_that_another_would_swallow(type_, values, tmp_path):
    Holder = dataclass(type("Holder", (), {"__annotations__": {"value": type_}}))
    store = FileStore(str(tmp_path / "raw"), str(tmp_path))
    for value in values:
        if isinstance(value, Path):
            value = tmp_path / "file"
            value.write_text("x")
        back = round_trip(Holder(value), Holder, store).value
        assert type(back) is type(value)
        assert back == value or isinstance(value, Path)


@given(st.lists(st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.none()))
def test_plain_variants_survive_in_any_mixture(values):
    @dataclass
    class Mixed:
        values: list[float | str | int | bool | None]

    back = round_trip(Mixed(values), Mixed).values
    assert back == values
    assert [type(each) for each in back] == [type(each) for each in values]


def test_what_flytekit_writes_is_taken_for_what_matches_it_exactly():
    written = {"pet": {"name": "fido"}, "when": "2024-01-02T03:00:00", "day": "x", "e": "b", "t": 5.0}
    back = to_python(as_flytekit_writes(written), H, NO_STORE)
    assert back == H(Dog("fido"), datetime(2024, 1, 2, 3), "x", "b", 5.0)


def test_where_the_bytes_say_the_variant_they_are_flytekits():
    value = H(Dog("fido"), datetime(2024, 1, 2, 3), "x", "b", 5.0)
    written = {"pet": {"name": "fido"}, "when": "2024-01-02T03:00:00", "day": "x", "e": "b", "t": 5.0}
    assert to_literal(value, H, NO_STORE) == as_flytekit_writes(written)


def test_a_named_variant_is_a_key_more_beside_the_fields():
    literal = to_literal(Twins(Wolf("w"), [], {}, (Dog("d"), "x")), Twins, NO_STORE)
    plain = msgspec.msgpack.decode(literal.scalar.binary.value)
    assert plain["one"] == {"name": "w", "$variant": "Wolf"}
    assert plain["pair"][0] == {"name": "d"}


def test_a_picked_value_is_read_by_the_type_itself_too():
    assert to_python(as_flytekit_writes({"$variant": "Wolf", "name": "w"}), Wolf, NO_STORE) == Wolf("w")
    assert to_python(as_flytekit_writes({"$variant": "timedelta", "$value": 5.0}), timedelta, NO_STORE).seconds == 5


def test_an_untagged_document_for_a_union_is_the_best_match():
    assert to_python(as_flytekit_writes({"name": "x"}), Union[Cat, Dog], NO_STORE) == Dog("x")
    assert to_python(as_flytekit_writes({}), Union[Dog, Cat], NO_STORE) == Cat()


def test_an_untagged_document_that_fits_two_classes_is_told():
    with pytest.raises(TypeMismatch, match=r"one variant of Dog \| Wolf, got a document that fits Dog and Wolf"):
        to_python(as_flytekit_writes({"name": "x"}), Union[Dog, Wolf], NO_STORE)
    assert round_trip(Wolf("x"), Union[Dog, Wolf]) == Wolf("x")


@pytest.mark.parametrize("value", [Dog("x"), Cat(3)], ids=str)
def test_a_promise_into_a_union_that_it_fits_twice_is_the_exact_type(value):
    type_ = type(value)

    @task
    def make() -> type_:  # pyright: ignore[reportInvalidTypeForm]  a parameter of the test
        return value

    @task
    def take(pet: Cat | Dog, other: Dog | Cat | None = None) -> str:
        return f"{pet} {other}"

    @workflow
    def flow() -> str:
        made = make()
        return take(pet=made, other=made)

    assert flow() == f"{value} {value}"


class Colour(enum.Enum):
    RED = "red"


GIVEN_NO_VARIANT = [
    (Wolf, Cat | Dog, "Cat | Dog"),
    (Puppy, Cat | Dog, "Cat | Dog"),
    (MWolf, Union[MCat, MDog, None], "MCat | MDog | None"),
    (dict, Cat | Dog, "Cat | Dog"),
    (Dog, dict | int, "dict[Any, Any] | int"),
    (datetime, date | int, "date | int"),
    (date, datetime | int, "datetime | int"),
    (Colour, Literal["x"] | int, "Literal['x'] | int"),
    (Colour, Literal["x"] | None, "Literal['x'] | None"),
    (list[Colour], list[Literal["x"] | None], "list[Literal['x'] | None]"),
    (list[Wolf], list[Cat | Dog], "list[Cat | Dog]"),
    (dict[str, Wolf], dict[str, Cat | Dog], "dict[str, Cat | Dog]"),
    (list[dict[str, Wolf]], list[dict[str, Cat | Dog]] | None, "list[dict[str, Cat | Dog]] | None"),
    (Optional[Wolf], Cat | Dog | None, "Cat | Dog | None"),
    (Union[Dog, Wolf], Cat | Dog, "Cat | Dog"),
]


@pytest.mark.parametrize(("given_type", "union", "shown"), GIVEN_NO_VARIANT, ids=str)
def test_a_promise_that_is_no_variant_is_refused_when_it_is_declared(given_type, union, shown):
    @task
    def make() -> given_type:  # pyright: ignore[reportInvalidTypeForm]  a parameter of the test
        raise AssertionError("never runs")

    @task
    def take(pet: union) -> None: ...  # pyright: ignore[reportInvalidTypeForm]  a parameter of the test

    @workflow
    def flow():
        take(pet=make())

    with pytest.raises(InvalidInput) as raised:
        flow.graph()
    assert raised.value.code == "WrongValue"
    assert f"`pet` of task `take` expects {shown}, got <promise of `n0.o0`> of type" in str(raised.value)


@task
def make_wolf() -> Wolf:
    raise AssertionError("never runs")


@workflow
def with_a_list_of_promises():
    @task
    def take(pets: list[Cat | Dog]) -> None: ...

    take(pets=[make_wolf(), Dog("x")])  # pyright: ignore[reportArgumentType]  a mistake on purpose


@workflow
def with_an_output() -> Cat | Dog:
    return make_wolf()  # pyright: ignore[reportReturnType]  a mistake on purpose


@pytest.mark.parametrize("flow", [with_a_list_of_promises, with_an_output], ids=lambda flow: flow.interface.name)
def test_the_same_inside_a_list_and_as_an_output(flow):
    with pytest.raises(
        InvalidInput, match=r"expects Cat \| Dog, got <promise of `n0.o0`> of type .*Wolf, which is none"
    ):
        flow()


@pytest.mark.parametrize("other", [Wolf, MDog])
def test_a_promise_that_its_fields_do_not_tell_from_another_variant_is_refused(other):
    @task
    def make() -> Dog:
        raise AssertionError("never runs")

    @task
    def take(pet: Dog | other) -> None: ...  # pyright: ignore[reportInvalidTypeForm]  a parameter of the test

    @workflow
    def flow():
        take(pet=make())

    with pytest.raises(InvalidInput, match=rf"tell Dog and {other.__name__} apart; let the step return `Dog \|"):
        flow.graph()


class Paint(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Signal(enum.Enum):
    RED = "red"


@pytest.mark.parametrize("other", [Paint, Literal["red", "amber"], str], ids=str)
def test_a_promise_that_its_values_do_not_tell_from_another_variant_is_refused(other):
    @task
    def make() -> Colour:
        raise AssertionError("never runs")

    @task
    def take(colour: Union[Colour, other]) -> None: ...  # pyright: ignore[reportInvalidTypeForm]  a parameter of the test

    @workflow
    def flow():
        take(colour=make())

    with pytest.raises(
        InvalidInput, match=r"whose values do not tell Colour and .* apart; let the step return `Colour"
    ):
        flow.graph()


def test_an_enum_beside_one_of_other_values_is_read_as_itself():
    @task
    def make() -> Colour:
        return Colour.RED

    @task
    def take(value: Colour | E | int) -> str:
        return repr(value)

    @workflow
    def flow() -> str:
        return take(value=make())

    assert flow() == repr(Colour.RED)


def test_two_enums_of_the_same_values_are_told_apart_in_documents_only():
    @dataclass
    class Light:
        colour: Colour | Signal

    assert round_trip(Light(Signal.RED), Light) == Light(Signal.RED)
    with pytest.raises(UnsupportedType, match=r"`Colour` and `Signal` of the same values, which can't be told apart"):
        literal_type(Colour | Signal)


def test_a_promise_of_a_class_beside_a_map_is_the_class():
    @task
    def make() -> Cat:
        return Cat(3)

    @task
    def take(value: Cat | dict[str, int]) -> str:
        return repr(value)

    @workflow
    def flow() -> str:
        return take(value=make())

    assert flow() == "Cat(lives=3)"


def test_a_promise_of_the_text_of_an_enum_is_a_text():
    @task
    def make() -> str:
        return "a"

    @task
    def take(value: E | str) -> str:
        return type(value).__name__

    @workflow
    def flow() -> str:
        return take(value=make())

    assert flow() == "str"


def test_a_subclass_is_refused_instead_of_losing_fields():
    @dataclass
    class Kennel:
        dog: Dog

    with pytest.raises(TypeMismatch, match=r"Puppy.*a subclass whose own fields would be lost"):
        to_literal(Kennel(Puppy("p")), Kennel, NO_STORE)
    with pytest.raises(TypeMismatch, match="a subclass"):
        to_literal(Puppy("p"), Dog, NO_STORE)
    assert round_trip(Puppy("p", 3), Union[Dog, Puppy]) == Puppy("p", 3)


def test_a_subclass_of_a_model_is_refused_inside_a_model_too():
    class MPuppy(MDog):
        weeks: int = 8

    class Kennel(BaseModel):
        dogs: list[MDog]

    with pytest.raises(TypeMismatch, match=r"a subclass.*\['dogs'\]\[0\]"):
        to_literal(Kennel(dogs=[MPuppy(name="p")]), Kennel, NO_STORE)


def _other_dog():
    return dataclass(type("Dog", (), {"__annotations__": {"name": str}, "__qualname__": "Dog"}))


@pytest.mark.parametrize(
    ("type_", "told"),
    [
        (Union[Dog, _other_dog()], "variants `Dog` and `Dog`, which can't be told apart"),
        (Union[FlyteFile[Literal["csv"]], FlyteFile[Literal["txt"]]], r"`FlyteFile\['csv'\]` and `FlyteFile\['txt'\]`"),
    ],
    ids=str,
)
def test_variants_that_nothing_tells_apart_are_refused_at_declaration(type_, told):
    Holder = dataclass(type("Holder", (), {"__annotations__": {"value": type_}}))
    for declared in (type_, Holder):
        with pytest.raises(UnsupportedType, match=told):
            literal_type(declared)


def test_a_mistake_inside_an_optional_dataclass_keeps_its_reason():
    @dataclass
    class Holder:
        dog: Dog | None = None
        dogs: list[Dog] = field(default_factory=list)

    with pytest.raises(TypeMismatch, match=r"expected str, got int 3 \(at \['dog'\]\['name'\]\)"):
        to_python(as_flytekit_writes({"dog": {"name": 3}}), Holder, NO_STORE)


def test_moments_in_unions_of_other_zones():
    value = H(Cat(), datetime(2024, 1, 2, tzinfo=UTC), date(2024, 1, 2), E.A, timedelta(days=1))
    assert round_trip(value, H) == value


class Level(enum.IntEnum):
    ONE = 1


class Word(str, enum.Enum):  # noqa: UP042 - str() of a member is its name, not its text
    X = "x"


DERIVED = [
    (Level | int, [Level.ONE, 1]),
    (Level | int | float, [Level.ONE, 1, 1.0]),
    (Word | str, [Word.X, "x"]),
    (str | Word | int, [Word.X, "x", 1]),
]


@pytest.mark.parametrize(("union", "values"), DERIVED, ids=str)
def test_a_member_of_an_enum_that_is_a_number_or_a_text_is_a_member_first(union, values):
    @dataclass
    class Holder:
        value: union  # pyright: ignore[reportInvalidTypeForm]  a parameter of the test

    for value in values:
        back = round_trip(Holder(value), Holder).value
        assert (back, type(back)) == (value, type(value))


def test_a_text_of_a_subclass_goes_as_its_own_text():
    class Loud(str):
        __slots__ = ()

        def __str__(self):
            return "loud"

    assert round_trip(Word.X, str) == "x"
    assert round_trip([Loud("quiet")], list[str]) == ["quiet"]
    assert round_trip(Word.X, Literal["x", "y"]) == "x"


EMPTY = [(list[int] | list[str], []), (dict[str, int] | dict[str, str], {}), (set[int] | set[str], set())]


@pytest.mark.parametrize(("union", "value"), EMPTY, ids=str)
def test_a_collection_without_items_is_of_any_variant(union, value):
    @dataclass
    class Holder:
        value: union  # pyright: ignore[reportInvalidTypeForm]  a parameter of the test

    assert round_trip(Holder(value), Holder).value == value
