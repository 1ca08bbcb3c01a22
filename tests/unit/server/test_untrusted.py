"""Reading what tasks may have left: only regular files that no link leads to, and only so much of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.hostile import HOSTILE, NO_FILES, sparse

from alula.server.untrusted import TooLarge, Tree, Unreadable, read_all


def read(folder: Path, name: str = "f", limit: int = 100) -> bytes | None:
    with Tree(str(folder)).folder(str(folder / "in")) as opened:
        return opened.read(name, limit_bytes=limit)


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def test_a_file_is_read_up_to_its_limit(tmp_path, inside):
    assert read(tmp_path) is None
    for data in (b"", b"x", b"x" * 100):
        (inside / "f").write_bytes(data)
        assert read(tmp_path) == data
    (inside / "f").write_bytes(b"x" * 101)
    with pytest.raises(TooLarge, match=r"f has 101 bytes; at most 100"):
        read(tmp_path)


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_file_is_not_opened(tmp_path, inside, kind):
    HOSTILE[kind](inside / "f")
    with pytest.raises(Unreadable, match=str(inside / "f")):
        read(tmp_path)
    with Tree(str(tmp_path)).folder(str(inside)) as folder:
        assert (folder.modified_ns("f") is not None) == (kind == "sparse")


def test_a_file_that_grows_is_read_as_far_as_the_limit(tmp_path, inside):
    path = inside / "f"
    path.write_bytes(b"x" * 10)
    file = os.open(path, os.O_RDONLY)

    with path.open("ab") as more:
        more.write(b"y" * 1000)
    with pytest.raises(TooLarge):
        read_all(file, 100, shown="f")
    os.close(file)


def test_no_link_below_the_root_is_followed_and_those_above_are(tmp_path):
    real = tmp_path / "real"
    (real / "in").mkdir(parents=True)
    (real / "in/f").write_bytes(b"x")
    root = tmp_path / "root"
    root.symlink_to(real)
    assert read(root) == b"x", "the operator's own link"
    (real / "elsewhere").symlink_to(real / "in")
    tree = Tree(str(root))
    with pytest.raises(Unreadable, match="link"), tree.folder(str(root / "elsewhere")):
        pass
    with pytest.raises(Unreadable, match="link"):
        tree.open(str(root / "elsewhere/f"))
    with pytest.raises(FileNotFoundError):
        tree.open(str(root / "nothing/f"))


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "\udcff", "new\nline", "in/f/below"])
def test_names_of_every_kind(tmp_path, inside, name):
    (inside / "f").write_bytes(b"")
    with pytest.raises((Unreadable, FileNotFoundError)):
        Tree(str(tmp_path)).open(f"{tmp_path}/in/{name}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(tmp_path, inside):
    (inside / "f").write_bytes(b"x")
    (inside / "f").chmod(0)
    with pytest.raises(Unreadable, match="may not be read"):
        read(tmp_path)


def test_a_folder_must_be_one(tmp_path):
    for kind, make in {**NO_FILES, "sparse": sparse}.items():
        path = tmp_path / kind.replace(" ", "-")
        make(path)
        if "folder" not in kind:
            with pytest.raises(Unreadable), Tree(str(tmp_path)).folder(str(path)):
                pass
