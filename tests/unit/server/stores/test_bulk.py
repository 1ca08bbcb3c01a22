"""Statements for many rows on PostgreSQL, as they go to its driver."""

from __future__ import annotations

from typing import Any, cast
from unittest.mock import Mock

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import psycopg

from alula.server.stores.sql.dialect import Sql, newest

TABLE = Table("t", MetaData(), Column("k", Text, primary_key=True), Column("n", BigInteger), Column("b", LargeBinary))
SQL = Sql(psycopg.dialect(paramstyle="format"), "here")
ROWS: list[tuple[Any, ...]] = [(f"k{number}", number, None) for number in range(1_500)]


def driver(count: int = 1) -> Mock:
    connection = Mock(spec=Connection)
    connection.exec_driver_sql.return_value.rowcount = count
    return connection


def test_many_rows_are_written_by_statements_of_arrays() -> None:
    connection = driver(750)
    assert SQL.upsert(TABLE, newest, each_once=True).run(cast("Connection", connection), ROWS) == 1_500
    first, second = [each.args for each in connection.exec_driver_sql.call_args_list]
    assert "SELECT given.k, given.n, given.b" in first[0]
    assert "unnest(%b::TEXT[], %b::BIGINT[], %b::BYTEA[])" in first[0]
    assert first[0] == second[0]
    assert first[1] == tuple(list(column) for column in zip(*ROWS[:1_000], strict=True))
    assert second[1][0][0] == "k1000"


def test_one_row_and_rows_that_may_meet_each_other_are_written_row_by_row() -> None:
    for bulk, rows in (
        (SQL.upsert(TABLE, newest, each_once=True), ROWS[:1]),
        (SQL.insert(TABLE), ROWS[:1]),
        (SQL.upsert(TABLE, newest), ROWS[:2]),
        (SQL.insert_if_absent(TABLE), ROWS[:2]),
    ):
        connection = driver()
        bulk.run(cast("Connection", connection), rows)
        [(statement, given)] = [each.args for each in connection.exec_driver_sql.call_args_list]
        assert "unnest" not in statement
        assert given == rows
