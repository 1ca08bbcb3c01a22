"""The writer: one thread through which every change goes, many changes in one transaction.

Callers queue a change and wait. The thread takes all that has come, writes it in order in one transaction, and
then tells everyone; so the cost of making a transaction durable is shared by all that wait for it.
Nobody hears of success before the transaction is durable.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, RootTransaction
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from alula.core.errors import ResourceExhausted, Unavailable
from alula.server.store.log import Commit
from alula.server.stores.sql.faults import is_contention, translated
from alula.server.stores.sql.outcome import transaction_id, was_committed

Result = TypeVar("Result")
Operation = Callable[[Connection], Result]
Append = Callable[[Connection, Sequence[Commit]], list[bool]]

_WAITING_MAX = 10_000
"""Changes that may wait to be written; more are refused, so that memory stays bounded."""
_TRANSACTION_MAX = 500
"""Changes in one transaction, so that no one waits long for others."""
_TRIES = 5
"""Of one change that a rival's transaction keeps failing."""
_COMMON_FAILURES = frozenset({"StoreUnreachable", "StoreBusy"})
"""These strike all changes alike: trying each by itself would only wait again and again."""


class _Change:
    """A change that waits: an operation of its own, or commits, which are written together with others'."""

    __slots__ = ("after", "commits", "future", "operation")

    # `Any`: the writer does not look at the result of an operation.
    def __init__(
        self,
        operation: Operation[Any] | None,
        commits: Sequence[Commit],
        future: asyncio.Future[Any],
        after: Callable[[Any], None] | None,
    ) -> None:
        self.operation = operation
        self.commits = commits
        self.future = future
        self.after = after


# A change with its result, or the error that says why it has none.
_Outcome = tuple[_Change, Any, Exception | None]


class _Uncertain(Exception):
    """The connection broke while the transaction was being committed, and nobody can say whether it was."""


class Writer:
    """Runs from `start` to `stop`."""

    def __init__(self, engine: Engine, url: URL) -> None:
        self._engine = engine
        self._url = url
        self._append: Append | None = None
        self._queue: SimpleQueue[_Change | None] = SimpleQueue()
        self._waiting = 0
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None

    def start(self, append: Append) -> None:
        """On the event loop's thread. `append` writes the commits of several executions."""
        self._append = append
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Write all changes that wait, then end."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping = True
        self._queue.put(None)
        await asyncio.to_thread(thread.join)
        self._engine.dispose()

    async def write(self, operation: Operation[Result], after: Callable[[Result], None] | None = None) -> Result:
        """The result of `operation`, once its transaction is durable. It may be run again, from the start.

        `after` is called on the event loop's thread then, also when nobody waits for the result any more.
        """
        return await self._put(operation, (), after)

    async def commit(self, commits: Sequence[Commit], after: Callable[[list[bool]], None]) -> list[bool]:
        """True for each commit that holds its fence, once that is durable. `after` as above."""
        return await self._put(None, commits, after)

    def _put(
        self, operation: Operation[Any] | None, commits: Sequence[Commit], after: Callable[[Any], None] | None
    ) -> asyncio.Future[Any]:
        if self._loop is None or self._stopping:
            raise Unavailable("StoreStopped", "the store is not running")
        if self._waiting >= _WAITING_MAX:
            raise ResourceExhausted(
                "StoreOverloaded",
                f"{_WAITING_MAX} changes wait to be written",
                fix="try again in a moment",
            )
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting += 1
        self._queue.put(_Change(operation, commits, future, after))
        return future

    # On the loop's thread

    def _settle(self, outcomes: Sequence[_Outcome]) -> None:
        self._waiting -= len(outcomes)
        for change, result, error in outcomes:
            if error is not None:
                if not change.future.done():
                    change.future.set_exception(error)
                continue
            if change.after is not None:
                change.after(result)
            if not change.future.done():
                change.future.set_result(result)

    # On the writer's thread

    def _run(self) -> None:
        assert self._loop is not None
        for changes in self._batches():
            outcomes = self._written(changes)
            try:
                self._loop.call_soon_threadsafe(self._settle, outcomes)
            except RuntimeError:  # the loop is closed: nobody is left to be told
                break
        self._disconnect()

    def _batches(self) -> Iterator[list[_Change]]:
        while (change := self._queue.get()) is not None:
            batch = [change]
            ended = False
            while len(batch) < _TRANSACTION_MAX:
                try:
                    following = self._queue.get_nowait()
                except Empty:
                    break
                if following is None:
                    ended = True
                    break
                batch.append(following)
            yield batch
            if ended:
                return

    def _written(self, changes: Sequence[_Change]) -> Sequence[_Outcome]:
        """All in one transaction; where that fails, each in its own, so that only the guilty fail."""
        for is_last in (False, True):
            try:
                return self._together(changes)
            except _Uncertain as error:
                return [(change, None, _unknown(error)) for change in changes]
            except DBAPIError as error:
                if error.connection_invalidated and not is_last:
                    continue  # that transaction is gone for certain: reconnect
                failure = translated(error, self._url)
                if failure.code in _COMMON_FAILURES or error.connection_invalidated:
                    return [(change, None, failure) for change in changes]
            except Exception:  # noqa: BLE001  whatever it is, it recurs below with the change that it belongs to
                pass
            break
        return [self._alone(change) for change in changes]

    def _alone(self, change: _Change) -> _Outcome:
        for tries_left in reversed(range(_TRIES)):
            try:
                return self._together([change])[0]
            except _Uncertain as error:
                return change, None, _unknown(error)
            except IntegrityError as error:
                if change.operation is None and len(change.commits) == 1:
                    return change, [False], None  # that number of the log is taken: fenced
                if not (tries_left and is_contention(error)):
                    return change, None, translated(error, self._url)
            except SQLAlchemyError as error:
                if not (tries_left and isinstance(error, DBAPIError) and is_contention(error)):
                    return change, None, translated(error, self._url)
            except Exception as error:  # noqa: BLE001  goes to the caller; the thread must live on for the others
                return change, None, error
        raise AssertionError("the last try returns")

    def _together(self, changes: Sequence[_Change]) -> list[_Outcome]:
        outcomes: list[_Outcome] = []
        connection = self._connection = self._connection or self._engine.connect()
        try:
            transaction = connection.begin()
            for are_commits, group in groupby(changes, key=lambda change: change.operation is None):
                if are_commits:
                    outcomes += self._appended(connection, list(group))
                else:
                    outcomes += [(change, change.operation(connection), None) for change in group if change.operation]
            self._commit(connection, transaction)
        except BaseException:
            # Kept open only while all is well: closing rolls back, and a broken one is replaced.
            self._disconnect()
            raise
        return outcomes

    def _commit(self, connection: Connection, transaction: RootTransaction) -> None:
        id = transaction_id(connection)
        try:
            transaction.commit()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            self._disconnect()
            is_kept = was_committed(self._engine, id)
            if is_kept is None:
                raise _Uncertain(str(error.orig)) from error
            if not is_kept:
                raise

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _appended(self, connection: Connection, changes: Sequence[_Change]) -> Iterator[_Outcome]:
        assert self._append is not None
        kept = self._append(connection, [commit for change in changes for commit in change.commits])
        start = 0
        for change in changes:
            end = start + len(change.commits)
            yield change, kept[start:end], None
            start = end


def _unknown(error: _Uncertain) -> Unavailable:
    return Unavailable(
        "OutcomeUnknown",
        f"the connection to the database broke while a change was being committed: {error}",
        fix="read what was kept, then go on from there",
    )
