"""The log of executions: the fenced commit, which writes events and all rows that follow from them.

The hot path. One transaction carries the commits of many executions; rows of the same thing are merged first,
so that each is written once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, islice
from typing import Protocol

from sqlalchemy import Connection, bindparam, func, literal_column, select, update

from alula.core.engine.records import ExecutionChange
from alula.core.ids import ExecutionId
from alula.server.store.audits import Audit
from alula.server.store.log import Commit, History, Moved
from alula.server.store.news import News
from alula.server.stores.merging import Merged, merge
from alula.server.stores.portions import number_within
from alula.server.stores.sql import cells
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells
from alula.server.stores.sql.execution_keys import is_execution, is_one_of, portions
from alula.server.stores.sql.executions import Executions
from alula.server.stores.sql.inbox import Inbox
from alula.server.stores.sql.news import NewsLine
from alula.server.stores.sql.tables import events, executions

_CHANGED = (
    "phase",
    "updated_at",
    "started_at",
    "ended_at",
    "abort_cause",
    "abort_principal",
    "error",
)
_UNCHANGED = (None,) * len(_CHANGED)
_PORTION = 1_000
"""Events of a moved execution that are written at a time."""


_READ = (
    select(events.c.event)
    .where(
        events.c.project == bindparam("project"),
        events.c.domain == bindparam("domain"),
        events.c.execution == bindparam("name"),
    )
    .order_by(events.c.seq)
)
_READ_MANY = (
    select(events.c.project, events.c.domain, events.c.execution, events.c.event)
    .where(is_one_of(events.c.project, events.c.domain, events.c.execution))
    .order_by(events.c.execution, events.c.seq)
)
"""Built once: building them takes longer than running them."""


class Follower(Protocol):
    """A concern that has rows which follow from the events of executions."""

    def write(self, connection: Connection, merged: Sequence[Merged]) -> None:
        """Write changes of executions, at most one for each."""
        ...


class Log:
    """`rows`, those of an execution alone, and `followers` are written with each commit, in this order."""

    def __init__(
        self,
        database: Database,
        audits: Audits,
        executions_: Executions,
        inbox: Inbox,
        news: NewsLine,
        rows: Sequence[Follower],
        followers: Sequence[Follower],
    ) -> None:
        self._database = database
        self._audits = audits
        self._executions = executions_
        self._inbox = inbox
        self._news = news
        self._rows = rows
        self._followers = (*rows, *followers)
        sql = database.sql
        self._insert_events = sql.insert(events)
        named_owner = func.nullif(bindparam("by_owner"), literal_column("''"))
        # The fence and the change of the execution's row in one. It waits for a rival's commit and then sees it.
        self._advance = sql.bulk(
            update(executions)
            .where(
                executions.c.project == bindparam("in_project"),
                executions.c.domain == bindparam("in_domain"),
                executions.c.name == bindparam("in_execution"),
                executions.c.next_seq == bindparam("first_seq"),
                executions.c.owner == func.coalesce(named_owner, executions.c.owner),
            )
            .values(
                {
                    "next_seq": bindparam("new_next_seq"),
                    **{
                        name: func.coalesce(bindparam(f"new_{name}", type_=executions.c[name].type), executions.c[name])
                        for name in _CHANGED
                    },
                }
            ),
            [
                "new_next_seq",
                *(f"new_{name}" for name in _CHANGED),
                "in_project",
                "in_domain",
                "in_execution",
                "first_seq",
                "by_owner",
            ],
        )

    async def commit(self, commits: Sequence[Commit]) -> list[bool]:
        def tell(kept: Sequence[bool]) -> None:
            for commit in compress(commits, kept):
                self._news.tell(commit.news)

        return await self._database.commit(commits, tell)

    async def take_in(self, moved: Sequence[Moved], audit: Audit) -> bool:
        def keep(connection: Connection) -> bool:
            with connection.begin_nested() as attempt:
                if not all(self._take_in(connection, each) for each in moved):
                    attempt.rollback()
                    return False
            self._audits.append(connection, [audit])
            return True

        def tell(is_kept: bool) -> None:
            for each in moved if is_kept else ():
                self._news.tell(News(each.record.id, each.record.seq, each.record.phase))

        return await self._database.write(keep, after=tell)

    def _take_in(self, connection: Connection, moved: Moved) -> bool:
        record = moved.record
        if not self._executions.insert(connection, record):
            return False
        for first, portion in _portions(moved.events):
            self._insert_events.run(connection, [(*record.id, first + i, event) for i, event in enumerate(portion)])
        for changes in moved.changes:
            for rows in self._rows:
                rows.write(connection, [Merged(record.id, record.seq, merge([changes]))])
        return True

    async def next_seq(self, execution: ExecutionId) -> int:
        statement = select(executions.c.next_seq).where(is_execution(execution))
        return await self._database.read(lambda connection: connection.execute(statement).scalar()) or 0

    async def read(self, execution: ExecutionId) -> list[bytes]:
        return await self._database.read(
            lambda connection: list(connection.execute(_READ, execution._asdict()).scalars())
        )

    async def histories(self, executions: Sequence[ExecutionId], *, events_max: int = 50_000) -> list[History | None]:
        def read(connection: Connection) -> list[History | None]:
            found = self._executions.with_lengths(connection, executions)
            count = number_within(events_max, [found[id][1] if id in found else 0 for id in executions])
            logs = _read_many(connection, executions[:count])
            return [History(found[id][0], logs[id], found[id][1]) if id in found else None for id in executions[:count]]

        return await self._database.read(read)

    def append(self, connection: Connection, commits: Sequence[Commit]) -> list[bool]:
        """Write the commits that hold their fence. False for each of the others; nothing of those is written."""
        kept = self._kept(connection, commits)
        of_execution: dict[ExecutionId, list[Commit]] = {}
        for commit, holds in zip(commits, kept, strict=True):
            if holds:
                of_execution.setdefault(commit.execution, []).append(commit)
        passed = [commit for of_one in of_execution.values() for commit in of_one]
        self._insert_events.run(
            connection,
            [
                (*commit.execution, commit.first_seq + i, event)
                for commit in passed
                for i, event in enumerate(commit.events)
            ],
        )
        self._follow(connection, of_execution)
        consumed = [(number, *commit.execution) for commit in passed for number in commit.consumed]
        self._inbox.consume(connection, consumed)
        self._inbox.clear(connection, [commit.execution for commit in passed if commit.is_abort])
        self._audits.append(connection, [entry for commit in passed for entry in commit.audit])
        return kept

    def _kept(self, connection: Connection, commits: Sequence[Commit]) -> list[bool]:
        """True for each commit that holds its fence and overlooks no mail."""
        if not any(commit.is_end for commit in commits):
            return self._pass_fence(connection, commits)
        overlooking = set[int]()
        while True:
            # Behind the fence the rows are locked: mail is there by now, or its sender waits and learns of the end.
            with connection.begin_nested() as attempt:
                trying = [i for i in range(len(commits)) if i not in overlooking]
                passed = self._pass_fence(connection, [commits[i] for i in trying])
                kept = set(compress(trying, passed))
                found = kept & self._overlooking_mail(connection, commits)
                if not found:
                    return [i in kept for i in range(len(commits))]
                overlooking |= found
                attempt.rollback()

    def _overlooking_mail(self, connection: Connection, commits: Sequence[Commit]) -> set[int]:
        """The places of those that would end their execution without having read all its mail."""
        ending = {commit.execution for commit in commits if commit.is_end}
        mail = [(message.execution, message.number) for message in self._inbox.waiting(connection, sorted(ending))]
        return {
            i
            for i, commit in enumerate(commits)
            if commit.is_end and any(id == commit.execution and number not in commit.consumed for id, number in mail)
        }

    def _pass_fence(self, connection: Connection, commits: Sequence[Commit]) -> list[bool]:
        # One order for all writers: two that want the same rows wait for each other, and never both.
        # Sorting keeps the order of the commits of one execution, as each needs the one before.
        order = sorted(range(len(commits)), key=lambda i: commits[i].execution)
        rows = [_advance_row(commits[i]) for i in order]
        if not rows:
            return []
        if len(rows) == 1:
            return [self._advance.run(connection, rows) == 1]
        with connection.begin_nested() as attempt:
            if self._advance.run(connection, rows) == len(rows):
                return [True] * len(rows)
            attempt.rollback()
        # The driver gives one count for all: go again, one by one, to learn which of them lost.
        kept = [False] * len(commits)
        for i, row in zip(order, rows, strict=True):
            kept[i] = self._advance.run(connection, [row]) == 1
        return kept

    def _follow(self, connection: Connection, of_execution: dict[ExecutionId, list[Commit]]) -> None:
        merged = [
            Merged(id, commits[-1].next_seq, merge(commit.changes for commit in commits))
            for id, commits in of_execution.items()
        ]
        for follower in self._followers:
            follower.write(connection, merged)


def _portions(events_: Iterable[bytes]) -> Iterator[tuple[int, Sequence[bytes]]]:
    """So many of them at a time, each time with the number of the first."""
    waiting, first = iter(events_), 0
    while portion := list(islice(waiting, _PORTION)):
        yield first, portion
        first += len(portion)


def _read_many(connection: Connection, executions: Sequence[ExecutionId]) -> dict[ExecutionId, list[bytes]]:
    """The events of each, in order."""
    logs: dict[ExecutionId, list[bytes]] = {id: [] for id in executions}
    for portion in portions(executions):
        for project, domain, name, event in connection.execute(_READ_MANY, portion):
            logs[ExecutionId(project, domain, name)].append(event)
    return logs


def _advance_row(commit: Commit) -> Cells:
    change = commit.changes.execution
    return (
        commit.next_seq,
        *(_UNCHANGED if change is None else _changed(change)),
        *commit.execution,
        commit.first_seq,
        commit.owner,
    )


def _changed(change: ExecutionChange) -> Cells:
    return (
        int(change.phase),
        change.updated_at,
        change.started_at,
        change.ended_at,
        cells.from_prose_if_any(change.abort_cause),
        cells.from_prose_if_any(change.abort_principal),
        cells.from_error(change.error),
    )
