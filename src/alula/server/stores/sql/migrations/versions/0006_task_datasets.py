"""A dataset for the cache entries of each task, so that lists of datasets have them."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(
        "INSERT INTO datasets (project, domain, dataset, version, uuid, partition_keys, metadata, created_at) "
        "SELECT project, domain, 'alula_task-' || task, cache_version || '-' || interface, '', '[]', '{}', "
        "min(created_at) FROM catalog WHERE length(cache_version) <= 255 "
        "GROUP BY project, domain, task, cache_version, interface"
    )
