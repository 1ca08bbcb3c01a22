"""Details of attempts that executors report: the executor, the places of the logs, and more about the attempt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TEXT = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.add_column("task_executions", sa.Column("executor", _TEXT, nullable=True))
    for table in ("task_executions", "items"):
        op.add_column(table, sa.Column("logs", sa.LargeBinary(), nullable=True))
        op.add_column(table, sa.Column("info", sa.LargeBinary(), nullable=True))
