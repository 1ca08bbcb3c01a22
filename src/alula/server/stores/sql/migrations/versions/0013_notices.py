"""Notices for people and programs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_TEXT = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
_WORDS = ("id", "rule", "channel", "project", "domain", "subject", "occasion")


def upgrade() -> None:
    op.create_table(
        "notices",
        *(sa.Column(name, _TEXT, nullable=False) for name in _WORDS),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("tries", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in ("due_at", "ended_at")),
        sa.Column("error", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="notices_pkey"),
    )
    op.create_index("notices_created_at", "notices", ["created_at"])
    op.create_index("notices_due_at", "notices", ["due_at"])
