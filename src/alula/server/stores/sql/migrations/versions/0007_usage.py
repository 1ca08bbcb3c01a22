"""The usage of attempts: CPU time, memory, bytes written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for table in ("task_executions", "items"):
        op.add_column(table, sa.Column("usage", sa.LargeBinary(), nullable=True))
