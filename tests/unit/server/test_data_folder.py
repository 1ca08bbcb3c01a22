"""The data folder is its owner's alone."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from alula.core.errors import AlulaError
from alula.server import data_folder
from alula.server.data_folder import ID, LOCK, held, holder, make, open_log, platform_id


@pytest.fixture(params=[0o000, 0o022, 0o077], autouse=True)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Whatever the user's own umask is."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def code(folder: Path) -> str:
    with pytest.raises(AlulaError) as caught, held(folder):
        pass
    return caught.value.code


def test_what_is_made_is_private(tmp_path: Path, umask: int) -> None:
    folder = tmp_path / "above/data"
    os.close(open_log(folder))
    with held(folder):
        (folder / "database").write_text("")
        (folder / "objects").mkdir()
        assert holder(folder) == os.getpid()
    assert mode(folder) == mode(folder / "objects") == 0o700
    assert {mode(folder / name) for name in (LOCK, "server.log", "database")} == {0o600}
    (tmp_path / "elsewhere").mkdir()
    assert mode(tmp_path / "elsewhere") == 0o777 & ~umask, "the user's own umask is as before"


def test_what_is_there_becomes_private(tmp_path: Path) -> None:
    folder, other = tmp_path / "data", tmp_path / "other"
    (folder / "objects").mkdir(parents=True)
    for path in (folder / "alula.sqlite", folder / LOCK, other):
        path.write_text("")
        path.chmod(0o644)
    (folder / "link").symlink_to(other)
    (folder / "objects").chmod(0o777)
    folder.chmod(0o755)
    make(folder)
    assert mode(folder) == mode(folder / "objects") == 0o700
    assert mode(folder / "alula.sqlite") == mode(folder / LOCK) == 0o600
    assert mode(other) == 0o644


@pytest.mark.parametrize("open_mode", [0o775, 0o777, 0o702])
def test_a_folder_that_others_may_write_is_refused(tmp_path: Path, open_mode: int) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(open_mode)
    assert code(folder) == "DataFolderOpen"
    assert mode(folder) == open_mode


def test_the_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert code(tmp_path) == "DataFolderNotYours"


def test_a_lock_that_is_a_link_is_none(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    folder.chmod(0o700)
    (folder / LOCK).symlink_to(tmp_path / "elsewhere")
    assert holder(folder) is None
    assert code(folder) == "DataFolderUnusable"
    assert not (tmp_path / "elsewhere").exists()


def test_a_platform_keeps_its_name_and_shares_it_with_no_other(tmp_path: Path) -> None:
    with held(tmp_path / "data"), held(tmp_path / "other"):
        name = platform_id(tmp_path / "data")
        assert name
        assert platform_id(tmp_path / "data") == name != platform_id(tmp_path / "other")


def test_a_name_that_a_crash_left_empty_is_made_again(tmp_path: Path) -> None:
    with held(tmp_path / "data"):
        (tmp_path / "data" / ID).touch()
        assert platform_id(tmp_path / "data") == platform_id(tmp_path / "data") != ""


def test_a_platform_keeps_its_name_when_its_folder_is_moved(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    name = data_folder.platform_id(folder)
    assert data_folder.platform_id(folder.rename(tmp_path / "moved")) == name


def test_a_copied_folder_is_another_platform(tmp_path: Path) -> None:
    folder, copy = tmp_path / "data", tmp_path / "copy"
    folder.mkdir()
    name = data_folder.platform_id(folder)
    shutil.copytree(folder, copy)
    copied = data_folder.platform_id(copy)
    assert copied != name
    assert (data_folder.platform_id(folder), data_folder.platform_id(copy)) == (name, copied)


def test_a_name_without_the_number_of_its_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / data_folder.ID).write_text("abc\n")
    assert [data_folder.platform_id(tmp_path) for _ in range(2)] == ["abc", "abc"]
