"""What ages: code that clients have asked to upload, and until when watches have forgotten their objects."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_TEXT = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.add_column("watches", sa.Column("forgotten_until", sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "uploads",
        sa.Column("uri", _TEXT, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("going", sa.SmallInteger, nullable=False),
        sa.PrimaryKeyConstraint("uri", name="uploads_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("uploads_going_asked_at", "uploads", ["going", "asked_at"])
