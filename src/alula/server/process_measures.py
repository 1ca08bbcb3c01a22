"""Figures of this process as a whole: what it is, how late its event loop is, how much its log says.

CPU, memory and open files are the system's to tell: `api/metrics.py` adds them.
"""

from __future__ import annotations

import logging
import platform
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib.metadata import version

from alula.server.event_loop import EventLoopLag
from alula.server.log_counts import LogCounts
from alula.server.measures import Measures, Metric, Reading

BUILD = Metric("alula_build_info", "gauge", "1, with what runs here.", ("version", "python"))


class _Build:
    def measure(self) -> Iterator[Reading]:
        yield Reading(BUILD, {(version("alula"), platform.python_version()): 1})


@contextmanager
def measured(measures: Measures) -> Generator[None]:
    """While the platform runs on this event loop."""
    lag, log = EventLoopLag(), LogCounts()
    for room in (_Build(), lag, log):
        measures.add(room)
    logging.getLogger().addHandler(log)
    lag.start()
    try:
        yield
    finally:
        lag.stop()
        logging.getLogger().removeHandler(log)
