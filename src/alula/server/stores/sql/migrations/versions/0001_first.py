"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TEXT = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "attributes",
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("workflow", _TEXT, nullable=False),
        sa.Column("resource", sa.SmallInteger(), nullable=False),
        sa.Column("attributes", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project", "domain", "workflow", "resource", name="attributes_pkey"),
    )
    op.create_table(
        "audits",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=True),
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("principal", _TEXT, nullable=False),
        sa.Column("action", _TEXT, nullable=False),
        sa.Column("target", _TEXT, nullable=False),
        sa.Column("detail", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="audits_pkey"),
        sqlite_autoincrement=True,
    )
    op.create_index("audits_project_domain_at", "audits", ["project", "domain", "at"])
    op.create_table(
        "catalog",
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("digest", _TEXT, nullable=False),
        sa.Column("task", _TEXT, nullable=False),
        sa.Column("cache_version", _TEXT, nullable=False),
        sa.Column("interface", _TEXT, nullable=False),
        sa.Column("inputs", _TEXT, nullable=False),
        sa.Column("shown", _TEXT, nullable=False),
        sa.Column("source", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("outputs", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project", "domain", "digest", name="catalog_pkey"),
    )
    op.create_index("catalog_project_domain_task_created_at", "catalog", ["project", "domain", "task", "created_at"])
    op.create_table(
        "entities",
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("version", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.SmallInteger(), nullable=False),
        sa.Column("hidden", sa.SmallInteger(), nullable=False),
        sa.Column("task_type", _TEXT, nullable=False),
        sa.Column("short_description", _TEXT, nullable=False),
        sa.Column("interpreter", _TEXT, nullable=False),
        sa.Column("interpreter_host", _TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("spec", sa.LargeBinary(), nullable=False),
        sa.Column("closure", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project", "domain", "kind", "name", "version", name="entities_pkey"),
    )
    op.create_index("entities_project_domain_kind_created_at", "entities", ["project", "domain", "kind", "created_at"])
    op.create_table(
        "events",
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("execution", _TEXT, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project", "domain", "execution", "seq", name="events_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "executions",
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("next_seq", sa.BigInteger(), nullable=False),
        sa.Column("owner", _TEXT, nullable=False),
        sa.Column("phase", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("archived", sa.SmallInteger(), nullable=False),
        sa.Column("mode", sa.SmallInteger(), nullable=False),
        sa.Column("launch_entity", _TEXT, nullable=False),
        sa.Column("principal", _TEXT, nullable=False),
        sa.Column("workflow_project", _TEXT, nullable=False),
        sa.Column("workflow_domain", _TEXT, nullable=False),
        sa.Column("workflow_name", _TEXT, nullable=False),
        sa.Column("workflow_version", _TEXT, nullable=False),
        sa.Column("launch_plan_project", _TEXT, nullable=False),
        sa.Column("launch_plan_domain", _TEXT, nullable=False),
        sa.Column("launch_plan_name", _TEXT, nullable=False),
        sa.Column("launch_plan_version", _TEXT, nullable=False),
        sa.Column("labels", _TEXT, nullable=False),
        sa.Column("abort_cause", _TEXT, nullable=True),
        sa.Column("abort_principal", _TEXT, nullable=True),
        sa.Column("error", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("project", "domain", "name", name="executions_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("executions_project_domain_created_at", "executions", ["project", "domain", "created_at"])
    op.create_index(
        "executions_project_domain_workflow_name_created_at",
        "executions",
        ["project", "domain", "workflow_name", "created_at"],
    )
    op.create_table(
        "inbox",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=True),
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("execution", _TEXT, nullable=False),
        sa.Column("event", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="inbox_pkey"),
        sqlite_autoincrement=True,
    )
    op.create_index("inbox_project_domain_execution", "inbox", ["project", "domain", "execution"])
    op.create_table(
        "items",
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("execution", _TEXT, nullable=False),
        sa.Column("node_id", _TEXT, nullable=False),
        sa.Column("item_index", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("phase", sa.SmallInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.LargeBinary(), nullable=True),
        sa.Column("cache_status", sa.SmallInteger(), nullable=True),
        sa.PrimaryKeyConstraint("project", "domain", "execution", "node_id", "item_index", name="items_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "named_entities",
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("description", _TEXT, nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project", "domain", "kind", "name", name="named_entities_pkey"),
    )
    op.create_table(
        "node_executions",
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("execution", _TEXT, nullable=False),
        sa.Column("node_id", _TEXT, nullable=False),
        sa.Column("phase", sa.SmallInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("spec_node_id", _TEXT, nullable=True),
        sa.Column("parent_id", _TEXT, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("cache_status", sa.SmallInteger(), nullable=True),
        sa.Column("cache_source", _TEXT, nullable=True),
        sa.Column("deck_uri", _TEXT, nullable=True),
        sa.Column("dynamic_uri", _TEXT, nullable=True),
        sa.Column("child", _TEXT, nullable=True),
        sa.Column("is_parent", sa.SmallInteger(), nullable=True),
        sa.Column("is_dynamic", sa.SmallInteger(), nullable=True),
        sa.Column("is_array", sa.SmallInteger(), nullable=True),
        sa.Column("error", sa.LargeBinary(), nullable=True),
        sa.Column("inputs", sa.LargeBinary(), nullable=True),
        sa.Column("outputs", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("project", "domain", "execution", "node_id", name="node_executions_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "node_executions_project_domain_execution_parent_id",
        "node_executions",
        ["project", "domain", "execution", "parent_id"],
    )
    op.create_table(
        "projects",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("description", _TEXT, nullable=False),
        sa.Column("labels", _TEXT, nullable=False),
        sa.Column("archived", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="projects_pkey"),
    )
    op.create_table(
        "reasons",
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("execution", _TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("node_id", _TEXT, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("item_index", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("code", _TEXT, nullable=False),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project", "domain", "execution", "number", name="reasons_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reservations",
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("digest", _TEXT, nullable=False),
        sa.Column("holder", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("project", "domain", "digest", name="reservations_pkey"),
    )
    op.create_table(
        "runners",
        sa.Column("owner", _TEXT, nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name="runners_pkey"),
    )
    op.create_table(
        "signals",
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("execution", _TEXT, nullable=False),
        sa.Column("signal_id", _TEXT, nullable=False),
        sa.Column("node_id", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("principal", _TEXT, nullable=True),
        sa.Column("type", sa.LargeBinary(), nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("project", "domain", "execution", "signal_id", name="signals_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "task_executions",
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("execution", _TEXT, nullable=False),
        sa.Column("node_id", _TEXT, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("phase", sa.SmallInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("task_project", _TEXT, nullable=True),
        sa.Column("task_domain", _TEXT, nullable=True),
        sa.Column("task_name", _TEXT, nullable=True),
        sa.Column("task_version", _TEXT, nullable=True),
        sa.Column("task_type", _TEXT, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.LargeBinary(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("project", "domain", "execution", "node_id", "attempt", name="task_executions_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "execution_data",
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("execution", _TEXT, nullable=False),
        sa.Column("spec", sa.LargeBinary(), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=False),
        sa.Column("user_inputs", sa.LargeBinary(), nullable=False),
        sa.Column("task_resources", sa.LargeBinary(), nullable=False),
        sa.Column("outputs", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("project", "domain", "execution", name="execution_data_pkey"),
        sa.ForeignKeyConstraint(
            ["project", "domain", "execution"],
            ["executions.project", "executions.domain", "executions.name"],
            name="execution_data_executions_fkey",
        ),
    )
    op.create_table(
        "execution_labels",
        sa.Column("project", _TEXT, nullable=False),
        sa.Column("domain", _TEXT, nullable=False),
        sa.Column("execution", _TEXT, nullable=False),
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("value", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("project", "domain", "execution", "key", name="execution_labels_pkey"),
        sa.ForeignKeyConstraint(
            ["project", "domain", "execution"],
            ["executions.project", "executions.domain", "executions.name"],
            name="execution_labels_executions_fkey",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "execution_labels_project_domain_key_value", "execution_labels", ["project", "domain", "key", "value"]
    )
    op.execute(
        "CREATE UNIQUE INDEX entities_one_active_version ON entities (project, domain, kind, name) WHERE active = 1"
    )
    op.execute("CREATE INDEX executions_open ON executions (created_at) WHERE phase NOT IN (4, 6, 7, 8)")
