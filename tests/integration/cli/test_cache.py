"""Cached tasks: equal runs wait for each other, a miss says why, results can be looked at and forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.integration.platform import RunningPlatform, alula

from alula import Remote

FLOW = str(Path(__file__).parent / "flows" / "costly.py")


class Scene:
    def __init__(self, platform: RunningPlatform, folder: Path) -> None:
        self.platform = platform
        self.folder = folder

    def __call__(self, *words: str, status: int = 0) -> str:
        done = alula(*words, "--endpoint", self.platform.grpc)
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    def launch(self, name: str, x: int) -> None:
        self("run", "--remote", "--name", name, FLOW, "one", "--folder", str(self.folder), "--x", str(x))

    def go(self) -> None:
        (self.folder / "go").touch()

    def runs(self) -> int:
        return (self.folder / "runs").read_text().count("ran")

    def entries(self) -> list[dict[str, object]]:
        done = alula("cache", "list", "costly.costly", "-o", "json", "--endpoint", self.platform.grpc)
        return json.loads(done.stdout)


@pytest.fixture
def scene(platform: RunningPlatform, tmp_path: Path) -> Scene:
    return Scene(platform, tmp_path)


def until_reason(scene: Scene, name: str, code: str) -> None:
    """Follow a run until the platform has recorded this of it."""
    with Remote(scene.platform.grpc) as remote:
        while code not in scene("describe", "execution", name, "-o", "json"):
            remote.run(name)


def test_of_equal_runs_one_computes_and_the_others_take_its_result(scene: Scene) -> None:
    scene.launch("first", 11)
    until_reason(scene, "first", "RunsIn")
    scene.launch("second", 11)
    until_reason(scene, "second", "WaitsForCache")
    scene.go()
    for name in ("first", "second"):
        assert "22" in scene("watch", name)
    assert scene.runs() == 1
    assert "these are the outputs of first/n0" in scene("describe", "execution", "second")


def test_an_aborted_run_lets_the_next_one_compute(scene: Scene) -> None:
    scene.launch("stopped", 12)
    until_reason(scene, "stopped", "RunsIn")
    scene.launch("next", 12)
    until_reason(scene, "next", "WaitsForCache")
    scene("abort", "stopped")
    scene.go()
    assert "24" in scene("watch", "next")
    assert scene.runs() == 2


def test_a_miss_says_what_is_different(scene: Scene) -> None:
    scene.go()
    for name, x in (("near", 13), ("far", 14)):
        scene.launch(name, x)
        scene("watch", name)
    assert "input `x` changed from 13 to 14" in scene("describe", "execution", "far")


def test_results_are_listed_and_forgotten(scene: Scene) -> None:
    scene.go()
    for name, x in (("kept", 15), ("forgotten", 16)):
        scene.launch(name, x)
        scene("watch", name)
    made = {entry["source"]: entry["inputs"] for entry in scene.entries()}
    assert made["flytesnacks/development/kept/n0/0"] == {"x": "15"}
    assert "forgot 1 result" in scene("cache", "evict", "costly.costly", "--run", "forgotten", "--node", "n0")
    assert "forgot 0 results" in scene("cache", "evict", "costly.costly", "--run", "forgotten")
    assert "did you mean `costly.costly`?" in scene("cache", "evict", "costly.costy", status=2)
    before = scene.runs()
    for name, x, more in (("same", 15, 0), ("again", 16, 1)):
        scene.launch(name, x)
        scene("watch", name)
        before += more
        assert scene.runs() == before


@pytest.mark.parametrize("command", ["list", "evict"])
def test_a_node_without_its_run_is_refused_and_nothing_is_forgotten(scene: Scene, command: str) -> None:
    scene.go()
    scene.launch(f"node-{command}", 17 if command == "list" else 18)
    scene("watch", f"node-{command}")
    before = scene.entries()
    assert "error[BadUsage]" in scene("cache", command, "costly.costly", "--node", "n0", status=2)
    assert scene.entries() == before
