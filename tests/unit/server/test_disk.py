"""The disk of the data folder: what takes how much, and a word when there is little room."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from alula.server import disk
from alula.server.disk import FREE, Disk, disk_use

pytestmark = pytest.mark.anyio
MORE_THAN_ANY_DISK = 1 << 80


def test_the_use_is_told_by_kind(tmp_path: Path) -> None:
    before = disk_use(tmp_path)
    (tmp_path / "alula.sqlite-wal").write_bytes(b"x" * 100_000)
    (tmp_path / "objects" / "deep").mkdir(parents=True)
    (tmp_path / "objects" / "deep" / "file").write_bytes(b"x" * 300_000)
    (tmp_path / "server.log").write_bytes(b"x" * 50_000)
    (tmp_path / "objects" / "link").symlink_to("/")
    use = disk_use(tmp_path)
    assert before.database == before.objects == before.other == 0
    assert 100_000 <= use.database < 300_000 <= use.objects < 400_000 and 50_000 <= use.other < 100_000
    assert use.free > 0
    assert "environments" not in str(use)


def test_environments_are_a_part_of_the_other_files(tmp_path: Path) -> None:
    (tmp_path / "environments" / "py3.11").mkdir(parents=True)
    (tmp_path / "environments" / "py3.11" / "library").write_bytes(b"x" * 200_000)
    use = disk_use(tmp_path)
    assert 200_000 <= use.environments <= use.other
    assert "KiB of these for environments" in str(use)


def test_little_room_is_trouble(tmp_path: Path) -> None:
    assert Disk(tmp_path, 0).trouble() == ""
    assert f"little room is left on the disk of {tmp_path}" in Disk(tmp_path, MORE_THAN_ANY_DISK).trouble()
    assert Disk(tmp_path / "gone", MORE_THAN_ANY_DISK).trouble() == ""


def test_the_room_is_a_figure(tmp_path: Path) -> None:
    (reading,) = Disk(tmp_path, 0).measure()
    free = reading.values[()]
    assert reading.metric is FREE and isinstance(free, int) and free > 0


async def test_the_log_tells_once_that_there_is_little_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    class Enough(Exception):
        """The end of the test."""

    async def sleep(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise Enough

    monkeypatch.setattr(disk.asyncio, "sleep", sleep)
    with caplog.at_level(logging.WARNING), pytest.raises(Enough):
        await Disk(tmp_path, MORE_THAN_ANY_DISK).watch()
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        f"little room is left on the disk of {tmp_path}"
    ]
