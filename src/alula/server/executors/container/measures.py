"""Figures of the container executor: its attempts by how far they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from alula.server.executors.container.attempt import Attempt
from alula.server.measures import Metric, Reading

ATTEMPTS = Metric(
    "alula_container_executor_attempts",
    "gauge",
    "Attempts in containers: that wait, run, or have ended and are not durable yet.",
    ("state",),
)


def read(attempts: Collection[Attempt]) -> Iterator[Reading]:
    yield Reading(ATTEMPTS, {(state,): count for state, count in Counter(each.state for each in attempts).items()})
