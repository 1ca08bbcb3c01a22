"""Differences of SQLite and PostgreSQL: upserts, substring search, wake-up notes. Also statements for many rows.

The modules of the concerns build their statements with this and are the same for both databases.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, cast

import msgspec
from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    Select,
    Table,
    UpdateBase,
    bindparam,
    extract,
    func,
    select,
)
from sqlalchemy import insert as plain_insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from alula.core.ids import ExecutionId

WAKE_UP_CHANNEL = "alula_wake_up"
_PORTION_ROWS = 1_000

# `Any`: the type of a database cell is up to its column.
Cells = tuple[Any, ...]
Excluded = ReadOnlyColumnCollection[str, Any]
Win = Callable[[Table, Excluded, str], ColumnElement[Any]]
"""(table, excluded, column name) -> the new value of the column if the row is there already."""


class Bulk:
    """One statement for many rows at once, built and compiled on first use; rows are tuples in the order of `names`.

    Goes to the driver's own `executemany`: building and checking parameters row by row costs more than SQLite
    needs to write them. SQLite's driver is called directly, as the work of SQLAlchemy round each call costs as much
    again. `build_by_columns` is the same for PostgreSQL, with an array for each of the names: it executes a statement
    for each row of `executemany`, and one for all rows that come as arrays.
    """

    def __init__(
        self,
        build: Callable[[], UpdateBase],
        names: Sequence[str],
        dialect: Dialect,
        build_by_columns: Callable[[], UpdateBase] | None = None,
    ) -> None:
        self._build = build
        self._names = names
        self._dialect = dialect
        self._build_by_columns = build_by_columns

    @cached_property
    def _sql(self) -> str:
        return self._compiled(self._build())

    @cached_property
    def _sql_by_columns(self) -> str:
        assert self._build_by_columns is not None, "there is one"
        return self._compiled(self._build_by_columns()).replace("%s", "%b")  # arrays go as they are, not as text

    def _compiled(self, statement: UpdateBase) -> str:
        compiled = statement.compile(dialect=self._dialect)
        if list(compiled.positiontup or ()) != list(self._names):
            raise AssertionError(f"parameters are {compiled.positiontup}, not {self._names}: {compiled}")
        return str(compiled)

    def run(self, connection: Connection, rows: Sequence[Cells]) -> int:
        """Write the rows. Returns the number of those that were changed."""
        if not rows:
            return 0
        if self._dialect.name != "sqlite":
            if self._build_by_columns is None or len(rows) == 1:
                return connection.exec_driver_sql(self._sql, list(rows)).rowcount
            portions = (rows[start : start + _PORTION_ROWS] for start in range(0, len(rows), _PORTION_ROWS))
            return sum(self._run_by_columns(connection, portion) for portion in portions)
        driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        try:
            return driver.executemany(self._sql, rows).rowcount
        except sqlite3.Error as error:
            raise DBAPIError.instance(self._sql, list(rows), error, sqlite3.Error, dialect=self._dialect) from error

    def _run_by_columns(self, connection: Connection, rows: Sequence[Cells]) -> int:
        columns = tuple(list(column) for column in zip(*rows, strict=True))
        return connection.exec_driver_sql(self._sql_by_columns, columns).rowcount


class Sql:
    """Statements in the dialect of one database. `origin` marks this store's own wake-up notes."""

    def __init__(self, dialect: Dialect, origin: str) -> None:
        self.dialect = dialect
        self.is_sqlite = dialect.name == "sqlite"
        self._origin = origin

    def bulk(self, statement: UpdateBase, names: Sequence[str]) -> Bulk:
        return Bulk(lambda: statement, names, self.dialect)

    def insert(self, table: Table, *, without: Sequence[str] = ()) -> Bulk:
        """Insert whole rows, in the order of the table's columns."""
        names = [column.name for column in table.columns if column.name not in without]

        def build() -> UpdateBase:
            return plain_insert(table).values(_parameters(names)).inline()

        def build_by_columns() -> UpdateBase:
            return plain_insert(table).from_select(names, _by_columns(table, names))

        return Bulk(build, names, self.dialect, build_by_columns)

    def upsert(self, table: Table, win: Win, *, unless_older: str | None = None, each_once: bool = False) -> Bulk:
        """Insert whole rows; for one that is there already, `win` gives the new value of each column.

        With `unless_older`, a row that has less in that column than the one that is there changes nothing. `each_once`
        says that no row is given twice at a time, which is faster on PostgreSQL.
        """
        names = [column.name for column in table.columns]
        keys = [column.name for column in table.primary_key.columns]

        # `Any`: as in `_insert`.
        def finished(statement: Any) -> UpdateBase:
            changed = {n: win(table, statement.excluded, n) for n in names if n not in keys}
            where = None if unless_older is None else statement.excluded[unless_older] >= table.c[unless_older]
            return statement.on_conflict_do_update(index_elements=keys, set_=changed, where=where)

        def build() -> UpdateBase:
            return finished(self._insert(table).values(_parameters(names)))

        def build_by_columns() -> UpdateBase:
            return finished(self._insert(table).from_select(names, _by_columns(table, names)))

        return Bulk(build, names, self.dialect, build_by_columns if each_once else None)

    def insert_if_absent(self, table: Table) -> Bulk:
        """Insert whole rows, but not where the primary key is taken."""
        names = [column.name for column in table.columns]
        keys = [column.name for column in table.primary_key.columns]

        def build() -> UpdateBase:
            inserted = self._insert(table).values(_parameters(names))
            return inserted.on_conflict_do_nothing(index_elements=keys).inline()

        return Bulk(build, names, self.dialect)

    def rows(self, connection: Connection, query: str) -> Sequence[Cells]:
        """All rows of a query without parameters, as directly as `Bulk` writes."""
        if not self.is_sqlite:
            return [tuple(row) for row in connection.exec_driver_sql(query)]
        driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        try:
            return driver.execute(query).fetchall()
        except sqlite3.Error as error:
            raise DBAPIError.instance(query, [], error, sqlite3.Error, dialect=self.dialect) from error

    def contains(self, column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
        """Substring search that respects case; no character of `text` is special."""
        find = func.instr if self.is_sqlite else func.strpos
        return find(column, text) > 0

    def ordered(self, column: ColumnElement[Any], *, descending: bool) -> ColumnElement[Any]:
        """Unknown values before all others, on both databases. An index of PostgreSQL has them behind, and serves
        columns that have none."""
        if self.is_sqlite or not getattr(column, "nullable", False):
            return column.desc() if descending else column.asc()
        return column.desc().nulls_last() if descending else column.asc().nulls_first()

    def now(self, connection: Connection) -> int:
        """By the clock of a PostgreSQL database."""
        return round(connection.execute(select(extract("epoch", func.clock_timestamp()))).scalar_one() * 1_000_000)

    def note_wake_up(self, connection: Connection, execution: ExecutionId) -> None:
        """Tell other processes when this transaction is committed."""
        if not self.is_sqlite:
            payload = encode_wake_up(self._origin, execution)
            connection.execute(select(func.pg_notify(WAKE_UP_CHANNEL, payload)))

    # `Any`: the two dialects' inserts have the same methods and no common type that has them.
    def _insert(self, table: Table) -> Any:
        if self.is_sqlite:
            from sqlalchemy.dialects.sqlite import insert  # lazy: only the dialect in use
        else:
            from sqlalchemy.dialects.postgresql import insert  # lazy: only the dialect in use
        return insert(table)


def _parameters(names: Sequence[str]) -> dict[str, BindParameter[Any]]:
    return {name: bindparam(name) for name in names}


def _by_columns(table: Table, names: Sequence[str]) -> Select[Any]:
    """The rows that arrays have, one for each column."""
    arrays = (bindparam(name, type_=ARRAY(table.c[name].type)) for name in names)
    given = func.unnest(*arrays).table_valued(*names).render_derived(name="given")
    return select(*(given.c[name] for name in names))


def columns_of(connection: Connection, statement: Executable, count: int) -> list[list[Any]]:
    """The selected columns, as the driver gives their cells: of many rows in half the time. In portions, as nobody else
    runs while a list is made."""
    columns: list[list[Any]] = [[] for _ in range(count)]
    cursor = connection.execute(statement).cursor
    while cursor is not None and (rows := cursor.fetchmany(_PORTION_ROWS)):
        for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
            column.extend(cells)
    return columns


def newest(_table: Table, excluded: Excluded, name: str) -> ColumnElement[Any]:
    """The new row replaces the old."""
    return excluded[name]


def newest_known(table: Table, excluded: Excluded, name: str) -> ColumnElement[Any]:
    """`merging.overlay`: NULL means as before."""
    if not table.c[name].nullable:
        return excluded[name]
    return func.coalesce(excluded[name], table.c[name])


def encode_wake_up(origin: str, execution: ExecutionId) -> str:
    return msgspec.json.encode((origin, *execution)).decode()


def decode_wake_up(payload: str) -> tuple[str, ExecutionId]:
    """Raises `msgspec.MsgspecError` for a note that is not ours."""
    origin, project, domain, name = msgspec.json.decode(payload, type=tuple[str, str, str, str])
    return origin, ExecutionId(project, domain, name)
