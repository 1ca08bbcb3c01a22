"""A checked page as SQL: conditions, order and limits on the columns that a list allows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, literal, or_, tuple_

from alula.core.ids import Place
from alula.server.store.listing import Value
from alula.server.stores.checking import Condition, Page
from alula.server.stores.sql.dialect import Sql

# `Any`: the values were parsed to the column's type by `checking.check`.
Columns = Mapping[str, ColumnElement[Any]]


def paged(statement: Select[Any], page: Page, columns: Columns, sql: Sql) -> Select[Any]:
    """`statement` cut to the page."""
    return cut(statement.where(*chosen(page, columns, sql), *comes_after(page, columns)), page, columns, sql)


def cut(statement: Select[Any], page: Page, columns: Columns, sql: Sql) -> Select[Any]:
    """`statement` in the order of the page, as far as the page goes."""
    order = (sql.ordered(columns[field], descending=page.descending) for field in _order(page))
    statement = statement.order_by(*order).limit(page.limit)
    return statement.offset(page.offset) if page.offset else statement


def chosen(page: Page, columns: Columns, sql: Sql) -> Iterator[ColumnElement[bool]]:
    """The conditions of a page on its rows."""
    yield from (holds(given, columns[given.field], sql) for given in page.conditions)
    if page.places is not None:
        yield _within(page.places, columns)


def comes_after(page: Page, columns: Columns) -> Iterator[ColumnElement[bool]]:
    """The condition that a row comes after the page's position, if it has one. Unknown values are before all others."""
    if page.after is None:
        return
    position = dict(zip(page.key, page.after, strict=True))
    sorted_by, *ids = ((columns[field], position[field]) for field in _order(page))
    column, value = sorted_by
    if value is not None:
        beyond = _beyond([sorted_by, *ids], descending=page.descending)
        yield or_(beyond, column.is_(None)) if page.descending and _is_nullable(column) else beyond
    else:
        beyond = and_(column.is_(None), _beyond(ids, descending=page.descending))
        yield beyond if page.descending else or_(beyond, column.is_not(None))


def _order(page: Page) -> list[str]:
    """The fields that rows are ordered by: without those that are the same in all, so that an index serves that has
    them in front."""
    fixed = {given.field for given in page.conditions if given.operator == "eq"}
    sorted_by, *identity = page.key
    return [sorted_by, *(field for field in identity if field not in fixed and field != sorted_by)]


def _beyond(key: Sequence[tuple[ColumnElement[Any], Value | None]], *, descending: bool) -> ColumnElement[bool]:
    if not key:
        return false()
    columns = tuple_(*(column for column, _ in key))
    values = tuple_(*(literal(value, column.type) for column, value in key))
    return columns < values if descending else columns > values


def _is_nullable(column: ColumnElement[Any]) -> bool:
    return getattr(column, "nullable", False)


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
