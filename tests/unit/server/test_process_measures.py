from __future__ import annotations

import asyncio
import logging

import pytest

from alula.server.event_loop import EventLoopLag
from alula.server.log_counts import LogCounts
from alula.server.measures import Histogram, Measures
from alula.server.process_measures import measured

pytestmark = pytest.mark.anyio


def test_records_are_counted_by_level_and_by_our_loggers() -> None:
    counts = LogCounts()
    for name, level in (("alula.server.incidents", logging.ERROR), ("grpc._cython", logging.WARNING)):
        counts.handle(logging.LogRecord(name, level, "", 1, "no", None, None))
    (told,) = counts.measure()
    assert told.values == {("ERROR", "alula.server.incidents"): 1, ("WARNING", "other"): 1}


async def test_the_lag_is_that_of_the_loop_on_which_it_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alula.server.event_loop.PERIOD_S", 0.001)
    lag, heard = EventLoopLag(), asyncio.Event()
    monkeypatch.setattr(Histogram, "add", lambda histogram, value: (histogram.counts.append(value), heard.set()))
    lag.start()
    await asyncio.wait_for(heard.wait(), 20)
    lag.stop()


async def test_nothing_of_it_stays_when_the_platform_has_stopped() -> None:
    before = list(logging.getLogger().handlers)
    with measured(measures := Measures()):
        assert len(logging.getLogger().handlers) == len(before) + 1
    assert logging.getLogger().handlers == before
    assert {each.metric.name for each in measures.read()} >= {"alula_build_info", "alula_log_records_total"}
