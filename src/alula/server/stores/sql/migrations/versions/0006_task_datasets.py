"""A dataset for the cache entries of each task, so that lists of datasets have them."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


_NAMED = "project || domain || task || cache_version || interface"


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    bytes_of_name = f"length(CAST({_NAMED} AS BLOB))" if is_sqlite else f"octet_length({_NAMED})"
    op.execute(
        "INSERT INTO datasets (project, domain, dataset, version, uuid, partition_keys, metadata, created_at) "
        "SELECT project, domain, 'alula_task-' || task, cache_version || '-' || interface, '', '[]', '{}', "
        f"min(created_at) FROM catalog WHERE {bytes_of_name} <= 2000 "
        "GROUP BY project, domain, task, cache_version, interface"
    )
