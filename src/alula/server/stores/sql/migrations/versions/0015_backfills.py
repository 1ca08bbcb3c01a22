"""Backfills, and their slots."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_TEXT = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "backfills",
        *_words("project", "domain", "name", "plan_project", "plan_domain", "plan", "version", "principal"),
        *_numbers("created_at", "first", "until"),
        *_words("cron", "kickoff"),
        *_numbers("at_once"),
        sa.Column("newest_first", sa.SmallInteger, nullable=False),
        *_words("reprocess"),
        sa.Column("stops", sa.SmallInteger, nullable=False),
        *_numbers("waiting", "running", "succeeded", "failed", "there"),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("project", "domain", "name", name="backfills_pkey"),
    )
    op.create_index("backfills_state", "backfills", ["state"])
    op.create_table(
        "backfill_slots",
        *_words("project", "domain", "backfill"),
        *_numbers("at", "planned_for"),
        *_words("run"),
        sa.Column("state", sa.SmallInteger, nullable=False),
        *_words("detail"),
        sa.PrimaryKeyConstraint("project", "domain", "backfill", "at", name="backfill_slots_pkey"),
        sqlite_with_rowid=False,
    )
    index = ["project", "domain", "backfill", "state", "at"]
    op.create_index(f"backfill_slots_{'_'.join(index)}", "backfill_slots", index)
