"""Waiting for many runs at once: one list tells of all of them, asked for until each has ended."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future

from flyteidl.admin import common_pb2, execution_pb2

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import AlulaError, Unavailable
from alula.sdk.client.connection import Connection
from alula.sdk.client.outage import Outage
from alula.sdk.client.rpcs import LIST_EXECUTIONS

FIRST_INTERVAL_S = 0.03
LONGEST_INTERVAL_S = 0.5
SLOWING = 1.3
NAMES_PER_LIST = 500
AWAY_MAX_S = 600.0
"""A platform that is away for longer is given up."""
CLOSING_MAX_S = 2.0
_ENDED = ";".join(phase.name for phase in ExecutionPhase if phase.is_terminal)


class Ends:
    """The ends of runs in one place. Asks more seldom while nothing happens."""

    def __init__(self, connection: Connection, *, project: str, domain: str) -> None:
        self._connection = connection
        self._place = common_pb2.NamedEntityIdentifier(project=project, domain=domain)
        self._open: dict[str, Future[execution_pb2.Execution]] = {}
        self._lock = threading.Lock()
        self._more = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="alula-ends", daemon=True)
        self._thread.start()

    def of(self, name: str) -> Future[execution_pb2.Execution]:
        """The run `name` as it is when it has ended."""
        with self._lock:
            end = self._open.setdefault(name, Future())
        self._more.set()
        return end

    def close(self) -> None:
        """Ask no more. The connection may be closed afterwards."""
        self._closed = True
        self._more.set()
        self._thread.join(CLOSING_MAX_S)

    def _run(self) -> None:
        outage = Outage(grace_s=AWAY_MAX_S)
        interval_s = FIRST_INTERVAL_S
        while not self._closed:
            with self._lock:
                names = list(self._open)
            ended: list[execution_pb2.Execution] = []
            try:
                ended = self._ended(names)
                outage.is_over()
            except Unavailable as error:
                self._away(outage, error)
            except AlulaError as error:
                self._give_up(error)
            for run in ended:
                self._taken(run.id.name).set_result(run)
            interval_s = FIRST_INTERVAL_S if ended else min(interval_s * SLOWING, LONGEST_INTERVAL_S)
            if self._more.wait(interval_s if names else None):
                interval_s = FIRST_INTERVAL_S
            self._more.clear()

    def _ended(self, names: Sequence[str]) -> list[execution_pb2.Execution]:
        found: list[execution_pb2.Execution] = []
        for first in range(0, len(names), NAMES_PER_LIST):
            some = names[first : first + NAMES_PER_LIST]
            filters = f"value_in(name,{';'.join(some)})+value_in(phase,{_ENDED})"
            request = common_pb2.ResourceListRequest(id=self._place, limit=len(some), filters=filters)
            found.extend(self._connection.call(LIST_EXECUTIONS, request).executions)
        return found

    def _away(self, outage: Outage, error: Unavailable) -> None:
        try:
            outage.goes_on(error, None)
        except Unavailable:
            self._give_up(error)

    def _give_up(self, error: AlulaError) -> None:
        with self._lock:
            names = list(self._open)
        for name in names:
            self._taken(name).set_exception(error)

    def _taken(self, name: str) -> Future[execution_pb2.Execution]:
        with self._lock:
            return self._open.pop(name)
