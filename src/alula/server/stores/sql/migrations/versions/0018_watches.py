"""Watches of triggers over objects, and sightings of these."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_TEXT = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "watches",
        *_words("id", "project", "domain", "name"),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("first_pass_at", sa.BigInteger),
        *_words("trouble"),
        sa.Column("ended", sa.SmallInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="watches_pkey"),
    )
    op.create_index("watches_project_domain_name", "watches", ["project", "domain", "name"])
    op.create_table(
        "sightings",
        *_words("watch", "uri", "mark"),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("is_settled", sa.SmallInteger, nullable=False),
        sa.PrimaryKeyConstraint("watch", "uri", name="sightings_pkey"),
        sqlite_with_rowid=False,
    )
