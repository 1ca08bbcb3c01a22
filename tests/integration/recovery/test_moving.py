"""A run goes from one platform to another, where it can be looked at and gone on with; a kill leaves no half of it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from tests.integration.platform import ALULA, Platforms, RunningPlatform, alula
from tests.present import present

FLOW = Path(__file__).with_name("flows") / "files.py"
LARGE_MIB = 32
SMALL_VALUES = {"ALULA__RUNS__INLINE_MAX_BYTES": "300"}
"""Lists of files are values that are put aside, too."""
DEADLINE_S = 60.0


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_it_is_looked_at_and_gone_on_with_elsewhere(
    platforms: Platforms, tmp_path: Path, request: pytest.FixtureRequest, database: str
) -> None:
    platforms.environment = SMALL_VALUES
    first = platforms.start(data=tmp_path / "first")
    _tell(first, "run", "--remote", "--wait", "--name", "whole", str(FLOW), "everything")
    _tell(first, "fork", "whole", "--from", "n1", "--name", "forked", "--wait")
    if database == "postgresql":
        platforms.environment = {**SMALL_VALUES, "ALULA_DATABASE_URL": request.getfixturevalue("postgres_url")}
    second = platforms.start(data=tmp_path / "second")
    for run in ("whole", "forked"):
        file, again = tmp_path / f"{run}.zip", tmp_path / f"{run}-again.zip"
        _tell(first, "export", run, "-o", str(file))
        assert b"/first/" not in file.read_bytes()
        _tell(second, "import", str(file))
        _tell(second, "export", run, "-o", str(again))
        if run == "whole":  # a child of both is here with the one that came first
            assert again.read_bytes() == file.read_bytes()
    first.stop()
    _remove_objects(first)
    shown = _tell(second, "describe", "execution", "whole")
    assert "imported from:   flytesnacks/development/whole" in shown
    assert "child_plan" in shown
    assert "totalled 8" in _tell(second, "logs", "whole", "total")
    assert "The run succeeded" in _tell(second, "explain", "whole")
    for run in ("whole", "forked"):
        _tell(second, "fork", run, "--from", "n1", "--from", "n4", "--name", f"{run}-here", "--wait")
        outcome = _tell(second, "describe", "execution", f"{run}-here")
        assert "o0: 136" in outcome
        assert "o1: 12" in outcome
        assert outcome.count("RECOVERED") >= 6
    words = ("debug", "whole", "total", "--no-pdb", "--endpoint", second.grpc)
    debugged = alula(*words, environment={"TMPDIR": str(tmp_path)})
    assert (debugged.returncode, "136" in debugged.stdout) == (0, True), debugged.stderr


def test_elsewhere_its_children_are_found_by_their_new_names(platforms: Platforms, tmp_path: Path) -> None:
    platform = platforms.start()
    _tell(platform, "run", "--remote", "--wait", "--name", "whole", str(FLOW), "everything")
    file = tmp_path / "whole.zip"
    _tell(platform, "export", "whole", "-o", str(file))
    there = ("-p", "flytesnacks", "-d", "staging")
    _tell(platform, "import", str(file), *there)
    _tell(platform, "fork", "whole", "--from", "n1", "--name", "forked", "--wait", *there)
    assert "RECOVERED" in _tell(platform, "describe", "execution", "forked", *there)


def test_an_import_that_was_killed_leaves_no_run_and_can_be_made_again(platforms: Platforms, tmp_path: Path) -> None:
    first = platforms.start(data=tmp_path / "first")
    _tell(first, "run", "--remote", "--wait", "--name", "whole", str(FLOW), "everything", "--mebibytes", str(LARGE_MIB))
    file, again = tmp_path / "whole.zip", tmp_path / "again.zip"
    _tell(first, "export", "whole", "-o", str(file))
    second = platforms.start(data=tmp_path / "second")
    sent = subprocess.Popen(
        [*ALULA, "import", str(file), "--endpoint", second.grpc], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _wait_for_objects(second)
    second.kill()
    sent.wait(timeout=DEADLINE_S)
    second = platforms.start(data=tmp_path / "second")
    if "whole" in _tell(second, "list", "execution"):  # all of it was there already
        assert "SUCCEEDED" in _tell(second, "describe", "execution", "whole")
    _tell(second, "import", str(file))
    _tell(second, "export", "whole", "-o", str(again))
    assert again.read_bytes() == file.read_bytes()


def test_a_run_that_goes_on_is_recovered_elsewhere(platforms: Platforms, tmp_path: Path) -> None:
    first = platforms.start(data=tmp_path / "first")
    _tell(first, "run", "--remote", "--name", "open", str(FLOW), "waiting")
    _wait_for(first, "describe", "execution", "open", until="RUNNING")
    _wait_for(first, "logs", "open", until="made 5")
    file = tmp_path / "open.zip"
    _tell(first, "export", "open", "-o", str(file))
    second = platforms.start(data=tmp_path / "second")
    _tell(second, "import", str(file))
    assert "exported while it was RUNNING" in _tell(second, "explain", "open")
    _tell(second, "recover", "open", "--name", "again")
    _wait_for(second, "signal", "list", "again", until="go")
    _tell(second, "approve", "again", "go")
    _wait_for(second, "describe", "execution", "again", until="SUCCEEDED")
    assert "RECOVERED" in _tell(second, "describe", "execution", "again")


def _remove_objects(platform: RunningPlatform) -> None:
    (platform.data / "objects").rename(platform.data / "gone")


def _wait_for_objects(platform: RunningPlatform) -> None:
    until = time.monotonic() + DEADLINE_S
    while not list((platform.data / "objects" / "metadata").rglob("imported")):
        assert time.monotonic() < until
        time.sleep(0.005)


def _wait_for(platform: RunningPlatform, *words: str, until: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    shown = ""
    while until not in shown:
        assert time.monotonic() < deadline, shown
        shown = alula(*words, "--endpoint", platform.grpc).stdout
        time.sleep(0.05)


def _tell(platform: RunningPlatform, *words: str) -> str:
    done = alula(*words, "--endpoint", platform.grpc)
    assert done.returncode == 0, done.stderr + done.stdout + present(platform).log()
    return done.stdout
