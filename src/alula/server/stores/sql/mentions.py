"""Everything in the database that may name objects, in portions: table by table, by their keys."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, Table, select, tuple_

from alula.core.ids import ExecutionId
from alula.server.store.removals import Mention, Mentions
from alula.server.stores.sql.tables import (
    artifacts,
    catalog,
    entities,
    events,
    execution_data,
    kept_outputs,
    node_executions,
    signals,
)

_OF_RUN = ("project", "domain", "execution")


class _Place(NamedTuple):
    """A row after which to go on."""

    table: int
    key: list[str | int]


# What runs rest on stands first. What an entry of the cache gives to a run while all this is read is in the events of
# that run then, and these stand last.
_NAMING: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (entities, ("spec",)),
    (kept_outputs, ("output",)),
    (artifacts, ("data",)),
    (catalog, ("outputs",)),
    (execution_data, ("inputs", "user_inputs", "outputs")),
    (signals, ("value",)),
    (node_executions, ("inputs", "outputs")),
    (events, ("event",)),
)


def read_mentions(connection: Connection, after: str, limit: int) -> Mentions:
    """As `Removals.mentions`."""
    place = msgspec.json.decode(after, type=_Place) if after else _Place(0, [])
    table, names = _NAMING[place.table]
    key = tuple(table.primary_key.columns)
    statement = select(*key, *(table.c[name] for name in names)).order_by(*key).limit(limit)
    if place.key:
        statement = statement.where(tuple_(*key) > tuple(place.key))
    found: list[Mention] = []
    last: list[str | int] = []
    rows = connection.execute(statement).all()
    is_of_run = all(name in table.c for name in _OF_RUN)
    for row in rows:
        last = list(row[: len(key)])
        run = ExecutionId(row.project, row.domain, row.execution) if is_of_run else None
        found += [Mention(run, data) for data in row[len(key) :] if data]
    if len(rows) == limit:
        following = _Place(place.table, last)
    elif place.table + 1 < len(_NAMING):
        following = _Place(place.table + 1, [])
    else:
        return Mentions(found, "")
    return Mentions(found, msgspec.json.encode(following).decode())
