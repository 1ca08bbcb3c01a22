"""A checked page as SQL: conditions, order and limits on the columns that a list allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select

from alula.server.stores.fields import Condition, Page
from alula.server.stores.sql.dialect import Sql

# `Any`: the values were parsed to the column's type by `fields.check`.
Columns = Mapping[str, ColumnElement[Any]]


def paged(
    statement: Select[Any], page: Page, columns: Columns, identity: Iterable[ColumnElement[Any]], sql: Sql
) -> Select[Any]:
    """`statement` cut to the page; ties are ordered by `identity`, so that pages neither overlap nor miss a row."""
    return (
        statement.where(*(holds(given, columns[given.field], sql) for given in page.conditions))
        .order_by(sql.ordered(columns[page.sort_by], descending=page.descending), *identity)
        .limit(page.limit)
        .offset(page.offset)
    )


def holds(given: Condition, column: ColumnElement[Any], sql: Sql) -> ColumnElement[bool]:
    value = given.values[0]
    match given.operator:
        case "eq":
            return column == value
        case "ne":
            return column != value
        case "gt":
            return column > value
        case "gte":
            return column >= value
        case "lt":
            return column < value
        case "lte":
            return column <= value
        case "contains":
            return sql.contains(column, str(value))
        case "value_in":
            return column.in_(given.values)
