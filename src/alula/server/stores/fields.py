"""What lists may be filtered and sorted by: names, types, and how a filter's text becomes a value.

The only way from a client's field name to a row: a name that is not in these tables does not pass. Knows
nothing of columns or rows; each adapter maps the names to its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import IntEnum

import msgspec

from alula.core.engine.records import AttemptPhase, CacheStatus, ExecutionPhase, NodePhase
from alula.core.errors import InvalidInput
from alula.server.access import Places
from alula.server.store.query import Filter, Operator, Query

Value = str | int
_INT64_MAX = 2**63 - 1
VALUES_MAX = 500
"""In all filters of a list together: databases limit the parameters and the depth of a statement."""
_INTEGER = re.compile(r"-?[0-9]{1,19}")


class Field(msgspec.Struct, frozen=True):
    """A type of field: `parse` raises ValueError for text that is no such value."""

    parse: Callable[[str], Value]
    expected: str
    is_text: bool = False


class Condition(msgspec.Struct, frozen=True):
    """A filter that has been checked: a known field, values of its type."""

    field: str
    operator: Operator
    values: tuple[Value, ...]


class Page(msgspec.Struct, frozen=True):
    """A query that has been checked."""

    limit: int
    offset: int
    conditions: tuple[Condition, ...]
    sort_by: str
    descending: bool
    places: Places = None


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text) or abs(value := int(text)) > _INT64_MAX:
        raise ValueError(text)
    return value


def _time_us(text: str) -> int:
    if _INTEGER.fullmatch(text):
        return _integer(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since_epoch = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_epoch.days * 86_400 + since_epoch.seconds) * 1_000_000 + since_epoch.microseconds


def _named(names: Mapping[str, int], expected: str) -> Field:
    def parse(text: str) -> int:
        number = names.get(text.upper())
        return _integer(text) if number is None else number

    return Field(parse, expected)


def _member(enum: type[IntEnum]) -> Field:
    names = {member.name: member.value for member in enum}
    return _named(names, "a number or one of " + ", ".join(names))


TEXT = Field(str, "text", is_text=True)
NUMBER = Field(_integer, "a whole number")
TIME = Field(_time_us, "microseconds since the epoch or an RFC 3339 time")
FLAG = _named({"TRUE": 1, "FALSE": 0}, "true or false")
_ENTITY_STATE = _named({"ACTIVE": 1, "INACTIVE": 0}, "ACTIVE or INACTIVE")
_PROJECT_STATE = _named({"ACTIVE": 0, "ARCHIVED": 1}, "ACTIVE or ARCHIVED")
_NAME_STATE = _named(
    {"NAMED_ENTITY_ACTIVE": 0, "ACTIVE": 0, "NAMED_ENTITY_ARCHIVED": 1, "ARCHIVED": 1, "SYSTEM_GENERATED": 2},
    "NAMED_ENTITY_ACTIVE, NAMED_ENTITY_ARCHIVED or SYSTEM_GENERATED",
)
_EXECUTION_STATE = _named(
    {"EXECUTION_ACTIVE": 0, "EXECUTION_ARCHIVED": 1, "ACTIVE": 0, "ARCHIVED": 1},
    "EXECUTION_ACTIVE or EXECUTION_ARCHIVED",
)

PROJECTS: Mapping[str, Field] = {
    "id": TEXT,
    "identifier": TEXT,
    "name": TEXT,
    "description": TEXT,
    "state": _PROJECT_STATE,
    "created_at": TIME,
}
ENTITIES: Mapping[str, Field] = {
    "project": TEXT,
    "domain": TEXT,
    "name": TEXT,
    "version": TEXT,
    "state": _ENTITY_STATE,
    "hidden": FLAG,
    "created_at": TIME,
    "task_type": TEXT,
}
ENTITY_NAMES: Mapping[str, Field] = {"project": TEXT, "domain": TEXT, "name": TEXT, "created_at": TIME}
"""Sort fields of the names list (`created_at`: of the newest version). Its filters are `ENTITIES`."""
NAMED_ENTITIES: Mapping[str, Field] = {
    "project": TEXT,
    "domain": TEXT,
    "name": TEXT,
    "description": TEXT,
    "state": _NAME_STATE,
    "created_at": TIME,
}
EXECUTIONS: Mapping[str, Field] = {
    "project": TEXT,
    "domain": TEXT,
    "name": TEXT,
    "phase": _member(ExecutionPhase),
    "state": _EXECUTION_STATE,
    "archived": FLAG,
    "launch_entity": TEXT,
    "principal": TEXT,
    "mode": NUMBER,
    "created_at": TIME,
    "updated_at": TIME,
    "started_at": TIME,
    "ended_at": TIME,
    "abort_cause": TEXT,
    "abort_principal": TEXT,
    "workflow.project": TEXT,
    "workflow.domain": TEXT,
    "workflow.name": TEXT,
    "workflow.version": TEXT,
    "launch_plan.project": TEXT,
    "launch_plan.domain": TEXT,
    "launch_plan.name": TEXT,
    "launch_plan.version": TEXT,
}
LABELS: Mapping[str, Field] = {"execution_tag.key": TEXT, "execution_tag.value": TEXT}
"""Filters of the executions list beside `EXECUTIONS`. Those of one query speak of one and the same label."""
NODES: Mapping[str, Field] = {
    "node_id": TEXT,
    "phase": _member(NodePhase),
    "cache_status": _member(CacheStatus),
    "created_at": TIME,
    "started_at": TIME,
    "updated_at": TIME,
}
ATTEMPTS: Mapping[str, Field] = {"attempt": NUMBER}
ITEMS: Mapping[str, Field] = {
    "index": NUMBER,
    "phase": _member(AttemptPhase),
    "updated_at": TIME,
}
SIGNALS: Mapping[str, Field] = {
    "signal_id": TEXT,
    "node_id": TEXT,
    "principal": TEXT,
    "created_at": TIME,
}
CATALOG: Mapping[str, Field] = {
    "project": TEXT,
    "domain": TEXT,
    "task": TEXT,
    "cache_version": TEXT,
    "interface": TEXT,
    "source": TEXT,
    "digest": TEXT,
    "created_at": TIME,
}
DATASETS: Mapping[str, Field] = {
    "project": TEXT,
    "domain": TEXT,
    "name": TEXT,
    "version": TEXT,
    "created_at": TIME,
}
AUDITS: Mapping[str, Field] = {
    "project": TEXT,
    "domain": TEXT,
    "principal": TEXT,
    "action": TEXT,
    "target": TEXT,
    "at": TIME,
}


def one_name(project: str, domain: str, name: str) -> Query:
    """The query for what bears one name."""
    given = (("project", project), ("domain", domain), ("name", name))
    return Query(limit=1, filters=tuple(Filter(field, "eq", (text,)) for field, text in given))


def check(
    query: Query,
    fields: Mapping[str, Field],
    *,
    created_at: str = "created_at",
    only_filters: Mapping[str, Field] | None = None,
) -> Page:
    """The query in values of its fields' types, or `InvalidInput` that names what is wrong.

    `created_at` is the field that stands for the time of creation where a list has none of that name.
    """
    if query.limit < 1 or query.offset < 0 or max(query.limit, query.offset) > _INT64_MAX:
        raise InvalidInput(
            "BadPage",
            f"a page of {query.limit} rows from row {query.offset} is not possible",
            fix="ask for at least one row, from row 0 or later",
        )
    sort_by = created_at if query.sort_by == "created_at" else query.sort_by
    if sort_by not in fields:
        raise _unknown(sort_by, fields, "sorted")
    filterable = {**fields, **(only_filters or {})}
    return Page(
        limit=query.limit,
        offset=query.offset,
        conditions=check_filters(query.filters, filterable),
        sort_by=sort_by,
        descending=query.descending,
        places=query.places,
    )


def check_filters(filters: Iterable[Filter], fields: Mapping[str, Field]) -> tuple[Condition, ...]:
    """As `check`, of filters alone."""
    filters = tuple(filters)
    count = sum(len(given.values) for given in filters)
    if count > VALUES_MAX:
        raise InvalidInput(
            "BadFilter",
            f"the filters name {count:,} values, and may name {VALUES_MAX:,}",
            fix="ask in several",
        )
    return tuple(_condition(given, fields) for given in filters)


def _condition(given: Filter, fields: Mapping[str, Field]) -> Condition:
    field = fields.get(given.field)
    if field is None:
        raise _unknown(given.field, fields, "filtered")
    if not given.values or (given.operator != "value_in" and len(given.values) != 1):
        wanted = "at least one value" if given.operator == "value_in" else "exactly one value"
        raise InvalidInput(
            "BadFilter", f"`{given.operator}` on `{given.field}` needs {wanted}, got {len(given.values)}"
        )
    if given.operator == "contains" and not field.is_text:
        raise InvalidInput(
            "BadFilter",
            f"`contains` works on text, and `{given.field}` is {field.expected}",
            fix="compare with eq, ne, gt, gte, lt, lte or value_in",
        )
    return Condition(given.field, given.operator, tuple(_value(given.field, field, v) for v in given.values))


def _value(name: str, field: Field, text: str) -> Value:
    try:
        return field.parse(text)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            "BadFilterValue", f"`{text}` is no value for `{name}`", fix=f"give {field.expected}"
        ) from error


def _unknown(name: str, fields: Mapping[str, Field], done: str) -> InvalidInput:
    return InvalidInput(
        "UnknownField",
        f"this list can't be {done} by `{name}`",
        fix="use one of " + ", ".join(sorted(fields)),
    )
