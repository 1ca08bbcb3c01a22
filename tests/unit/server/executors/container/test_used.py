"""The resources that containers use, as their cgroups tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from alula.server.executors.container.used import Counted, Place, counted, place_of

ID = "3f" * 32
OLD = f"""12:memory:/docker/{ID}
5:cpu,cpuacct:/docker/{ID}
1:name=systemd:/docker/{ID}
0::/system.slice/docker.service
"""


@pytest.mark.parametrize(
    "path", [f"/docker/{ID}", f"/system.slice/docker-{ID}.scope", f"/user.slice/libpod-{ID}.scope/container"]
)
def test_the_one_hierarchy_of_today(tmp_path: Path, path: str) -> None:
    folder = tmp_path / path.lstrip("/")
    folder.mkdir(parents=True)
    (folder / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1000000\n")
    (folder / "memory.stat").write_text("anon 1000\nfile 500000\nshmem 24\n")
    place = place_of(ID, f"0::{path}\n", str(tmp_path))
    assert place is not None
    assert counted(place) == Counted(1_500_000, 1024)


def test_the_many_hierarchies_of_before(tmp_path: Path) -> None:
    place = place_of(ID, OLD, str(tmp_path))
    assert place is not None
    memory = "rss 1\nshmem 1\ntotal_cache 9\ntotal_rss 1000\ntotal_shmem 24\n"
    for path, text in ((place.cpu, "1500000999\n"), (place.memory, memory)):
        Path(path).parent.mkdir(parents=True)
        Path(path).write_text(text)
    assert counted(place) == Counted(1_500_000, 1024)


@pytest.mark.parametrize(
    "listed", ["", "0::/\n", "0::/system.slice/docker.service\n", "4:memory:/\n3:cpuacct:/\n", "odd"]
)
def test_what_is_no_cgroup_of_the_containers_own_is_not_read(tmp_path: Path, listed: str) -> None:
    assert place_of(ID, listed, str(tmp_path)) is None


@pytest.mark.parametrize("text", ["", "anon many\n", "anon 1\n"])
def test_what_is_not_told_is_not_known(tmp_path: Path, text: str) -> None:
    (tmp_path / "stat").write_text(text)
    assert counted(Place(str(tmp_path / "gone"), str(tmp_path / "stat"))) == Counted(None, None)
