from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    CacheEntry,
    Changes,
    ExecutionChange,
    ExecutionPhase,
    ItemRecord,
    NodePhase,
    NodeRecord,
    Reason,
)
from alula.core.errors import TaskError
from alula.core.policy.cache_key import CacheKey
from alula.server.stores.merging import merge, overlay, overlay_item

times = st.none() | st.integers(0, 99)
nodes = st.builds(
    NodeRecord,
    node_id=st.sampled_from(["n0", "n1"]),
    phase=st.sampled_from(NodePhase),
    updated_at=st.integers(0, 99),
    created_at=times,
    started_at=times,
    is_parent=st.none() | st.booleans(),
)
items = st.builds(
    ItemRecord,
    node_id=st.sampled_from(["n0", "n1"]),
    index=st.integers(0, 1),
    attempt=st.integers(0, 2),
    phase=st.sampled_from(AttemptPhase),
    updated_at=st.integers(0, 99),
    ended_at=times,
)
changes = st.builds(
    Changes,
    execution=st.none()
    | st.builds(
        ExecutionChange, phase=st.sampled_from(ExecutionPhase), updated_at=st.integers(0, 99), started_at=times
    ),
    nodes=st.lists(nodes, max_size=4),
    items=st.lists(items, max_size=4),
)


@given(st.lists(changes, max_size=5), st.integers(0, 5))
def test_it_does_not_matter_where_a_series_of_changes_is_cut(series: list[Changes], cut: int) -> None:
    assert merge([merge(series[:cut]), merge(series[cut:])]) == merge(series)


@given(st.lists(changes, max_size=5))
def test_a_merge_has_one_row_for_each_thing(series: list[Changes]) -> None:
    merged = merge(series)
    assert len({node.node_id for node in merged.nodes}) == len(merged.nodes)
    assert len({(item.node_id, item.index) for item in merged.items}) == len(merged.items)


@given(st.lists(changes, max_size=3))
def test_the_changes_that_are_merged_stay_as_they_are(series: list[Changes]) -> None:
    before = repr(series)
    merge(series)
    assert repr(series) == before


def test_none_means_as_before() -> None:
    older = NodeRecord("n0", NodePhase.QUEUED, 1, created_at=1, inputs=b"", is_parent=False)
    newer = NodeRecord("n0", NodePhase.RUNNING, 2, started_at=2)
    expected = NodeRecord("n0", NodePhase.RUNNING, 2, created_at=1, started_at=2, inputs=b"", is_parent=False)
    assert overlay(older, newer) == expected


def test_a_new_attempt_of_an_item_does_not_inherit_the_error_of_the_last() -> None:
    failed = ItemRecord("n0", 3, 0, AttemptPhase.FAILED, 5, ended_at=5, error=TaskError("E", "m"))
    again = ItemRecord("n0", 3, 1, AttemptPhase.RUNNING, 6)
    assert overlay_item(failed, again) == again


def test_attempts_are_merged_by_node_and_number() -> None:
    rows = [
        AttemptRecord("n0", 0, AttemptPhase.QUEUED, 1, created_at=1),
        AttemptRecord("n0", 1, AttemptPhase.QUEUED, 2),
        AttemptRecord("n0", 0, AttemptPhase.FAILED, 3),
    ]
    merged = merge([Changes(attempts=rows)]).attempts
    assert merged == [AttemptRecord("n0", 0, AttemptPhase.FAILED, 3, created_at=1), rows[1]]


def test_every_reason_is_kept_and_the_last_of_a_cache_entry() -> None:
    key = CacheKey("p", "d", "t", "1", "i", {}, "digest")
    early, late = CacheEntry(key, b"1", "s", 1), CacheEntry(key, b"2", "s", 2)
    reason = Reason(1, "n0", -1, -1, "code", "text")
    merged = merge([Changes(reasons=[reason], published=[early]), Changes(reasons=[reason], published=[late])])
    assert (merged.reasons, merged.published) == ([reason, reason], [late])
