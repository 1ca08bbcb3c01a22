"""Jobs that other systems have for attempts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_TEXT = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "jobs",
        *(sa.Column(name, _TEXT, nullable=False) for name in ("project", "domain", "execution", "node_id")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("item_index", "attempt")),
        sa.Column("executor", _TEXT, nullable=False),
        sa.Column("handle", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("project", "domain", "execution", "node_id", "item_index", "attempt", name="jobs_pkey"),
        sqlite_with_rowid=False,
    )
