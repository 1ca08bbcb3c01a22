"""Which nodes have taken a result from the cache, found by what they have taken, the newest first."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX node_executions_takers ON node_executions "
        "(cache_source, project, domain, updated_at, execution, node_id) WHERE cache_source IS NOT NULL"
    )
