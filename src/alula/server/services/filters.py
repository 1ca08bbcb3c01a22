"""Flyte's lists: filter expressions, sort keys and page tokens, turned into a `store.Query`.

Grammar: `fn(field,value)` terms joined by `+`, all of which must hold; several values of `value_in` are split
by `;`. Owns which fields a client may name for each kind of thing and how their values are written; the store
never sees a client's text. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import get_args

import msgspec
from flyteidl.admin import common_pb2
from google.protobuf import timestamp_pb2

from alula.core.engine.records import AttemptPhase, CacheStatus, ExecutionPhase, NodePhase
from alula.core.errors import InvalidInput
from alula.server.store import Filter, Operator, Query

PAGE_MAX_ROWS = 10_000
_TERM = re.compile(r"(?P<operator>[a-z_]+)\((?P<field>[A-Za-z_.]+),(?P<value>.*)\)", re.DOTALL)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OPERATORS: dict[str, Operator] = {name: name for name in get_args(Operator)}
_MODES = ("MANUAL", "SCHEDULED", "SYSTEM", "RELAUNCH", "CHILD_WORKFLOW", "RECOVERED", "TRIGGER")

Convert = Callable[[str], str]
"""A client's spelling of a value to the store's; raises `ValueError`."""


class Field(msgspec.Struct, frozen=True):
    """A field that a client may filter or sort by."""

    name: str
    """Of the record's field in the store."""
    convert: Convert


Fields = Mapping[str, Field]


def query(
    fields: Fields,
    *,
    limit: int,
    token: str = "",
    filters: str = "",
    sort_by: common_pb2.Sort | None = None,
    extra: Sequence[Filter] = (),
    default_sort: str = "created_at",
) -> Query:
    """The page that a list request asks for; `extra` conditions hold besides its filters.

    Raises `InvalidInput` for a limit of 0 (`LimitRequired`), a bad token (`InvalidToken`), filter
    (`InvalidFilter`) or field (`UnknownField`).
    """
    if limit <= 0:
        raise InvalidInput("LimitRequired", "`limit` must be greater than 0", fix="ask for 100, say")
    key = sort_by.key if sort_by is not None else ""
    return Query(
        limit=min(limit, PAGE_MAX_ROWS),
        offset=_offset(token),
        filters=(*extra, *parse(filters, fields)),
        sort_by=_field(key, fields).name if key else default_sort,
        descending=sort_by is None or not key or sort_by.direction == common_pb2.Sort.DESCENDING,
    )


def next_token(page: Query, rows: int) -> str:
    """The token of the page after `page`, which had so many rows: empty unless it was full."""
    return str(page.offset + rows) if rows >= page.limit else ""


def parse(expression: str, fields: Fields) -> tuple[Filter, ...]:
    """The conditions of a filter expression.

    >>> parse("eq(phase,RUNNING)+gt(execution.createdAt,2024-01-01T00:00:00Z)", EXECUTION_FIELDS)[0].values
    ('2',)
    """
    if not expression.strip():
        return ()
    terms = re.split(r"(?<=\))\+", expression.strip())
    return tuple(_parse_term(term.strip(), fields) for term in terms)


def _parse_term(term: str, fields: Fields) -> Filter:
    match = _TERM.fullmatch(term)
    if match is None or match["operator"] not in _OPERATORS:
        raise InvalidInput(
            "InvalidFilter",
            f"`{term}` is not a filter",
            fix=f"write `eq(phase,RUNNING)`, joined by `+`; functions are {', '.join(_OPERATORS)}",
        )
    operator = _OPERATORS[match["operator"]]
    field = _field(match["field"], fields)
    texts = match["value"].split(";") if operator == "value_in" else [match["value"]]
    try:
        values = tuple(field.convert(text.strip()) for text in texts)
    except ValueError as error:
        raise InvalidInput("InvalidFilter", f"`{term}`: {error}") from error
    return Filter(field=field.name, operator=operator, values=values)


def _field(text: str, fields: Fields) -> Field:
    name = _CAMEL.sub("_", text).lower()
    if name in fields:
        return fields[name]
    raise InvalidInput("UnknownField", f"there is no field `{text}` here", fix=f"use {', '.join(sorted(fields))}")


def _offset(token: str) -> int:
    if not token:
        return 0
    if not (token.isascii() and token.isdigit() and len(token) <= 18):
        raise InvalidInput("InvalidToken", f"`{token}` is not a page token", fix="pass on the token of the last page")
    return int(token)


def _text(value: str) -> str:
    return value


def _whole(value: str) -> str:
    return str(int(value))


def _timestamp(value: str) -> str:
    stamp = timestamp_pb2.Timestamp()
    try:
        stamp.FromJsonString(value)
    except ValueError:
        raise ValueError(f"`{value}` is not an RFC 3339 time such as 2024-05-01T12:00:00Z") from None
    return str(stamp.ToMicroseconds())


