"""Lists of the memory store: what a field's name means for a record, and pages of records. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeVar

from alula.core.ids import Place
from alula.server.access import Places, covers
from alula.server.stores import fields
from alula.server.stores.fields import Condition, Page, Value

Record = TypeVar("Record")
# `Any`: names are checked against `fields` before these are asked.
Getter = Callable[[Any], Value | None]

PROJECT: Mapping[str, Getter] = {
    "project": attrgetter("id"),
    "id": attrgetter("id"),
    "identifier": attrgetter("id"),
    "name": attrgetter("name"),
    "description": attrgetter("description"),
    "state": lambda project: int(project.archived),
    "created_at": attrgetter("created_at"),
}
ENTITY: Mapping[str, Getter] = {
    "project": attrgetter("id.project"),
    "domain": attrgetter("id.domain"),
    "name": attrgetter("id.name"),
    "version": attrgetter("id.version"),
    "state": lambda entity: int(entity.active),
    "hidden": lambda entity: int(entity.hidden),
    "created_at": attrgetter("created_at"),
    "task_type": attrgetter("task_type"),
}
EXECUTION: Mapping[str, Getter] = {
    **{name: attrgetter(name) for name in fields.EXECUTIONS},
    "project": attrgetter("id.project"),
    "domain": attrgetter("id.domain"),
    "name": attrgetter("id.name"),
    "state": lambda execution: int(execution.archived),
    "archived": lambda execution: int(execution.archived),
}
NODE: Mapping[str, Getter] = {name: attrgetter(name) for name in fields.NODES}
ATTEMPT: Mapping[str, Getter] = {name: attrgetter(name) for name in fields.ATTEMPTS}
ITEM: Mapping[str, Getter] = {name: attrgetter(name) for name in fields.ITEMS}
SIGNAL: Mapping[str, Getter] = {name: attrgetter(name) for name in fields.SIGNALS}
NAMED_ENTITY: Mapping[str, Getter] = {
    **{name: attrgetter(f"record.{name}") for name in fields.NAMED_ENTITIES if name != "created_at"},
    "created_at": attrgetter("created_at"),
}
CATALOG: Mapping[str, Getter] = {
    **{name: attrgetter(f"key.{name}") for name in fields.CATALOG if name not in ("source", "created_at")},
    "source": attrgetter("source"),
    "created_at": attrgetter("created_at"),
}
DATASET: Mapping[str, Getter] = {
    **{name: attrgetter(f"id.{name}") for name in fields.DATASETS if name != "created_at"},
    "created_at": attrgetter("created_at"),
}
AUDIT: Mapping[str, Getter] = {name: attrgetter(name) for name in fields.AUDITS}


def page_of(
    records: Iterable[Record], page: Page, getters: Mapping[str, Getter], identity: Callable[[Record], Any]
) -> list[Record]:
    """Filtered, sorted (unknown values before all others, ties by identity), cut to the page."""
    get = getters[page.sort_by]
    # `Any`: a field's values are all of one type, which the type checker can't know.
    rank: Callable[[Record], Any] = lambda record: ((value := get(record)) is not None, value)  # noqa: E731
    found = sorted(_within(page.places, matching(records, page.conditions, getters), getters), key=identity)
    found.sort(key=rank, reverse=page.descending)
    return found[page.offset : page.offset + page.limit]


def _within(places: Places, records: list[Record], getters: Mapping[str, Getter]) -> list[Record]:
    if places is None:
        return records
    project, domain = getters["project"], getters.get("domain", lambda _: "")
    return [record for record in records if covers(places, Place(str(project(record)), str(domain(record))))]


def matching(records: Iterable[Record], conditions: Sequence[Condition], getters: Mapping[str, Getter]) -> list[Record]:
    return [record for record in records if all(_holds(given, getters[given.field](record)) for given in conditions)]


def labelled(labels: Mapping[str, str], conditions: Sequence[Condition]) -> bool:
    return not conditions or any(
        all(_holds(given, key if given.field == "execution_tag.key" else value) for given in conditions)
        for key, value in labels.items()
    )


# `Any`: both sides are of the field's type, which `fields.check` has seen to.
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, wanted: value == wanted,
    "ne": lambda value, wanted: value != wanted,
    "gt": lambda value, wanted: value > wanted,
    "gte": lambda value, wanted: value >= wanted,
    "lt": lambda value, wanted: value < wanted,
    "lte": lambda value, wanted: value <= wanted,
    "contains": lambda value, wanted: wanted in value,
}


def _holds(given: Condition, value: Value | None) -> bool:
    if value is None:
        return False
    if given.operator == "value_in":
        return value in given.values
    return _COMPARISONS[given.operator](value, given.values[0])
