"""Things that clients keep in the catalog themselves: datasets, artifacts, outputs, reservations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TEXT = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
_DATASET = ("project", "domain", "dataset", "version")


def upgrade() -> None:
    op.create_table(
        "datasets",
        *_words(*_DATASET, "uuid", "partition_keys", "metadata"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*_DATASET, name="datasets_pkey"),
    )
    op.create_table(
        "artifacts",
        *_words(*_DATASET, "artifact", "partitions", "metadata"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(*_DATASET, "artifact", name="artifacts_pkey"),
    )
    op.create_index("artifacts_project_domain_dataset_version_created_at", "artifacts", [*_DATASET, "created_at"])
    op.create_table(
        "artifact_partitions",
        *_words(*_DATASET, "key", "value", "artifact"),
        sa.PrimaryKeyConstraint(*_DATASET, "key", "value", "artifact", name="artifact_partitions_pkey"),
    )
    op.create_table(
        "artifact_tags",
        *_words(*_DATASET, "tag", "artifact"),
        sa.PrimaryKeyConstraint(*_DATASET, "tag", name="artifact_tags_pkey"),
    )
    op.create_index("artifact_tags_project_domain_dataset_version_artifact", "artifact_tags", [*_DATASET, "artifact"])
    op.create_table(
        "kept_outputs",
        *_words("key"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("output", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="kept_outputs_pkey"),
    )
    op.create_table(
        "holds",
        *_words("name", "owner"),
        sa.Column("heartbeat_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="holds_pkey"),
    )


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]
