"""The place in its execution's log at which a row last changed; NULL for rows that have not changed since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_FOUND_BY = ["project", "domain", "execution", "changed_seq"]


def upgrade() -> None:
    for table, also in (("node_executions", ["phase"]), ("task_executions", []), ("items", []), ("signals", [])):
        op.add_column(table, sa.Column("changed_seq", sa.BigInteger(), nullable=True))
        found_by = _FOUND_BY + also
        op.create_index("_".join([table, *found_by]), table, found_by)
