"""Triggers of active launch plans, and their firings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_TEXT = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "triggers",
        *_words("project", "domain", "name", "version", "principal"),
        *_numbers("since"),
        *_words("kind", "watched"),
        sa.Column("last_at", sa.BigInteger),
        *_numbers("started", "refused"),
        sa.PrimaryKeyConstraint("project", "domain", "name", name="triggers_pkey"),
    )
    op.create_index("triggers_watched", "triggers", ["watched"])
    op.create_table(
        "firings",
        *_words("project", "domain", "name", "version", "cause", "told"),
        *_numbers("at"),
        sa.Column("state", sa.SmallInteger, nullable=False),
        *_words("run", "detail", "by_project", "by_domain", "by_run", "seal"),
        sa.PrimaryKeyConstraint("project", "domain", "name", "cause", name="firings_pkey"),
    )
    of_plan, of_run = ["project", "domain", "name"], ["by_project", "by_domain", "by_run"]
    for index in ([*of_plan, "at"], [*of_plan, "seal"], of_run, ["at"]):
        op.create_index(f"firings_{'_'.join(index)}", "firings", index)
