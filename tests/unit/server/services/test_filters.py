from __future__ import annotations

import pytest
from flyteidl.admin import common_pb2

from alula.core.errors import InvalidInput
from alula.server.services import filters
from alula.server.services.filters import EXECUTION_FIELDS, NODE_FIELDS, PAGE_MAX_ROWS, parse, query
from alula.server.services.tokens import token_of
from alula.server.store.query import Filter


def test_terms_are_joined_by_plus() -> None:
    assert parse("eq(phase,RUNNING)+ne(name,a+b)+value_in(execution_tag.key,a;b)", EXECUTION_FIELDS) == (
        Filter("phase", "eq", ("RUNNING",)),
        Filter("name", "ne", ("a+b",)),
        Filter("execution_tag.key", "value_in", ("a", "b")),
    )


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("execution.createdAt", "created_at"),
        ("execution_name", "name"),
        ("user", "principal"),
        ("task.name", "launch_plan.name"),
        ("execution.phase", "phase"),
    ],
)
def test_flytes_own_names_of_fields_are_understood(text: str, field: str) -> None:
    assert parse(f"eq({text},x)", EXECUTION_FIELDS)[0].field == field


def test_flytes_own_spellings_of_values_are_understood() -> None:
    assert parse("eq(mode,RELAUNCH)", EXECUTION_FIELDS)[0].values == ("3",)
    assert parse("eq(launch_entity,TASK)", EXECUTION_FIELDS)[0].values == ("task",)
    assert parse("eq(cache_status,CACHE_HIT)", NODE_FIELDS)[0].values == ("HIT",)


@pytest.mark.parametrize("text", ["phase=RUNNING", "eq(phase)", "like(phase,x)", "eq(phase,x)+", "eq(phase,x)x"])
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(text, EXECUTION_FIELDS)
    assert caught.value.code == "InvalidFilter"


@pytest.mark.parametrize(
    ("text", "is_fine"),
    [
        ("+".join(["eq(phase,RUNNING)"] * 100), True),
        ("+".join(["eq(phase,RUNNING)"] * 101), False),
        ("value_in(name," + ";".join(["x"] * 1_000) + ")", True),
        ("value_in(name," + ";".join(["x"] * 1_001) + ")", False),
    ],
    ids=["most filters", "one more", "most values", "one value more"],
)
def test_more_than_a_database_takes_is_refused(text: str, is_fine: bool) -> None:
    if is_fine:
        assert filters.parse(text, filters.EXECUTION_FIELDS)
        return
    with pytest.raises(InvalidInput) as raised:
        filters.parse(text, filters.EXECUTION_FIELDS)
    assert raised.value.code == "TooManyFilters"


def test_an_unknown_field_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse("eq(colour,red)", EXECUTION_FIELDS)
    assert caught.value.code == "UnknownField"
    assert "phase" in caught.value.fix


@pytest.mark.parametrize("token", ["x", "-1", "1.5", "٣", "k", "k!", "kkk", "k" + "A" * 30_000])
def test_a_bad_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        query(EXECUTION_FIELDS, limit=1, token=token)
    assert caught.value.code == "InvalidToken"


def test_a_sort_key_without_a_direction_is_descending() -> None:
    page = query(EXECUTION_FIELDS, limit=5, token="10", sort_by=common_pb2.Sort(key="updated_at"))
    assert (page.sort_by, page.descending, page.offset) == ("updated_at", True, 10)
    ascending = common_pb2.Sort(key="name", direction=common_pb2.Sort.ASCENDING)
    assert not query(EXECUTION_FIELDS, limit=5, sort_by=ascending).descending


def test_a_page_has_a_limit_of_its_own() -> None:
    assert query(EXECUTION_FIELDS, limit=1 << 31).limit == PAGE_MAX_ROWS
    with pytest.raises(InvalidInput):
        query(EXECUTION_FIELDS, limit=0)


def test_a_token_goes_on_from_a_position_in_its_own_order() -> None:
    asked = query(EXECUTION_FIELDS, limit=5)
    token = token_of(asked, (7, "p", "d", "run"))
    assert query(EXECUTION_FIELDS, limit=9, token=token).after == (7, "p", "d", "run")
    with pytest.raises(InvalidInput) as caught:
        query(EXECUTION_FIELDS, limit=5, token=token, sort_by=common_pb2.Sort(key="name"))
    assert caught.value.code == "InvalidToken"


@pytest.mark.parametrize(("token", "offset"), [("", 0), ("0", 0), ("200", 200)])
def test_a_token_may_be_the_number_of_rows_to_leave_out(token: str, offset: int) -> None:
    asked = query(EXECUTION_FIELDS, limit=5, token=token)
    assert (asked.offset, asked.after) == (offset, None)
