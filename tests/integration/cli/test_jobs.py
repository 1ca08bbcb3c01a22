"""`alula run --jobs`: tasks of a local run in several processes, with the results of a run in one."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.platform import ALULA, RunningPlatform, alula

FLOWS = str(Path(__file__).parent / "flows" / "at_once.py")
EXAMPLES = Path(__file__).parents[3] / "examples"
TIMEOUT_S = 90


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "ALULA_DATA": str(tmp_path / "data"), "ALULA_LOCAL_CACHE": str(tmp_path / "cache")}


@pytest.fixture
def run(environment: dict[str, str]):
    """Runs an entity of the flows with two workers, or with other options."""

    def command(name: str, *words: str, file: str = FLOWS, options: tuple[str, ...] = ("--jobs", "2"), said: str = ""):
        return subprocess.run(
            [*ALULA, "run", *options, file, name, *words],
            input=said,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    return command


@pytest.fixture
def meeting(tmp_path: Path) -> str:
    os.mkfifo(tmp_path / "meeting")
    return str(tmp_path)


def test_items_of_a_map_task_run_at_once_and_their_output_names_them(run, meeting):
    result = run("items", "--folder", meeting)
    assert result.returncode == 0, result.stderr
    *printed, value = result.stdout.splitlines()
    assert (sorted(printed), value) == (["n0[0] | side 0", "n0[1] | side 1"], "1")
    assert result.stderr == "n1 | adding\n"


@pytest.mark.parametrize("name", ["nodes", "children"])
def test_independent_nodes_run_at_once_those_of_launch_plans_too(run, meeting, name):
    result = run(name, "--folder", meeting)
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("o0: 0\no1: 1\n")


def test_a_task_that_no_other_process_finds_runs_in_the_process_of_the_run(run, meeting):
    result = run("grown", "--folder", meeting)
    assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "[1, 0, 1]"), result.stderr


@pytest.mark.parametrize(
    ("name", "words", "told"),
    [
        ("leave", ["--status", "3"], "error[ExitCode]: node atonceleave: the command ended with status 3\n"),
        ("leave", ["--status", "0"], "error[OutputsNotFound]: node atonceleave: "),
        ("crash", [], "error[Killed]: node atoncecrash: the command was ended by SIGSEGV"),
        ("killed", [], "error[RetriesExhausted|Interrupted]: node atoncekilled: [4/4]"),
    ],
)
def test_a_worker_that_dies_is_the_error_that_a_platform_tells(run, name, words, told):
    result = run(name, *words)
    assert result.returncode == 1
    assert told in result.stderr
    assert "Traceback" not in result.stderr
    if name == "leave":
        assert result.stdout == "atonceleave | leaving, within a line\n"


def test_a_failure_ends_what_runs_beside_it(run, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    result = run("refused", "--pipe", str(pipe))
    assert result.returncode == 1
    assert result.stderr.endswith("error[USER:ValueError]: node n1: ValueError: somebody holds it: True\n")
    assert result.stdout == "n0 | put down\n"


def test_a_failure_reads_as_without_workers(run):
    failing = str(Path(FLOWS).with_name("steps.py"))
    alone, beside = (run("failing", file=failing, options=options) for options in ((), ("--jobs", "2")))
    assert (alone.returncode, alone.stderr) == (beside.returncode, beside.stderr)
    assert "in divide\n" in beside.stderr


def test_a_task_is_stopped_when_its_time_is_over(run, tmp_path):
    result = run("too_long", "--told", str(tmp_path / "process"))
    assert result.returncode == 1
    assert "error[TimeoutExpired]: node atoncetoolong: " in result.stderr
    assert not is_there(int((tmp_path / "process").read_text()))


def test_equal_tasks_that_are_serialized_run_once(run, tmp_path):
    result = run("counted", "--file", str(tmp_path / "counts"))
    assert (result.returncode, result.stdout) == (0, "[4, 4, 4]\n"), result.stderr
    assert (tmp_path / "counts").read_text() == "counted\n"


def test_an_attempt_finds_nothing_of_the_one_before_it(run):
    result = run("spoilt", options=("--jobs", "1"))
    assert (result.returncode, result.stdout) == (0, "n0 | still heard\nNone False\n"), result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_the_run(environment, tmp_path, number):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with started(environment, "hold", "--told", str(pipe)) as process:
        worker = int(pipe.read_text())
        end = os.pidfd_open(worker)
        process.send_signal(number)
        out, err = process.communicate(timeout=TIMEOUT_S)
        ended, _, _ = select.select([end], [], [], TIMEOUT_S)
        os.close(end)
    assert ended
    if number is signal.SIGINT:
        assert out == "atoncehold | put down\n", err
        assert process.returncode == 130


def test_workers_are_for_runs_here(run):
    result = run("nodes", "--folder", "/tmp", options=("--jobs", "2", "--remote"))
    assert result.returncode == 2
    assert "--jobs is for runs here" in result.stderr


EXAMPLE_RUNS = [
    ("hello.py", "hello", ["--name", "Ada"], ""),
    ("branching.py", "order", ["--parcels", "[3, 40, 12]"], "y\n"),
    ("branching.py", "order", ["--parcels", "[3, 40, 12]"], "n\n"),
    ("branching.py", "order", ["--parcels", "[3, 400]"], ""),
    ("branching.py", "ship_all", ["--parcels", "[3, 40, 12]"], ""),
    ("scheduling/daily.py", "report", ["--day", "2026-11-30", "--closed", "[7]"], ""),
    ("scheduling/daily.py", "daily_report", ["--day", "2026-11-29"], ""),
    ("triggers/orders.py", "order", ["--items", "{tea: 1, ink: 3}", "--prices", "{tea: 3.5, ink: 2}"], ""),
    ("triggers/orders.py", "order", ["--items", "{tea: 1, ink: 3}", "--prices", "{tea: 3.5}"], ""),
    ("wine.py", "pipeline", ["--depths", "[1, 2]", "--trees", "[3]", "--rows", "60"], ""),
    ("referring.py", "welcome", ["--name", "Ada"], ""),
    ("branching.py", "ship", ["--weight", "30"], "y\n"),
    ("triggers/orders.py", "invoice", ["--total", "5.5", "--order", "o1"], ""),
    ("triggers/orders.py", "complaint", ["--order", "o1", "--phase", "FAILED"], ""),
    ("any_language.py", "sort_words", ["--words", "[pear, apple]"], ""),
]


def test_every_workflow_of_the_examples_is_compared():
    declared = {
        (str(path.relative_to(EXAMPLES)), name)
        for path in EXAMPLES.rglob("*.py")
        for name in re.findall(r"^@workflow\b.*\ndef (\w+)", path.read_text(), re.MULTILINE)
    }
    assert declared - {(file, name) for file, name, _, _ in EXAMPLE_RUNS} == set()


@pytest.mark.parametrize(("file", "name", "words", "said"), EXAMPLE_RUNS)
def test_an_example_gives_the_same_with_workers(run, file, name, words, said):
    def told(options: tuple[str, ...]) -> tuple[int, list[str], list[str]]:
        result = run(name, *words, file=str(EXAMPLES / file), options=(*options, "--overwrite-cache"), said=said)
        return result.returncode, plainly(result.stdout), plainly(result.stderr)

    assert told(("--jobs", "2")) == told(())


def test_the_examples_give_the_same_as_remotely(run, tmp_path, platform: RunningPlatform):
    """Outputs, error codes, and the keys under which results are kept, hence hits. Not of those that ask something, or
    need what only some platforms have: an entity that is registered, containers."""
    remotely = ("--remote", "--wait", "--endpoint", platform.grpc)
    for file, name, words, said in EXAMPLE_RUNS:
        if not said and file not in ("referring.py", "any_language.py"):
            ended = [run(name, *words, file=str(EXAMPLES / file), options=each) for each in (("--jobs", "2"), remotely)]
            assert told_of(ended[0]) == told_of(ended[1]), (name, words)
    there = json.loads(alula("cache", "list", "--endpoint", platform.grpc, "-o", "json").stdout)
    here = {path.name for path in (tmp_path / "cache").iterdir()}
    assert here
    assert here <= {entry["digest"] for entry in there}


def told_of(ended: subprocess.CompletedProcess[str]) -> tuple[int, list[str], str | None]:
    """The status, the values, with files by their names alone, and the code of the error."""
    values = [re.sub(r": /\S*/", ": ", line) for line in ended.stdout.splitlines() if " | " not in line]
    code = re.search(r"error\[(.*?)\]", ended.stderr)
    return ended.returncode, [line for line in values if not line.startswith("deck: ")], code and code[1]


def plainly(text: str) -> list[str]:
    """The lines without nodes before them and without the names of folders, sorted, as tasks that run at once print in
    any order."""
    text = re.sub(r"^\w[\w-]*(\[\d+\])? \| ", "", text, flags=re.MULTILINE)
    return sorted(re.sub(r"/local/run-\w+/\S*", "/local/", text).splitlines())


@contextmanager
def started(environment: dict[str, str], *words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*ALULA, "run", "--jobs", "2", FLOWS, *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def is_there(process: int) -> bool:
    """True if it runs: one that has ended may still be known."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"
