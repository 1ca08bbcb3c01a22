"""What a platform's database and objects say of the runs: read from outside, whoever runs on them."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flyteidl.core import literals_pb2
from tests import flyte_specs as specs

from alula.core.engine import events as facts
from alula.core.engine.records import AttemptPhase, CacheStatus, ExecutionPhase, NodePhase
from alula.core.ids import AttemptId, ExecutionId, unique_key
from alula.server.stores.sql.cells import to_error

RESULTS = ("outputs.pb", "error.pb", "futures.pb", "exit.json")
ENDS = (facts.AttemptSucceeded, facts.AttemptFailed, facts.GraphReturned)

CONSUMER, TOLD = "told", "told"
"""The consumer of the platforms that are killed, and the file beside the data folder to which it writes."""

Outcome = dict[str, Any]
"""All that a run came to, in terms that are the same for each run of the same workflow."""


class Records:
    """Of one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._file = data / "alula.sqlite"
        self._database: sqlite3.Connection | None = None

    def phase(self, execution: str) -> ExecutionPhase | None:
        """None while there is no such run."""
        rows = self._select("SELECT phase FROM executions WHERE name = ?", execution)
        return ExecutionPhase(rows[0][0]) if rows else None

    def asks(self, execution: str) -> list[str]:
        """Signals that nobody has given yet."""
        statement = "SELECT signal_id FROM signals WHERE execution = ? AND value IS NULL"
        return [signal for (signal,) in self._select(statement, execution)]

    def open(self) -> list[str]:
        """Runs that have not ended."""
        rows = self._select("SELECT name, phase FROM executions")
        return [name for name, phase in rows if not ExecutionPhase(phase).is_terminal]

    def mail(self) -> int:
        """Letters that nobody has read."""
        return self._select("SELECT count(*) FROM inbox")[0][0]

    def is_told(self) -> bool:
        """Whether the consumer is told of what happens from now on."""
        return bool(self._select("SELECT 1 FROM outbox_consumers WHERE name = ?", CONSUMER))

    def untold(self, execution: str) -> set[tuple[str, int]]:
        """The news that the consumer was not told and that no message waits with: nodes with their phases, and "" with
        those of the run at its beginning and end."""
        told = self.data.with_name(TOLD)
        lines = [line.split(" ") for line in told.read_text().splitlines()] if told.exists() else []
        known = {(node, int(phase)) for name, phase, node in lines if name == execution}
        statement = "SELECT node_id, phase FROM outbox WHERE consumer = ? AND execution = ?"
        known |= set(self._select(statement, CONSUMER, execution))
        ((phase,),) = self._select("SELECT phase FROM executions WHERE name = ?", execution)
        is_so = {("", ExecutionPhase.QUEUED.value), ("", phase)}
        return is_so.union(self._of(execution, "node_executions", "node_id, phase")) - known

    def outcome(self, execution: str) -> Outcome:
        """Its end, nodes, attempts, items and signals, and those of its children."""
        ((phase, error),) = self._select("SELECT phase, error FROM executions WHERE name = ?", execution)
        ((outputs,),) = self._select("SELECT outputs FROM execution_data WHERE execution = ?", execution)
        return {
            "phase": ExecutionPhase(phase).name,
            "error": _told(error),
            "outputs": _values(outputs),
            "nodes": {
                node: (NodePhase(phase).name, _told(error), _values(outputs), CacheStatus(cache or 0).name)
                for node, phase, error, outputs, cache in self._of(
                    execution, "node_executions", "node_id, phase, error, outputs, cache_status"
                )
            },
            "attempts": {
                (node, attempt): (AttemptPhase(phase).name, _told(error))
                for node, attempt, phase, error in self._of(
                    execution, "task_executions", "node_id, attempt, phase, error"
                )
            },
            "items": {
                (node, index): (attempt, AttemptPhase(phase).name)
                for node, index, attempt, phase in self._of(execution, "items", "node_id, item_index, attempt, phase")
            },
            "signals": {signal: _value(value) for signal, value in self._of(execution, "signals", "signal_id, value")},
            "children": {node: self.outcome(child) for node, child in self.children(execution).items()},
        }

    def children(self, execution: str) -> dict[str, str]:
        """Names of the runs that its nodes started, by node."""
        rows = self._of(execution, "node_executions", "node_id, child")
        return {node: child for node, child in rows if child is not None}

    def family(self, execution: str) -> dict[str, str]:
        """Names of the run and all below it, each with the nodes that lead to it: the same for each run."""
        below = {
            name: f"{node}/{path}"
            for node, child in self.children(execution).items()
            for name, path in self.family(child).items()
        }
        return {execution: "", **below}

    def log(self, execution: str) -> list[facts.Event]:
        """All events, in order; their numbers have no gap."""
        rows = self._select("SELECT seq, event FROM events WHERE execution = ? ORDER BY seq", execution)
        assert [seq for seq, _ in rows] == list(range(len(rows))), f"the log of {execution} has a gap"
        return [facts.decode(event) for _, event in rows]

    def results(self, execution: str) -> set[str]:
        """The attempts that have ended, by their unique names: as the rows say, or what they have left."""
        ended = {key for key, (_, has_ended) in self._attempts(execution).items() if has_ended}
        root = self._root(execution)
        left = {path.parent for name in RESULTS for path in root.rglob(name)}
        return ended | {key for key, place in self.places(execution).items() if root / place in left}

    def places(self, execution: str) -> dict[str, str]:
        """The folders of its attempts, by their unique names: node, item and number, the same in each run."""
        return {key: _place(attempt) for key, (attempt, _) in self._attempts(execution).items()}

    def _attempts(self, execution: str) -> dict[str, tuple[AttemptId, bool]]:
        """All attempts by their unique names, each with whether it has ended."""
        rows = [
            (node, -1, number, phase)
            for node, number, phase in self._of(execution, "task_executions", "node_id, attempt, phase")
        ]
        for node, index, last, phase in self._of(execution, "items", "node_id, item_index, attempt, phase"):
            rows += [(node, index, number, AttemptPhase.RETRYABLE_FAILED) for number in range(last)]
            rows.append((node, index, last, phase))
        id, incarnation = ExecutionId(specs.PROJECT, specs.DOMAIN, execution), self._incarnation(execution)
        attempts = [(AttemptId(id, node, number, index), phase) for node, index, number, phase in rows]
        return {
            unique_key(attempt, incarnation): (attempt, AttemptPhase(phase).is_terminal) for attempt, phase in attempts
        }

    def _root(self, execution: str) -> Path:
        """The folder of an execution, named with its incarnation."""
        name = f"{execution}.{self._incarnation(execution)}"
        return self.data / "objects/metadata" / specs.PROJECT / specs.DOMAIN / name

    def _incarnation(self, execution: str) -> str:
        rows = self._select("SELECT incarnation FROM execution_data WHERE execution = ?", execution)
        return rows[0][0] if rows else ""

    def _of(self, execution: str, table: str, columns: str) -> list[tuple[Any, ...]]:
        return self._select(f"SELECT {columns} FROM {table} WHERE execution = ?", execution)

    def _select(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        """Nothing where there is no database yet, or no table in it."""
        if self._database is None:
            if not self._file.exists():
                return []
            # A scene is prepared, used and closed by one thread after the other.
            self._database = sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, check_same_thread=False)
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise

    def close(self) -> None:
        if self._database is not None:
            self._database.close()


def ended_twice(log: list[facts.Event]) -> list[tuple[int, int, int]]:
    """Attempts of which a log has more than one end, as scope, node and number."""
    ends = Counter((event.scope, event.node, event.attempt) for event in log if isinstance(event, ENDS))
    return [attempt for attempt, count in ends.items() if count > 1]


def _place(attempt: AttemptId) -> str:
    item = f"0/n{attempt.index}/" if attempt.index >= 0 else ""
    return f"{attempt.node_id}/data/{item}{attempt.attempt}"


def _told(error: bytes | None) -> tuple[str, str, str] | None:
    found = to_error(error)
    return None if found is None else (found.code, found.message, found.node_id)


def _values(literals: bytes | None) -> dict[str, str] | None:
    if literals is None:
        return None
    return {name: str(value) for name, value in literals_pb2.LiteralMap.FromString(literals).literals.items()}


def _value(literal: bytes | None) -> str | None:
    return None if literal is None else str(literals_pb2.Literal.FromString(literal))


def read_ledger(ledger: Path) -> Iterator[tuple[str, str]]:
    """`began` or `done`, and the unique name of an attempt."""
    for line in ledger.read_text().splitlines() if ledger.exists() else ():
        what, attempt = line.split()
        yield what, attempt
