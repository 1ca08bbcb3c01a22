"""Of schedules: time zone, what waits, pauses, the last run, and what was skipped. One may be due no more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_TEXT = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def upgrade() -> None:
    # It has few rows, and what SQLite can change in a table would leave it other than a new one.
    before = sa.table("schedules", *map(sa.column, ("project", "domain", "name", "version", "principal")))
    for name in ("since", "followed_until", "due_at"):
        before.append_column(sa.column(name))
    rows = [dict(row) for row in op.get_bind().execute(sa.select(before)).mappings()]
    op.drop_table("schedules")
    after = op.create_table(
        "schedules",
        *_words("project", "domain", "name", "version", "principal"),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("since", "followed_until")),
        sa.Column("due_at", sa.BigInteger),
        *_words("zone", "waiting"),
        *(sa.Column(name, sa.BigInteger) for name in ("paused_at", "last_at")),
        sa.Column("missed", sa.BigInteger, nullable=False),
        *_words("skipped"),
        sa.PrimaryKeyConstraint("project", "domain", "name", name="schedules_pkey"),
    )
    op.create_index("schedules_due_at", "schedules", ["due_at"])
    op.bulk_insert(after, [{**row, "zone": "", "waiting": "", "missed": 0, "skipped": ""} for row in rows])
