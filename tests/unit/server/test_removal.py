"""Folders that tasks have written to are removed, whatever is in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.hostile import HOSTILE

from alula.server.removal import make_anew, make_folder, remove_tree

DEEP = 3_000
"""More than recursion bears, and than a path may be long."""


def deepen(folder: Path, levels: int = DEEP) -> None:
    """Folders inside each other, each with a file."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.close(os.open("f", os.O_CREAT, dir_fd=here))
        os.mkdir("d", dir_fd=here)
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


def test_any_depth_is_removed(folder: Path) -> None:
    deepen(folder)
    (folder / "wide").mkdir()
    for number in range(100):
        (folder / "wide" / str(number) / "x").mkdir(parents=True)
    remove_tree(folder)
    assert not folder.exists()


@pytest.mark.parametrize("name", list(HOSTILE))
def test_what_is_no_file_is_removed(folder: Path, name: str) -> None:
    HOSTILE[name](folder / "outputs.pb")
    remove_tree(folder)
    assert not os.path.lexists(folder)


def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (folder / "link").symlink_to(elsewhere)
    (tmp_path / "top").symlink_to(elsewhere)
    remove_tree(folder)
    with pytest.raises(OSError):
        remove_tree(tmp_path / "top")
    assert (elsewhere / "kept").exists()


@pytest.mark.parametrize("mode", [0o000, 0o111, 0o444, 0o555])
def test_rights_that_a_task_took_away_are_given_back(folder: Path, mode: int) -> None:
    inner = folder / "inner" / "more"
    inner.mkdir(parents=True)
    (inner / "file").touch()
    for path in (inner, inner.parent, folder):
        path.chmod(mode)
    remove_tree(folder)
    assert not folder.exists()


def test_what_can_not_be_removed_is_told_unless_that_does_not_matter(folder: Path) -> None:
    remove_tree(folder)
    with pytest.raises(FileNotFoundError):
        remove_tree(folder)
    remove_tree(folder, ignore_errors=True)
    folder.touch()
    with pytest.raises(NotADirectoryError):
        remove_tree(folder)
    remove_tree(folder, ignore_errors=True)
    assert folder.exists()


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_folder_is_made_in_the_place_of_whatever_stands_there(tmp_path: Path, name: str) -> None:
    for make in (make_folder, make_anew):
        HOSTILE[name](tmp_path / make.__name__)
        make(tmp_path / make.__name__)
        assert (tmp_path / make.__name__).is_dir()


def test_a_folder_that_is_made_anew_is_empty_and_no_link(folder: Path, tmp_path: Path) -> None:
    (folder / "file").touch()
    (tmp_path / "link").symlink_to(folder)
    make_anew(tmp_path / "link")
    assert (folder / "file").exists() and not (tmp_path / "link").is_symlink()
    make_folder(folder)
    assert (folder / "file").exists()
    make_anew(folder)
    assert list(folder.iterdir()) == []
