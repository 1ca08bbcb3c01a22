"""How often jobs are looked at, and what stands of them in logs."""

from __future__ import annotations

import msgspec

from alula.server.executors.connector.following import pause_of
from alula.server.executors.connector.handle import Handle, handle_in
from alula.server.executors.connector.options import ConnectorOptions


def test_old_jobs_are_looked_at_less_often_within_limits():
    options = ConnectorOptions(poll_min_s=1, poll_max_s=60)
    for age_s, pause_s in ((0, 1), (5, 1), (100, 10), (600, 60), (10**6, 60)):
        assert all(0.9 * pause_s <= pause_of(age_s, options) <= 1.1 * pause_s for _ in range(20))
    assert len({pause_of(100, options) for _ in range(20)}) > 1


def test_a_most_below_the_least_is_the_least():
    assert pause_of(1000, ConnectorOptions(poll_min_s=2, poll_max_s=1)) >= 1.8


def test_a_handle_comes_back_as_it_was_and_newer_ones_may_have_more():
    handle = Handle("e", "t", 2, 3, b"meta")
    assert handle_in(handle.encoded()) == handle
    assert handle_in(msgspec.msgpack.encode(["e", "t", 2, 3, b"meta", "later"])) == handle
    assert handle_in(b"") is None
