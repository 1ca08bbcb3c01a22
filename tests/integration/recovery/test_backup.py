"""A database that is restored, or new, over objects that are newer: no run takes results that another left."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
from tests.integration.platform import Platforms, RunningPlatform, alula

from alula.core.engine import events

FLOW = str(Path(__file__).with_name("flows") / "once.py")


def run(platform: RunningPlatform, name: str, ledger: Path) -> None:
    done = alula(
        *("run", "--remote", "--wait", "--name", name, FLOW, "once", "--ledger", str(ledger)),
        *("--endpoint", platform.grpc),
    )
    assert done.returncode == 0, done.stderr


def times(ledger: Path) -> int:
    return len(ledger.read_text().splitlines())


def databases(data: Path) -> list[Path]:
    return sorted(data.glob("alula.sqlite*"))


def test_a_new_database_over_an_old_folder_runs_what_has_an_old_name(platforms: Platforms, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    platform = platforms.start()
    run(platform, "nightly", ledger)
    platform.stop()
    for file in databases(platform.data):
        file.unlink()
    run(platforms.start(), "nightly", ledger)
    assert times(ledger) == 2


def test_a_restored_backup_knows_its_runs_and_runs_anew_what_came_after(platforms: Platforms, tmp_path: Path) -> None:
    ledger, backup = tmp_path / "ledger", tmp_path / "backup"
    platform = platforms.start()
    run(platform, "before", ledger)
    # The procedure of the documentation, while the platform runs: first the database, then the objects.
    backup.mkdir()
    with (
        closing(sqlite3.connect(platform.data / "alula.sqlite")) as source,
        closing(sqlite3.connect(backup / "alula.sqlite")) as copy,
    ):
        source.backup(copy)
    shutil.copytree(platform.data / "objects", backup / "objects")
    run(platform, "after", ledger)
    platform.stop()
    for file in databases(platform.data):
        file.unlink()
    shutil.copy(backup / "alula.sqlite", platform.data)
    platform = platforms.start()
    shown = alula("get", "execution", "before", "--endpoint", platform.grpc)
    assert "SUCCEEDED" in shown.stdout
    run(platform, "after", ledger)
    assert times(ledger) == 3
    said = alula("logs", "after", "--endpoint", platform.grpc)
    assert "said something" in said.stdout


def test_what_an_older_version_ran_is_read_and_recovered(platforms: Platforms, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    platform = platforms.start()
    run(platform, "old", ledger)
    platform.stop()
    make_old(platform.data, "old")
    platform = platforms.start()
    said = alula("logs", "old", "--endpoint", platform.grpc)
    assert "said something" in said.stdout
    again = alula("recover", "old", "--wait", "--endpoint", platform.grpc)
    assert again.returncode == 0, again.stderr
    assert times(ledger) == 1, "what had succeeded is taken over"
    run(platform, "new", ledger)


LATER_TABLES = (
    *("datasets", "artifacts", "artifact_partitions", "artifact_tags", "kept_outputs", "holds"),
    *("leases", "outbox", "outbox_consumers", "schedules", "notices", "jobs", "backfills", "backfill_slots"),
    *("triggers", "firings"),
    *("watches", "sightings"),
    *("ties", "removals", "left_objects", "uploads"),
)
LATER_COLUMNS = {
    "node_executions": ("changed_seq",),
    "task_executions": ("executor", "logs", "info", "usage", "changed_seq"),
    "items": ("logs", "info", "usage", "changed_seq"),
    "signals": ("changed_seq",),
}


def make_old(data: Path, name: str) -> None:
    """Make a store of what it would be without incarnations: schema, log and folders."""
    with closing(sqlite3.connect(data / "alula.sqlite")) as database:
        created = events.decode(database.execute("SELECT event FROM events WHERE seq = 0").fetchone()[0])
        assert isinstance(created, events.Created)
        old = events.encode(msgspec.structs.replace(created, incarnation=""))
        database.execute("UPDATE events SET event = ? WHERE seq = 0", (old,))
        database.execute("ALTER TABLE execution_data DROP COLUMN incarnation")
        for later in LATER_TABLES:
            database.execute(f"DROP TABLE {later}")
        later_indexes = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND (sql LIKE '%changed_seq%' OR name LIKE '%_takers')"
        )
        for (index,) in later_indexes.fetchall():
            database.execute(f"DROP INDEX {index}")
        for table, columns in LATER_COLUMNS.items():
            for column in columns:
                database.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        database.execute("UPDATE alembic_version SET version_num = '0002'")
        database.commit()
    (folder,) = data.glob(f"objects/metadata/*/*/{name}.*")
    folder.rename(folder.with_name(name))
