"""Figures of the process executor: attempts that wait and run, their share of the machine, and its fork servers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from alula.server.executors.admission import Admission
from alula.server.executors.process.attempt import Attempt
from alula.server.executors.process.driver import ForkServer
from alula.server.measures import Metric, Reading, reading

ATTEMPTS = Metric(
    "alula_process_executor_attempts",
    "gauge",
    "Attempts on this machine: that wait for CPU and memory, are prepared, or run.",
    ("state",),
)
STARTED = Metric("alula_process_executor_started_total", "counter", "Attempts that have started.")
WAITED_S = Metric(
    "alula_process_executor_wait_seconds_total",
    "counter",
    "How long attempts took from their submission to their start, all together.",
)
OLDEST_S = Metric(
    "alula_process_executor_oldest_wait_seconds", "gauge", "How long the attempt that is next in line has waited."
)
UNACKNOWLEDGED = Metric(
    "alula_process_executor_unacknowledged",
    "gauge",
    "Attempts whose end was reported, and is not durable yet.",
)
CPU = Metric("alula_process_executor_cpu_cores", "gauge", "CPU that attempts may have in all.")
CPU_TAKEN = Metric("alula_process_executor_cpu_taken_cores", "gauge", "CPU that attempts have that run.")
MEMORY = Metric("alula_process_executor_memory_bytes", "gauge", "Memory that attempts may have in all.")
MEMORY_TAKEN = Metric("alula_process_executor_memory_taken_bytes", "gauge", "Memory that attempts have that run.")
SERVERS = Metric("alula_process_executor_fork_servers", "gauge", "Fork servers, by what they do.", ("state",))
SERVERS_STARTED = Metric("alula_process_executor_fork_servers_started_total", "counter", "Fork servers that began.")
SERVERS_LOST = Metric("alula_process_executor_fork_servers_lost_total", "counter", "Fork servers that ended unasked.")


class ExecutorMeasures:
    """Counts what has happened."""

    def __init__(self) -> None:
        self._started = 0
        self._waited_s = 0.0
        self.servers_lost = 0

    def started(self, waited_s: float) -> None:
        self._started += 1
        self._waited_s += waited_s

    def read(
        self,
        attempts: Collection[Attempt],
        admission: Admission[int],
        servers: Collection[ForkServer],
        *,
        servers_started: int,
        oldest_s: float,
        unacknowledged: int,
    ) -> Iterator[Reading]:
        """The figures, with the state of the executor now."""
        running = sum(attempt.server is not None for attempt in attempts)
        states = {
            ("waiting",): admission.waiting_count,
            ("preparing",): len(attempts) - admission.waiting_count - running,
            ("running",): running,
        }
        yield Reading(ATTEMPTS, states)
        yield reading(STARTED, self._started)
        yield reading(WAITED_S, self._waited_s)
        yield reading(OLDEST_S, oldest_s)
        yield reading(UNACKNOWLEDGED, unacknowledged)
        yield reading(CPU, admission.capacity.cpu_millicores / 1000)
        yield reading(CPU_TAKEN, admission.used.cpu_millicores / 1000)
        yield reading(MEMORY, admission.capacity.memory_bytes)
        yield reading(MEMORY_TAKEN, admission.used.memory_bytes)
        doing = Counter(map(_doing, servers))
        yield Reading(SERVERS, {(state,): doing[state] for state in ("importing", "idle", "busy")})
        yield reading(SERVERS_STARTED, servers_started)
        yield reading(SERVERS_LOST, self.servers_lost)


def _doing(server: ForkServer) -> str:
    if server.verdict is None:
        return "importing"
    return "busy" if server.running else "idle"
