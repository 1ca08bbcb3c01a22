"""An attempt of a platform is run again by `alula debug`, which leaves the platform as it is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.platform import ALULA, RunningPlatform, alula

FLOWS = str(Path(__file__).parent / "flows" / "debugged.py")
AGAIN = f"{sys.executable} -m alula.sdk.local.debugging"


@pytest.fixture(scope="module")
def runs(platform: RunningPlatform) -> RunningPlatform:
    """A platform with a run of each kind of node, and one that has failed."""
    for entity, status in (("kinds", 0), ("failing", 1)):
        done = alula("run", "--remote", "--wait", "--name", entity, FLOWS, entity, "--endpoint", platform.grpc)
        assert done.returncode == status, done.stderr
    return platform


@pytest.fixture
def debug(runs: RunningPlatform, tmp_path: Path):
    def run(*words: str, typed: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "TMPDIR": str(tmp_path), "SHELL": "/bin/sh", **variables}
        command = [*ALULA, "debug", *words, "--endpoint", runs.grpc]
        return subprocess.run(
            command, env=environment, input=typed, capture_output=True, text=True, timeout=90, check=False
        )

    return run


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["divide"], "blue kinds 0\n2.5\n"),
        (["n0", "--item", "1"], "5\n"),
        (["doubled"], "made a graph of 2 nodes: dn0, dn1\n"),
        (["n1-0-dn1"], "2\n"),
        (["eager_double"], "9\n"),
    ],
    ids=["task", "item", "dynamic", "made by a dynamic", "eager"],
)
def test_it_gives_what_the_attempt_gave(debug, words, printed):
    done = debug("kinds", *words, "--no-pdb")
    assert (done.returncode, done.stdout) == (0, printed), done.stderr


def test_results_stay_in_the_folder(debug, tmp_path):
    done = debug("kinds", "write", "--no-pdb")
    (folder,) = re.findall(r"is in (\S+)", done.stderr)
    assert folder.startswith(str(tmp_path))
    assert done.stdout.startswith(f"{folder}/results/raw/")
    assert (Path(folder) / "results" / "outputs.pb").exists()


def test_the_platform_is_not_told(debug, runs):
    def seen() -> list[dict[str, object]]:
        commands = (["list", "execution", "-o", "json"], ["describe", "execution", "kinds", "-o", "json"])
        return [json.loads(alula(*words, "--endpoint", runs.grpc).stdout) for words in commands]

    before = seen()
    assert debug("kinds", "eager_double", "--no-pdb").returncode == 0
    assert seen() == before


def test_pdb_stops_at_the_first_line_and_where_it_fails(debug):
    done = debug("failing", "divide", typed="p x\nn\nc\np length\nq\n")
    assert done.returncode == 1
    assert "-> with file.open() as text:\n(Pdb) 10\n" in done.stdout
    assert "-> return x / length\n(Pdb) 0\n" in done.stdout
    assert "error[USER:ZeroDivisionError]: ZeroDivisionError: division by zero" in done.stderr


def test_pdb_that_is_left_ends_the_attempt(debug):
    done = debug("kinds", "eager_double", typed="q\n")
    assert done.returncode == 1
    assert "-> return double(x=x) + 1" in done.stdout
    assert "error" not in done.stderr


def test_the_shell_is_in_the_code_which_can_be_changed(debug):
    script = f"sed -i 's|x / length|x * length|' debugged.py; echo $COLOUR; {AGAIN} $(dirname $PWD) --no-pdb"
    done = debug("failing", "divide", "--shell", typed=script)
    assert done.stdout == "blue\nblue failing 0\n0.0\n", done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["kinds", "nope"], "NodeNotFound"),
        (["kinds", "double"], "SeveralNodes"),
        (["kinds", "divide", "--attempt", "3"], "NoAttempt"),
        (["kinds", "divide", "--item", "0"], "NoSuchItem"),
        (["kinds", "n0"], "MissingItem"),
        (["kinds", "n0", "--item", "3"], "NoSuchItem"),
        (["none", "n0"], "ExecutionNotFound"),
    ],
)
def test_what_is_not_there_is_one_error(debug, tmp_path, words, code):
    done = debug(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error[{code}]: ")
    assert list(tmp_path.glob("alula-debug-*")) == []
