"""Figures of the connector executor: attempts by how far they are, and its calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from alula.server.executors.connector.attempt import Attempt
from alula.server.executors.connector.connector import Connector
from alula.server.measures import Metric, Reading

ATTEMPTS = Metric(
    "alula_connector_executor_attempts",
    "gauge",
    "Attempts as jobs of connectors: that wait, run, or have ended and are not durable yet.",
    ("state",),
)
CALLS = Metric("alula_connector_executor_calls_total", "counter", "Calls of an endpoint.", ("endpoint",))
CALLS_FAILED = Metric(
    "alula_connector_executor_calls_failed_total",
    "counter",
    "Calls that an endpoint did not take, or not answer, and that were made again.",
    ("endpoint",),
)


def read(attempts: Collection[Attempt], connectors: Collection[Connector]) -> Iterator[Reading]:
    yield Reading(ATTEMPTS, {(state,): count for state, count in Counter(each.state for each in attempts).items()})
    yield Reading(CALLS, {(each.name,): each.calls.made for each in connectors})
    yield Reading(CALLS_FAILED, {(each.name,): each.calls.failed for each in connectors})
