"""UUID, Decimal and times of day as texts, and TypedDict as a document, by themselves and inside other types."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import NotRequired, Optional, Required, TypedDict
from uuid import UUID

import pytest
from flyteidl.core.types_pb2 import SimpleType
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st

from alula import task, workflow
from alula.core.errors import InvalidInput
from alula.sdk.store import NO_STORE
from alula.sdk.types.engine import from_plain, literal_type, to_literal, to_python
from alula.sdk.types.transformer import TypeMismatch, UnsupportedType

ID = UUID(int=5)


class Base(TypedDict):
    id: UUID
    amount: Decimal


class Order(Base, total=False):
    """Annotations are texts here, which Python itself does not see through."""

    at: time
    tags: Required[list[str]]
    note: NotRequired[Optional[str]]  # noqa: UP045  # both spellings are met


class Tree(TypedDict):
    name: str
    children: list[Tree]


ORDER: Order = {"id": ID, "amount": Decimal("1.10"), "tags": ["a"], "note": None}


def there_and_back(value: object, type_: object) -> object:
    return to_python(to_literal(value, type_, NO_STORE), type_, NO_STORE)


@given(st.one_of(st.uuids(), st.decimals(allow_nan=False), st.times()))
def test_a_text_comes_back_as_it_was(value):
    kind = type(value)
    assert literal_type(kind).simple == SimpleType.STRING
    back = there_and_back(value, kind)
    assert (back, str(back)) == (value, str(value))
    assert there_and_back([value], list[kind]) == [value]
    assert there_and_back(value, kind | None) == value
    assert there_and_back({"a": {value}}, dict[str, set[kind]]) == {"a": {value}}


def test_nan_is_a_decimal():
    assert str(there_and_back(Decimal("NaN"), Decimal)) == "NaN"


@pytest.mark.parametrize("value", ["a", UUID(int=1)])
def test_a_text_and_a_class_in_one_union_come_back_as_they_were(value):
    assert there_and_back(value, str | UUID) == value


@pytest.mark.parametrize(("kind", "plain"), [(UUID, "no"), (Decimal, "1,1"), (time, "25:00"), (Decimal, 1.5)])
def test_a_text_that_is_none_is_refused(kind, plain):
    with pytest.raises(TypeMismatch, match=f"expected {kind.__name__}, got "):
        from_plain(plain, kind, NO_STORE)
    with pytest.raises(TypeMismatch):
        to_literal(plain, kind, NO_STORE)


def test_a_typed_dict_comes_back_as_it_was():
    assert there_and_back(ORDER, Order) == ORDER
    assert there_and_back([ORDER], list[Order]) == [ORDER]
    assert there_and_back({"a": ORDER}, dict[str, Order]) == {"a": ORDER}
    assert there_and_back(ORDER, Order | None) == ORDER
    assert there_and_back(ORDER, int | Order) == ORDER


def test_a_typed_dict_may_contain_itself():
    tree: Tree = {"name": "a", "children": [{"name": "b", "children": []}]}
    assert there_and_back(tree, Tree) == tree


def test_its_schema_says_what_must_be_there():
    schema = MessageToDict(literal_type(Order).metadata)
    assert sorted(schema["required"]) == ["amount", "id", "tags"]
    assert sorted(literal_type(Order).structure.dataclass_type) == ["amount", "at", "id", "note", "tags"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"id": ID, "tags": []}, "expected Order with a key `amount`, got dict"),
        ({**ORDER, "colour": 1}, "expected Order without a key 'colour', got dict"),
        ({**ORDER, "tags": [1]}, r"expected str, got int 1 \(at \['tags'\]\[0\]\)"),
        ([], "expected Order, got list"),
    ],
)
def test_a_dict_that_is_none_is_refused(value, message):
    with pytest.raises(TypeMismatch, match=message):
        to_literal(value, Order, NO_STORE)


def test_a_key_without_a_form_is_refused():
    class Bad(TypedDict):
        lock: object

    with pytest.raises(UnsupportedType, match=r"key `lock` of `.*Bad`"):
        literal_type(Bad)


@task
def name(id: UUID, amount: Decimal = Decimal("0.1")) -> str:
    return f"{id.int} {amount + 1}"


@task
def order(id: UUID) -> Order:
    return {"id": id, "amount": Decimal(2), "tags": []}


@task
def text() -> str:
    return "no uuid"


def test_they_are_inputs_outputs_and_constants_of_steps():
    @workflow
    def flow(id: UUID, amount: Decimal = Decimal("0.5")) -> tuple[str, Order, str]:
        made = order(id=id)
        return name(id=id, amount=amount), made, name(id=made["id"], amount=Decimal("0.25"))

    assert flow(id=ID) == ("5 1.5", {"id": ID, "amount": Decimal(2), "tags": []}, "5 1.25")


def test_a_promise_of_a_text_is_checked_when_it_is_there():
    @workflow
    def flow() -> str:
        return name(id=text())  # pyright: ignore[reportArgumentType]  a mistake on purpose

    with pytest.raises(Exception, match="expected UUID, got str 'no uuid'"):
        flow()


def test_a_constant_of_another_class_is_refused_at_once():
    @workflow
    def flow() -> str:
        return name(id="5")  # pyright: ignore[reportArgumentType]

    with pytest.raises(InvalidInput, match="input `id` of task `name` expects UUID, got str '5'"):
        flow.graph()
