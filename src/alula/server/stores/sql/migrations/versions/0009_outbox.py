"""Consumers, which act on what happens to runs, and the messages for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TEXT = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORDS = ("consumer", "project", "domain", "execution", "incarnation", "kind", "node_id")


def upgrade() -> None:
    op.create_table(
        "outbox_consumers",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("nodes", sa.SmallInteger, nullable=False),
        sa.Column("keep_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="outbox_consumers_pkey"),
    )
    op.create_table(
        "outbox",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        *(sa.Column(name, _TEXT, nullable=False) for name in _WORDS),
        sa.Column("phase", sa.SmallInteger, nullable=False),
        sa.Column("occurred_at", sa.BigInteger, nullable=False),
        sa.Column("written_at", sa.BigInteger, nullable=False),
        sa.Column("claimed_until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="outbox_pkey"),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_consumer_number", "outbox", ["consumer", "number"])
