"""What is old goes by its rules although the platform is killed on the way, and what is needed stays."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.integration.platform import Platforms, RunningPlatform, alula

FLOW = Path(__file__).with_name("flows") / "once.py"
ROWS = 20_000
BUNDLES = 400
OLD_S = time.time() - 100 * 24 * 3600
RULES = [{"name": "all code", "of": "code", "keep_days": 30}, {"name": "trail", "of": "audits", "keep_days": 30}]
OLD_ROWS = "SELECT count(*) FROM audits WHERE principal = 'long ago'"


def test_what_is_old_goes_although_the_platform_is_killed(platforms: Platforms, tmp_path: Path) -> None:
    platform = platforms.start()
    _run(platform, "first", tmp_path)
    platform.stop()
    used, unused = _make_old(platform.data)
    platforms.environment = {"ALULA__RETENTION__RULES": json.dumps(RULES)}
    platform = platforms.start()
    _wait_until(lambda: not all(path.exists() for path in unused))
    platform.kill()
    platform = platforms.start()
    _wait_until(lambda: _count(platform.data, OLD_ROWS) < ROWS)
    platform.kill()
    assert not any(path.exists() for path in unused)
    platform = platforms.start()
    _wait_until(lambda: not _count(platform.data, OLD_ROWS))
    assert all(path.exists() for path in used)
    assert _count(platform.data, "SELECT count(*) FROM uploads WHERE going = 1") == 0
    told = "SELECT count(*) FROM audits WHERE action = 'remove' AND target LIKE 'code %'"
    assert _count(platform.data, told) == BUNDLES
    _run(platform, "second", tmp_path)


def _make_old(data: Path) -> tuple[list[Path], list[Path]]:
    """The code that is there, and code that nothing names, all of long ago; with as old a trail."""
    uploads = data / "objects/uploads/flytesnacks/development"
    used = list(uploads.rglob("code.tar.gz"))
    assert used
    unused = [uploads / f"{number:032x}" / "code.tar.gz" for number in range(BUNDLES)]
    for path in unused:
        path.parent.mkdir()
        path.write_bytes(b"code")
    for path in (*used, *unused):
        os.utime(path, (OLD_S, OLD_S))
    with closing(sqlite3.connect(data / "alula.sqlite")) as database:
        row = ("flytesnacks", "development", round(OLD_S * 1_000_000), "long ago", "launch", "execution", "")
        database.executemany(
            "INSERT INTO audits (project, domain, at, principal, action, target, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [row] * ROWS,
        )
        database.execute("DELETE FROM uploads")
        database.commit()
    return used, unused


def _run(platform: RunningPlatform, name: str, folder: Path) -> None:
    words = ("run", "--remote", "--wait", "--name", name, str(FLOW), "once", "--ledger", str(folder / "ledger"))
    done = alula(*words, "--endpoint", platform.grpc)
    assert done.returncode == 0, done.stderr


def _count(data: Path, statement: str) -> int:
    with closing(sqlite3.connect(f"file:{data / 'alula.sqlite'}?mode=ro", uri=True)) as database:
        return database.execute(statement).fetchone()[0]


def _wait_until(is_so: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)
