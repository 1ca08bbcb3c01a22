"""The schema: every table, its keys and indexes. The same for SQLite and PostgreSQL.

What an execution has is keyed by project, domain and execution first, so that it lies together and one tenant's
rows can be found, moved or removed as a range. Rows that are appended for ever have a rising `number` of
the database's own. Times are microseconds since the epoch, flags 0 or 1, phases Flyte's numbers.

A change here needs a migration under `migrations/versions` and a new `HEAD`; a test compares the two.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    event,
)

from alula.core.engine.records import ExecutionPhase, NodePhase

HEAD = "0020"
"""The newest migration: the revision of a store that this program makes."""

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "fk": "%(table_name)s_%(referred_table_name)s_fkey",
    }
)

# Compared byte by byte on both databases: lists come in the same order everywhere, and indexes are cheaper.
_Text = Text(collation="C").with_variant(Text(), "sqlite")
# SQLite numbers rows by itself only in a column of exactly this type.
_Number = BigInteger().with_variant(Integer(), "sqlite")

ENDED_PHASES = tuple(phase.value for phase in ExecutionPhase if phase.is_terminal)
ENDED_NODE_PHASES = tuple(phase.value for phase in NodePhase if phase.is_terminal)
ENDED = ", ".join(map(str, ENDED_PHASES))


# `Any`: a column's Python type is known where its rows are read, in the module of its concern.
def _words(*names: str) -> list[Column[Any]]:
    return [Column(name, _Text, nullable=False) for name in names]


def _moments(*names: str) -> list[Column[Any]]:
    return [Column(name, BigInteger) for name in names]


def _tenant() -> list[Column[Any]]:
    return _words("project", "domain")


def _of_execution() -> list[Column[Any]]:
    return _words("project", "domain", "execution")


# `Any`: as in `_words`.
def _changed_seq() -> Column[Any]:
    """The number of events in the log of its execution when the row last changed; NULL before rows carried it."""
    return Column("changed_seq", BigInteger)


def _of_dataset() -> list[Column[Any]]:
    return _words("project", "domain", "dataset", "version")


projects = Table(
    "projects",
    metadata,
    *_words("id", "name", "description", "labels"),
    Column("archived", SmallInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("id"),
)

entities = Table(
    "entities",
    metadata,
    *_tenant(),
    *_words("kind", "name", "version"),
    Column("created_at", BigInteger, nullable=False),
    Column("active", SmallInteger, nullable=False),
    Column("hidden", SmallInteger, nullable=False),
    *_words("task_type", "short_description", "interpreter", "interpreter_host"),
    Column("digest", LargeBinary, nullable=False),
    Column("spec", LargeBinary, nullable=False),
    Column("closure", LargeBinary, nullable=False),
    PrimaryKeyConstraint("project", "domain", "kind", "name", "version"),
    Index(None, "project", "domain", "kind", "created_at"),
)

named_entities = Table(
    "named_entities",
    metadata,
    *_tenant(),
    *_words("kind", "name", "description"),
    Column("state", SmallInteger, nullable=False),
    PrimaryKeyConstraint("project", "domain", "kind", "name"),
)

# Of a whole project where the domain is empty, of a whole domain where the workflow is.
attributes = Table(
    "attributes",
    metadata,
    *_tenant(),
    *_words("workflow"),
    Column("resource", SmallInteger, nullable=False),
    Column("attributes", LargeBinary, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("project", "domain", "workflow", "resource"),
)

executions = Table(
    "executions",
    metadata,
    *_words("project", "domain", "name"),
    Column("next_seq", BigInteger, nullable=False),
    *_words("owner"),
    Column("phase", SmallInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    *_moments("started_at", "ended_at"),
    Column("archived", SmallInteger, nullable=False),
    Column("mode", SmallInteger, nullable=False),
    *_words("launch_entity", "principal"),
    *_words("workflow_project", "workflow_domain", "workflow_name", "workflow_version"),
    *_words("launch_plan_project", "launch_plan_domain", "launch_plan_name", "launch_plan_version"),
    *_words("labels"),
    Column("abort_cause", _Text),
    Column("abort_principal", _Text),
    Column("error", LargeBinary),
    PrimaryKeyConstraint("project", "domain", "name"),
    Index(None, "project", "domain", "created_at"),
    Index(None, "project", "domain", "workflow_name", "created_at"),
    sqlite_with_rowid=False,
)

# Apart from the row that changes with each commit: SQLite writes a changed row anew as a whole.
execution_data = Table(
    "execution_data",
    metadata,
    *_of_execution(),
    Column("spec", LargeBinary, nullable=False),
    Column("inputs", LargeBinary, nullable=False),
    Column("user_inputs", LargeBinary, nullable=False),
    Column("task_resources", LargeBinary, nullable=False),
    Column("outputs", LargeBinary),
    Column("incarnation", _Text),
    PrimaryKeyConstraint("project", "domain", "execution"),
    ForeignKeyConstraint(
        ["project", "domain", "execution"],
        ["executions.project", "executions.domain", "executions.name"],
    ),
)

execution_labels = Table(
    "execution_labels",
    metadata,
    *_of_execution(),
    *_words("key", "value"),
    PrimaryKeyConstraint("project", "domain", "execution", "key"),
    ForeignKeyConstraint(
        ["project", "domain", "execution"],
        ["executions.project", "executions.domain", "executions.name"],
    ),
    Index(None, "project", "domain", "key", "value"),
    sqlite_with_rowid=False,
)

# The tables below have no foreign key: a commit proves first that its execution is there.
events = Table(
    "events",
    metadata,
    *_of_execution(),
    Column("seq", BigInteger, nullable=False),
    Column("event", LargeBinary, nullable=False),
    PrimaryKeyConstraint("project", "domain", "execution", "seq"),
    sqlite_with_rowid=False,
)

node_executions = Table(
    "node_executions",
    metadata,
    *_of_execution(),
    *_words("node_id"),
    Column("phase", SmallInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("spec_node_id", _Text),
    Column("parent_id", _Text),
    *_moments("created_at", "started_at", "ended_at"),
    Column("cache_status", SmallInteger),
    Column("cache_source", _Text),
    Column("deck_uri", _Text),
    Column("dynamic_uri", _Text),
    Column("child", _Text),
    Column("is_parent", SmallInteger),
    Column("is_dynamic", SmallInteger),
    Column("is_array", SmallInteger),
    Column("error", LargeBinary),
    Column("inputs", LargeBinary),
    Column("outputs", LargeBinary),
    _changed_seq(),
    PrimaryKeyConstraint("project", "domain", "execution", "node_id"),
    Index(None, "project", "domain", "execution", "changed_seq", "phase"),
    Index(None, "project", "domain", "execution", "parent_id"),
    sqlite_with_rowid=False,
)

task_executions = Table(
    "task_executions",
    metadata,
    *_of_execution(),
    *_words("node_id"),
    Column("attempt", Integer, nullable=False),
    Column("phase", SmallInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("task_project", _Text),
    Column("task_domain", _Text),
    Column("task_name", _Text),
    Column("task_version", _Text),
    Column("task_type", _Text),
    *_moments("created_at", "started_at", "ended_at"),
    Column("error", LargeBinary),
    Column("is_interruptible", SmallInteger),
    Column("size", Integer),
    Column("executor", _Text),
    Column("logs", LargeBinary),
    Column("info", LargeBinary),
    Column("usage", LargeBinary),
    _changed_seq(),
    PrimaryKeyConstraint("project", "domain", "execution", "node_id", "attempt"),
    Index(None, "project", "domain", "execution", "changed_seq"),
    sqlite_with_rowid=False,
)

items = Table(
    "items",
    metadata,
    *_of_execution(),
    *_words("node_id"),
    Column("item_index", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("phase", SmallInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    *_moments("started_at", "ended_at"),
    Column("error", LargeBinary),
    Column("cache_status", SmallInteger),
    Column("logs", LargeBinary),
    Column("info", LargeBinary),
    Column("usage", LargeBinary),
    _changed_seq(),
    PrimaryKeyConstraint("project", "domain", "execution", "node_id", "item_index"),
    Index(None, "project", "domain", "execution", "changed_seq"),
    sqlite_with_rowid=False,
)

jobs = Table(
    "jobs",
    metadata,
    *_of_execution(),
    *_words("node_id"),
    Column("item_index", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    *_words("executor"),
    Column("handle", LargeBinary, nullable=False),
    PrimaryKeyConstraint("project", "domain", "execution", "node_id", "item_index", "attempt"),
    sqlite_with_rowid=False,
)

reasons = Table(
    "reasons",
    metadata,
    *_of_execution(),
    Column("number", BigInteger, nullable=False),
    *_words("node_id"),
    Column("attempt", Integer, nullable=False),
    Column("item_index", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    *_words("code"),
    Column("said", LargeBinary, nullable=False),
    PrimaryKeyConstraint("project", "domain", "execution", "number"),
    sqlite_with_rowid=False,
)

signals = Table(
    "signals",
    metadata,
    *_of_execution(),
    *_words("signal_id", "node_id"),
    Column("created_at", BigInteger),
    Column("principal", _Text),
    Column("type", LargeBinary),
    Column("value", LargeBinary),
    _changed_seq(),
    PrimaryKeyConstraint("project", "domain", "execution", "signal_id"),
    Index(None, "project", "domain", "execution", "changed_seq"),
    sqlite_with_rowid=False,
)

inbox = Table(
    "inbox",
    metadata,
    # Never used twice, also after the row is gone: a runner remembers numbers.
    Column("number", _Number, autoincrement=True, nullable=False),
    *_of_execution(),
    Column("event", LargeBinary, nullable=False),
    PrimaryKeyConstraint("number"),
    Index(None, "project", "domain", "execution"),
    sqlite_autoincrement=True,
)

consumers = Table(
    "outbox_consumers",
    metadata,
    *_words("name"),
    Column("nodes", SmallInteger, nullable=False),
    Column("keep_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("name"),
)

outbox = Table(
    "outbox",
    metadata,
    # Never used twice, also after the row is gone: consumers know what they have seen by it.
    Column("number", _Number, autoincrement=True, nullable=False),
    *_words("consumer"),
    *_of_execution(),
    *_words("incarnation", "kind", "node_id"),
    Column("phase", SmallInteger, nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
    # By the clock of the store: that of the machine where it occurred may be off.
    Column("written_at", BigInteger, nullable=False),
    Column("claimed_until", BigInteger, nullable=False),
    PrimaryKeyConstraint("number"),
    Index(None, "consumer", "number"),
    sqlite_autoincrement=True,
)

catalog = Table(
    "catalog",
    metadata,
    *_tenant(),
    *_words("digest", "task", "cache_version", "interface", "inputs", "shown", "source"),
    Column("created_at", BigInteger, nullable=False),
    Column("outputs", LargeBinary, nullable=False),
    PrimaryKeyConstraint("project", "domain", "digest"),
    Index(None, "project", "domain", "task", "created_at"),
)

reservations = Table(
    "reservations",
    metadata,
    *_tenant(),
    *_words("digest", "holder"),
    PrimaryKeyConstraint("project", "domain", "digest"),
)
"""Results that somebody computes and others wait for."""

datasets = Table(
    "datasets",
    metadata,
    *_of_dataset(),
    *_words("uuid", "partition_keys", "metadata"),
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("project", "domain", "dataset", "version"),
)

artifacts = Table(
    "artifacts",
    metadata,
    *_of_dataset(),
    *_words("artifact", "partitions", "metadata"),
    Column("created_at", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    PrimaryKeyConstraint("project", "domain", "dataset", "version", "artifact"),
    Index(None, "project", "domain", "dataset", "version", "created_at"),
)

artifact_partitions = Table(
    "artifact_partitions",
    metadata,
    *_of_dataset(),
    *_words("key", "value", "artifact"),
    PrimaryKeyConstraint("project", "domain", "dataset", "version", "key", "value", "artifact"),
)

artifact_tags = Table(
    "artifact_tags",
    metadata,
    *_of_dataset(),
    *_words("tag", "artifact"),
    PrimaryKeyConstraint("project", "domain", "dataset", "version", "tag"),
    Index(None, "project", "domain", "dataset", "version", "artifact"),
)

kept_outputs = Table(
    "kept_outputs",
    metadata,
    *_words("key"),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("output", LargeBinary, nullable=False),
    PrimaryKeyConstraint("key"),
)

holds = Table(
    "holds",
    metadata,
    *_words("name", "owner"),
    Column("heartbeat_us", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("name"),
)
"""Reservations that clients have made, which end by time. Those of nodes are in `reservations`."""

audits = Table(
    "audits",
    metadata,
    Column("number", _Number, autoincrement=True, nullable=False),
    *_tenant(),
    Column("at", BigInteger, nullable=False),
    *_words("principal", "action", "target", "detail"),
    PrimaryKeyConstraint("number"),
    Index(None, "project", "domain", "at"),
    sqlite_autoincrement=True,
)

runners = Table(
    "runners",
    metadata,
    *_words("owner"),
    Column("lease_until", BigInteger, nullable=False),
    PrimaryKeyConstraint("owner"),
)

schedules = Table(
    "schedules",
    metadata,
    *_tenant(),
    *_words("name", "version", "principal"),
    Column("since", BigInteger, nullable=False),
    Column("followed_until", BigInteger, nullable=False),
    *_moments("due_at"),
    *_words("zone", "waiting"),
    *_moments("paused_at", "last_at"),
    Column("missed", BigInteger, nullable=False),
    *_words("skipped"),
    PrimaryKeyConstraint("project", "domain", "name"),
    Index(None, "due_at"),
)

notices = Table(
    "notices",
    metadata,
    *_words("id", "rule", "channel", "project", "domain", "subject", "occasion"),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("tries", BigInteger, nullable=False),
    *_moments("due_at", "ended_at"),
    *_words("error"),
    PrimaryKeyConstraint("id"),
    Index(None, "created_at"),
    Index(None, "due_at"),
)

backfills = Table(
    "backfills",
    metadata,
    *_tenant(),
    *_words("name", "plan_project", "plan_domain", "plan", "version", "principal"),
    Column("created_at", BigInteger, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    *_words("cron", "kickoff"),
    Column("at_once", BigInteger, nullable=False),
    Column("newest_first", SmallInteger, nullable=False),
    *_words("reprocess"),
    Column("stops", SmallInteger, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in ("waiting", "running", "succeeded", "failed", "there")),
    Column("state", SmallInteger, nullable=False),
    *_moments("ended_at"),
    PrimaryKeyConstraint("project", "domain", "name"),
    Index(None, "state"),
)

backfill_slots = Table(
    "backfill_slots",
    metadata,
    *_tenant(),
    *_words("backfill"),
    Column("at", BigInteger, nullable=False),
    Column("planned_for", BigInteger, nullable=False),
    *_words("run"),
    Column("state", SmallInteger, nullable=False),
    *_words("detail"),
    PrimaryKeyConstraint("project", "domain", "backfill", "at"),
    Index(None, "project", "domain", "backfill", "state", "at"),
    sqlite_with_rowid=False,
)

triggers = Table(
    "triggers",
    metadata,
    *_tenant(),
    *_words("name", "version", "principal"),
    Column("since", BigInteger, nullable=False),
    *_words("kind", "watched"),
    *_moments("last_at"),
    Column("started", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    PrimaryKeyConstraint("project", "domain", "name"),
    Index(None, "watched"),
)

firings = Table(
    "firings",
    metadata,
    *_tenant(),
    *_words("name", "version", "cause", "told"),
    Column("at", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    *_words("run", "detail", "by_project", "by_domain", "by_run", "seal"),
    PrimaryKeyConstraint("project", "domain", "name", "cause"),
    Index(None, "project", "domain", "name", "at"),
    Index(None, "project", "domain", "name", "seal"),
    Index(None, "by_project", "by_domain", "by_run"),
    Index(None, "at"),
)

watches = Table(
    "watches",
    metadata,
    *_words("id", "project", "domain", "name"),
    Column("since", BigInteger, nullable=False),
    *_moments("first_pass_at"),
    *_words("trouble"),
    Column("ended", SmallInteger, nullable=False),
    Column("forgotten_until", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("id"),
    Index(None, "project", "domain", "name"),
)

sightings = Table(
    "sightings",
    metadata,
    *_words("watch", "uri", "mark"),
    Column("at", BigInteger, nullable=False),
    Column("is_settled", SmallInteger, nullable=False),
    PrimaryKeyConstraint("watch", "uri"),
    sqlite_with_rowid=False,
)

ties = Table(
    "ties",
    metadata,
    *_of_execution(),
    *_words("holder_project", "holder_domain", "holder"),
    PrimaryKeyConstraint("project", "domain", "execution", "holder_project", "holder_domain", "holder"),
    Index(None, "holder_project", "holder_domain", "holder"),
    sqlite_with_rowid=False,
)
"""Runs that stay for as long as another is there; with an empty holder, until they are let go of."""

removals = Table(
    "removals",
    metadata,
    *_of_execution(),
    *_words("incarnation", "rule", "raw_prefix"),
    Column("removed_at", BigInteger, nullable=False),
    Column("finished", SmallInteger, nullable=False),
    PrimaryKeyConstraint("project", "domain", "execution", "incarnation"),
    Index(None, "finished", "removed_at"),
    sqlite_with_rowid=False,
)

left_objects = Table(
    "left_objects",
    metadata,
    *_words("uri"),
    PrimaryKeyConstraint("uri"),
    sqlite_with_rowid=False,
)
"""Objects of removed runs that something still names."""

uploads = Table(
    "uploads",
    metadata,
    *_words("uri"),
    Column("asked_at", BigInteger, nullable=False),
    Column("going", SmallInteger, nullable=False),
    PrimaryKeyConstraint("uri"),
    Index(None, "going", "asked_at"),
    sqlite_with_rowid=False,
)
"""Code that clients have asked to upload lately, and code that is being removed."""

leases = Table(
    "leases",
    metadata,
    *_words("name", "holder"),
    Column("term", BigInteger, nullable=False),
    Column("held_until", BigInteger, nullable=False),
    PrimaryKeyConstraint("name"),
)
"""Leases on duties that one of many processes does. Those of runners are in `runners`."""

constants = Table(
    "constants",
    metadata,
    *_words("name", "value"),
    PrimaryKeyConstraint("name"),
)

revisions = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

# Partial indexes, as the statement that both databases understand: in SQLAlchemy's own form each would load the
# dialects of both, a tenth of a second at every start.
event.listen(
    entities,
    "after_create",
    DDL("CREATE UNIQUE INDEX entities_one_active_version ON entities (project, domain, kind, name) WHERE active = 1"),
)
event.listen(
    executions,
    "after_create",
    DDL(f"CREATE INDEX executions_open ON executions (created_at) WHERE phase NOT IN ({ENDED})"),
)
event.listen(
    node_executions,
    "after_create",
    DDL(
        "CREATE INDEX node_executions_takers ON node_executions "
        "(cache_source, project, domain, updated_at, execution, node_id) WHERE cache_source IS NOT NULL"
    ),
)
