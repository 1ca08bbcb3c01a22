"""Counts of records in the platform's log, by level and by module: an incident is an error of `incidents`."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator

from alula.server.measures import Metric, Reading

RECORDS = Metric(
    "alula_log_records_total",
    "counter",
    "Records of the platform's log from `log.level` on; those of libraries have the logger `other`.",
    ("level", "logger"),
)
_OURS = "alula"


class LogCounts(logging.Handler):
    """A handler that only counts."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: Counter[tuple[str, ...]] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        logger = record.name if record.name.partition(".")[0] == _OURS else "other"
        self._counts[record.levelname, logger] += 1

    def measure(self) -> Iterator[Reading]:
        yield Reading(RECORDS, dict(self._counts))
