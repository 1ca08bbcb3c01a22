"""Flyte's lists: filter expressions, sort keys and page tokens, turned into a `store.Query`.

Grammar: `fn(field,value)` terms joined by `+`, all of which must hold; several values of `value_in` are split
by `;`. Owns how clients spell the fields of the store's lists; that a value is of its field's type is checked by
the store. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import msgspec
from flyteidl.admin import common_pb2

from alula.core.errors import InvalidInput
from alula.server.access import Places
from alula.server.services.tokens import go_on
from alula.server.store.attempts import ATTEMPTS
from alula.server.store.entities import ENTITIES, ENTITY_NAMES
from alula.server.store.executions import EXECUTIONS
from alula.server.store.listing import Listing
from alula.server.store.named_entities import NAMED_ENTITIES
from alula.server.store.nodes import NODES
from alula.server.store.projects import PROJECTS
from alula.server.store.query import Filter, Operator, Query
from alula.server.store.signals import SIGNALS

PAGE_MAX_ROWS = 10_000
FILTERS_MAX = 100
VALUES_MAX = 1_000
"""The most values of one `value_in`. Databases limit the size of a statement, and take long to refuse a larger one."""
_TERM = re.compile(r"(?P<operator>[a-z_]+)\((?P<field>[A-Za-z_.]+),(?P<value>.*)\)", re.DOTALL)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OPERATORS: dict[str, Operator] = {name: name for name in get_args(Operator)}
_MODES = ("MANUAL", "SCHEDULED", "SYSTEM", "RELAUNCH", "CHILD_WORKFLOW", "RECOVERED", "TRIGGER")


class Field(msgspec.Struct, frozen=True):
    """A field that a client may filter or sort by."""

    name: str
    """Its name in the store."""
    spell: Callable[[str], str] = str
    """A client's spelling of a value as the store's."""


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
    places: Places = None,
) -> Query:
    """The page that a list request asks for; `extra` conditions hold besides its filters, and only `places` are listed.

    Raises `InvalidInput` for a limit of 0 (`LimitRequired`), a bad token (`InvalidToken`), filter
    (`InvalidFilter`, `TooManyFilters`) or field (`UnknownField`).
    """
    if limit <= 0:
        raise InvalidInput("LimitRequired", "`limit` must be greater than 0", fix="ask for 100, say")
    key = sort_by.key if sort_by is not None else ""
    asked = Query(
        limit=min(limit, PAGE_MAX_ROWS),
        filters=(*extra, *parse(filters, fields)),
        sort_by=field_of(key, fields).name if key else default_sort,
        descending=sort_by is None or not key or sort_by.direction == common_pb2.Sort.DESCENDING,
        places=places,
    )
    return go_on(asked, token)


def parse(expression: str, fields: Fields) -> tuple[Filter, ...]:
    """The conditions of a filter expression.

    >>> parse("eq(phase,RUNNING)+gt(execution.createdAt,2024-01-01T00:00:00Z)", EXECUTION_FIELDS)[0].values
    ('RUNNING',)
    """
    if not expression.strip():
        return ()
    terms = re.split(r"(?<=\))\+", expression.strip())
    require_few(len(terms))
    return tuple(_parse_term(term.strip(), fields) for term in terms)


def require_few(count: int) -> None:
    """Raise `InvalidInput` code `TooManyFilters` where a list is asked for with more filters than it takes."""
    if count > FILTERS_MAX:
        raise InvalidInput("TooManyFilters", f"a list takes {FILTERS_MAX} filters at most, not {count}")


def _parse_term(term: str, fields: Fields) -> Filter:
    match = _TERM.fullmatch(term)
    if match is None or match["operator"] not in _OPERATORS:
        raise InvalidInput(
            "InvalidFilter",
            f"`{term}` is not a filter",
            fix=f"write `eq(phase,RUNNING)`, joined by `+`; functions are {', '.join(_OPERATORS)}",
        )
    operator = _OPERATORS[match["operator"]]
    field = field_of(match["field"], fields)
    texts = match["value"].split(";") if operator == "value_in" else [match["value"]]
    if len(texts) > VALUES_MAX:
        raise InvalidInput("TooManyFilters", f"`value_in` takes {VALUES_MAX} values at most, not {len(texts)}")
    return Filter(field.name, operator, tuple(field.spell(text.strip()) for text in texts))


def field_of(text: str, fields: Fields) -> Field:
    """The field that a client calls so. Raises `InvalidInput` code `UnknownField`."""
    name = _CAMEL.sub("_", text).lower()
    if name in fields:
        return fields[name]
    known = ", ".join(sorted(fields)) or "no fields"
    raise InvalidInput("UnknownField", f"there is no field `{text}` here", fix=f"this list knows {known}")


def _mode(value: str) -> str:
    return str(_MODES.index(value.upper())) if value.upper() in _MODES else value


# `Any`: lists of records of any kind.
def _of(listing: Listing[Any], *prefixes: str, **also: Field) -> Fields:
    """The fields of a list by their own names, and by those that only clients know; all of them also behind a prefix,
    as `task.name`."""
    own = {**{name: Field(name) for name in (*listing.fields, *listing.only_filters)}, **also}
    return {**own, **{f"{prefix}.{name}": field for prefix in prefixes for name, field in own.items()}}


_UPDATED = Field("created_at")
_NAMES = ("task", "workflow", "launch_plan", "entities", "named_entity_metadata")

TASK_FIELDS = _of(ENTITIES, "task", "entities", type=Field("task_type"), updated_at=_UPDATED)
WORKFLOW_FIELDS = _of(ENTITIES, "workflow", "entities", updated_at=_UPDATED)
LAUNCH_PLAN_FIELDS = _of(ENTITIES, "launch_plan", "entities", updated_at=_UPDATED)
ENTITY_NAME_FIELDS = _of(ENTITY_NAMES, *_NAMES)
NAMED_ENTITY_FIELDS = _of(NAMED_ENTITIES, *_NAMES)
PROJECT_FIELDS = _of(PROJECTS, "project", updated_at=_UPDATED)
EXECUTION_FIELDS: Fields = {
    **_of(
        EXECUTIONS,
        "execution",
        execution_project=Field("project"),
        execution_domain=Field("domain"),
        execution_name=Field("name"),
        user=Field("principal"),
        mode=Field("mode", _mode),
        launch_entity=Field("launch_entity", str.lower),
    ),
    "task.name": Field("launch_plan.name"),
    "task.version": Field("launch_plan.version"),
}
SIGNAL_FIELDS = _of(SIGNALS, "signal", user=Field("principal"))
NODE_FIELDS = _of(
    NODES,
    "node_execution",
    cache_status=Field("cache_status", lambda value: value.upper().removeprefix("CACHE_")),
)
ATTEMPT_FIELDS = _of(ATTEMPTS)
