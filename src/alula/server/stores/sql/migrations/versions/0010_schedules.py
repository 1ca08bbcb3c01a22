"""Schedules of active launch plans, and how far each has been followed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_TEXT = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "schedules",
        *(sa.Column(name, _TEXT, nullable=False) for name in ("project", "domain", "name", "version", "principal")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("since", "followed_until", "due_at")),
        sa.PrimaryKeyConstraint("project", "domain", "name", name="schedules_pkey"),
    )
    op.create_index("schedules_due_at", "schedules", ["due_at"])
