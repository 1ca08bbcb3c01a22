"""A checked page as SQL: conditions, order and limits on the columns that a list allows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_

from alula.core.ids import Place
from alula.server.stores.fields import Condition, Page
from alula.server.stores.sql.dialect import Sql

# `Any`: the values were parsed to the column's type by `fields.check`.
Columns = Mapping[str, ColumnElement[Any]]


def paged(
    statement: Select[Any], page: Page, columns: Columns, identity: Iterable[ColumnElement[Any]], sql: Sql
) -> Select[Any]:
    """`statement` cut to the page; ties are ordered by `identity`, so that pages neither overlap nor miss a row."""
    return (
        statement.where(*chosen(page, columns, sql))
        .order_by(sql.ordered(columns[page.sort_by], descending=page.descending), *identity)
        .limit(page.limit)
        .offset(page.offset)
    )


def chosen(page: Page, columns: Columns, sql: Sql) -> Iterator[ColumnElement[bool]]:
    """The conditions of a page on its rows."""
    yield from (holds(given, columns[given.field], sql) for given in page.conditions)
    if page.places is not None:
        yield _within(page.places, columns)


def _within(places: frozenset[Place], columns: Columns) -> ColumnElement[bool]:
    """The condition that a row is covered. Projects with the same domains are one term: databases limit how many."""
    domains: dict[str, set[str]] = {}
    for place in places:
        domains.setdefault(place.project, set()).add(place.domain)
    projects: dict[frozenset[str], list[str]] = {}
    for project, among in domains.items():
        projects.setdefault(frozenset() if "" in among else frozenset(among), []).append(project)
    return or_(false(), *(_in(columns, names, among) for among, names in projects.items()))


def _in(columns: Columns, projects: Iterable[str], domains: Collection[str]) -> ColumnElement[bool]:
    """In one of these domains, any of them if there are none, of one of these projects. Projects have no domain."""
    in_projects = columns["project"].in_(sorted(projects))
    if not domains or "domain" not in columns:
        return in_projects
    return and_(in_projects, columns["domain"].in_(sorted(domains)))


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