def _choice(names: Mapping[str, int], what: str) -> Convert:
    def convert(value: str) -> str:
        if value.isdigit() and int(value) in names.values():
            return value
        if value.upper() not in names:
            raise ValueError(f"`{value}` is not a {what}; one of {', '.join(names)}")
        return str(names[value.upper()])

    return convert


def _archived(value: str) -> str:
    return {"0": "false", "EXECUTION_ACTIVE": "false", "1": "true", "EXECUTION_ARCHIVED": "true"}[
        _known(value, ("0", "1", "EXECUTION_ACTIVE", "EXECUTION_ARCHIVED"))
    ]


def _active(value: str) -> str:
    return {"0": "false", "INACTIVE": "false", "1": "true", "ACTIVE": "true"}[
        _known(value, ("0", "1", "INACTIVE", "ACTIVE"))
    ]


def _project_archived(value: str) -> str:
    return {"0": "false", "ACTIVE": "false", "1": "true", "ARCHIVED": "true"}[
        _known(value, ("0", "1", "ACTIVE", "ARCHIVED"))
    ]


def _known(value: str, choices: Sequence[str]) -> str:
    if value.upper() not in choices:
        raise ValueError(f"`{value}` is not one of {', '.join(choices)}")
    return value.upper()


def _launch_entity(value: str) -> str:
    return _known(value, ("LAUNCH_PLAN", "TASK")).lower()


def _named(enum: type[ExecutionPhase] | type[NodePhase] | type[AttemptPhase], what: str) -> Convert:
    return _choice({member.name: int(member) for member in enum}, what)


def _prefixed(own: Fields, *prefixes: str) -> dict[str, Field]:
    return {**own, **{f"{prefix}.{name}": field for prefix in prefixes for name, field in own.items()}}


_NAME = {"project": Field("project", _text), "domain": Field("domain", _text), "name": Field("name", _text)}
_CREATED = {"created_at": Field("created_at", _timestamp)}
_TIMES = {
    **_CREATED,
    "updated_at": Field("updated_at", _timestamp),
    "started_at": Field("started_at", _timestamp),
    "ended_at": Field("ended_at", _timestamp),
}
_VERSIONED = {
    **_NAME,
    **_CREATED,
    "updated_at": Field("created_at", _timestamp),
    "version": Field("version", _text),
}

TASK_FIELDS: Fields = _prefixed({**_VERSIONED, "type": Field("task_type", _text)}, "task", "entities")
WORKFLOW_FIELDS: Fields = _prefixed(_VERSIONED, "workflow", "entities")
LAUNCH_PLAN_FIELDS: Fields = _prefixed({**_VERSIONED, "state": Field("active", _active)}, "launch_plan", "entities")
ENTITY_NAME_FIELDS: Fields = _prefixed(_NAME, "task", "workflow", "launch_plan", "entities", "named_entity_metadata")
PROJECT_FIELDS: Fields = _prefixed(
    {
        "identifier": Field("id", _text),
        "id": Field("id", _text),
        "name": Field("name", _text),
        "description": Field("description", _text),
        "state": Field("archived", _project_archived),
        **_CREATED,
        "updated_at": Field("created_at", _timestamp),
    },
    "project",
)
EXECUTION_FIELDS: Fields = {
    **_prefixed(
        {
            **_NAME,
            **_TIMES,
            "execution_project": Field("project", _text),
            "execution_domain": Field("domain", _text),
            "execution_name": Field("name", _text),
            "phase": Field("phase", _named(ExecutionPhase, "phase")),
            "mode": Field("mode", _choice({name: i for i, name in enumerate(_MODES)}, "mode")),
            "user": Field("principal", _text),
            "principal": Field("principal", _text),
            "state": Field("archived", _archived),
            "launch_entity": Field("launch_entity", _launch_entity),
        },
        "execution",
    ),
    "workflow.name": Field("workflow.name", _text),
    "workflow.version": Field("workflow.version", _text),
    "launch_plan.name": Field("launch_plan.name", _text),
    "launch_plan.version": Field("launch_plan.version", _text),
    "task.name": Field("launch_plan.name", _text),
    "task.version": Field("launch_plan.version", _text),
    "execution_tag.key": Field("execution_tag.key", _text),
    "execution_tag.value": Field("execution_tag.value", _text),
}
NODE_FIELDS: Fields = _prefixed(
    {
        "node_id": Field("node_id", _text),
        "phase": Field("phase", _named(NodePhase, "phase")),
        "cache_status": Field("cache_status", _choice({s.name: int(s) for s in CacheStatus}, "cache status")),
        "created_at": Field("created_at", _timestamp),
        "started_at": Field("started_at", _timestamp),
        "updated_at": Field("updated_at", _timestamp),
    },
    "node_execution",
)
ATTEMPT_FIELDS: Fields = _prefixed(
    {
        "phase": Field("phase", _named(AttemptPhase, "phase")),
        "retry_attempt": Field("attempt", _whole),
        "created_at": Field("created_at", _timestamp),
        "started_at": Field("started_at", _timestamp),
        "updated_at": Field("updated_at", _timestamp),
    },
    "task_execution",
)
