"""Figures of the Kubernetes executor: attempts by how far they are, and its calls of the API server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from alula.server.executors.calls import Calls
from alula.server.executors.kubernetes.attempt import Attempt
from alula.server.executors.kubernetes.watching import Watcher
from alula.server.measures import Metric, Reading, reading

ATTEMPTS = Metric(
    "alula_kubernetes_executor_attempts",
    "gauge",
    "Attempts in the cluster: that are made, wait, run, or have ended and are not durable yet.",
    ("state",),
)
CALLS = Metric("alula_kubernetes_executor_calls_total", "counter", "Requests to the API server, without watches.")
CALLS_FAILED = Metric(
    "alula_kubernetes_executor_calls_failed_total",
    "counter",
    "Requests that the API server did not take, or not answer, and that were made again.",
)
LISTS = Metric("alula_kubernetes_executor_lists_total", "counter", "How often all pods had to be listed.")


def read(attempts: Collection[Attempt], calls: Calls, watcher: Watcher) -> Iterator[Reading]:
    yield Reading(ATTEMPTS, {(state,): count for state, count in Counter(map(_state, attempts)).items()})
    yield reading(CALLS, calls.made)
    yield reading(CALLS_FAILED, calls.failed)
    yield reading(LISTS, watcher.lists)


def _state(attempt: Attempt) -> str:
    return attempt.state if attempt.is_begun or attempt.end is not None else "made"
