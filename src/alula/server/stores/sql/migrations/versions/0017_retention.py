"""Retention: ties of runs, with those of the runs that are there; removals, and objects that removed runs have left."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from flyteidl.admin import execution_pb2

revision = "0017"
down_revision = "0016"

_TEXT = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
_CHILD, _RECOVERED = 4, 5
_EAGER_LABEL = "eager-exec"
_KEY = ("project", "domain", "execution")
_HOLDER = ("holder_project", "holder_domain", "holder")


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def upgrade() -> None:
    ties = op.create_table(
        "ties",
        *_words(*_KEY, *_HOLDER),
        sa.PrimaryKeyConstraint(*_KEY, *_HOLDER, name="ties_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("ties_holder_project_holder_domain_holder", "ties", list(_HOLDER))
    op.create_table(
        "removals",
        *_words(*_KEY, "incarnation", "rule", "raw_prefix"),
        sa.Column("removed_at", sa.BigInteger, nullable=False),
        sa.Column("finished", sa.SmallInteger, nullable=False),
        sa.PrimaryKeyConstraint(*_KEY, "incarnation", name="removals_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("removals_finished_removed_at", "removals", ["finished", "removed_at"])
    op.create_table(
        "left_objects",
        *_words("uri"),
        sa.PrimaryKeyConstraint("uri", name="left_objects_pkey"),
        sqlite_with_rowid=False,
    )
    columns: list[str] = [*_KEY, *_HOLDER]
    op.bulk_insert(ties, [dict(zip(columns, tie, strict=True)) for tie in sorted(set(_of_existing()))])


def _of_existing() -> Iterator[tuple[str, ...]]:
    executions = sa.table("executions", *map(sa.column, ("project", "domain", "name", "mode")))
    data = sa.table("execution_data", *map(sa.column, (*_KEY, "spec")))
    is_of = sa.and_(
        data.c.project == executions.c.project,
        data.c.domain == executions.c.domain,
        data.c.execution == executions.c.name,
    )
    tied = sa.select(*(executions.c[name] for name in ("project", "domain", "name")), data.c.spec).join(data, is_of)
    for row in op.get_bind().execute(tied.where(executions.c.mode.in_([_CHILD, _RECOVERED]))):
        run = (row.project, row.domain, row.name)
        metadata = execution_pb2.ExecutionSpec.FromString(row.spec).metadata
        if metadata.HasField("reference_execution"):
            source = metadata.reference_execution
            yield (source.project, source.domain, source.name, *run)
        if metadata.HasField("parent_node_execution"):
            parent = metadata.parent_node_execution.execution_id
            yield (*run, parent.project, parent.domain, parent.name)
    labels = sa.table("execution_labels", *map(sa.column, (*_KEY, "key", "value")))
    eager = sa.select(*(labels.c[name] for name in (*_KEY, "value"))).where(labels.c.key == _EAGER_LABEL)
    for row in op.get_bind().execute(eager):
        yield (row.project, row.domain, row.execution, row.project, row.domain, row.value)
