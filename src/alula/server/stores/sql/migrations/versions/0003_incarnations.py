"""Incarnations, which tell executions of one name apart; NULL for those that were launched before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "execution_data",
        sa.Column("incarnation", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=True),
    )
