from __future__ import annotations

import pytest

from alula.core.errors import InvalidInput
from alula.server.store.audits import AUDITS
from alula.server.store.executions import EXECUTIONS
from alula.server.store.items import ITEMS
from alula.server.store.query import Filter, Query
from alula.server.stores.checking import check


def values(field: str, *texts: str) -> tuple[object, ...]:
    query = Query(limit=1, filters=(Filter(field, "value_in", texts),))
    return check(query, EXECUTIONS).conditions[0].values


def test_times_are_microseconds_or_rfc_3339() -> None:
    same = values(
        "created_at", "1700000000123456", "2023-11-14T22:13:20.123456789Z", "2023-11-14T23:13:20.123456+01:00"
    )
    assert set(same) == {1_700_000_000_123_456}
    assert values("created_at", "1969-12-31T23:59:59Z", "-1000000") == (-1_000_000, -1_000_000)


def test_phases_are_numbers_or_names_of_flyte() -> None:
    assert values("phase", "2", "RUNNING", "running", "TIMED_OUT") == (2, 2, 2, 8)


def test_states_are_numbers_or_names_of_flyte() -> None:
    assert values("state", "0", "EXECUTION_ACTIVE", "EXECUTION_ARCHIVED") == (0, 0, 1)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("phase", "Running!"),
        ("phase", ""),
        ("created_at", "2023-13-01T00:00:00Z"),
        ("created_at", "99999999999999999999"),
        ("created_at", "1e3"),
        ("mode", "٣"),
        ("archived", "maybe"),
    ],
)
def test_a_bad_value_is_refused_with_what_was_expected(field: str, text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        values(field, text)
    assert raised.value.code == "BadFilterValue"
    assert f"`{text}`" in raised.value.message
    assert raised.value.fix.startswith("give ")


def test_a_list_without_a_time_of_creation_is_sorted_by_what_stands_for_it() -> None:
    assert check(Query(limit=1), AUDITS).sort_by == "at"
    assert check(Query(limit=1), ITEMS).sort_by == "index"
