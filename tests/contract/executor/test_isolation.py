"""That attempts see nothing of each other: their files, and what a fork server's process would share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.contract.executor.bundle import make_bundle, task_command
from tests.contract.executor.harness import Harness, attempt
from tests.contract.executor.test_executor import log_of, on_executor, run_one, value

TOGETHER = """
import os, time
from pathlib import Path
from tasks import integer
BESIDE = Path(__file__).parent

def together(count):
    # all attempts of the test have begun
    folder = Path(os.environ["MEET"])
    (folder / os.environ["FLYTE_K8S_ARRAY_INDEX"]).touch()
    while len(os.listdir(folder)) < count:
        time.sleep(0.001)
"""


def items(tmp_path: Path, source: str, count: int, files: Mapping[str, str] | None = None, *, node: str = "n0") -> list:
    """Attempts of `mine.task`, which may meet each other."""
    code = tmp_path / f"{node}.tar.gz"
    bundle = make_bundle(code, {"mine.py": TOGETHER + source, **(files or {})})
    meet = tmp_path / f"meet-{node}"
    meet.mkdir()
    return [
        attempt(
            tmp_path,
            *task_command(bundle, "task", module="mine"),
            node=node,
            index=i,
            outputs=True,
            environment={"MEET": str(meet), "FLYTE_K8S_ARRAY_INDEX": str(i)},
        )
        for i in range(count)
    ]


async def run_all(harness: Harness, specs: list) -> list[int]:
    for spec in specs:
        harness.executor.submit(spec)
    await harness.until(lambda: all(harness.end_of(spec) for spec in specs))
    for spec in specs:
        assert harness.end_of(spec).phase == "SUCCEEDED", harness.end_of(spec).error
    return [value(harness.end_of(spec).outputs) for spec in specs]


async def run_each(harness: Harness, specs: list) -> list[int]:
    return [(await run_all(harness, [spec]))[0] for spec in specs]


MINE = "os.environ['FLYTE_K8S_ARRAY_INDEX']"


# Files


@pytest.mark.parametrize("where", ["'out.txt'", "BESIDE / 'out.txt'", "os.path.abspath('data/out.txt')"])
@pytest.mark.parametrize("files", [{}, {"out.txt": "old", "data/out.txt": "old"}], ids=["new", "packed"])
def test_what_attempts_write_at_the_same_time_is_their_own(tmp_path, where, files):
    source = f"""
def task():
    path = {where}
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    Path(path).write_text({MINE})
    together(4)
    return integer(int(Path(path).read_text()))
"""
    specs = items(tmp_path, source, 4, files)
    assert on_executor(tmp_path, lambda harness: run_all(harness, specs), cpu_millicores=4000) == [0, 1, 2, 3]


@pytest.mark.parametrize("where", ["'count.txt'", "BESIDE / 'count.txt'"])
@pytest.mark.parametrize("change", ["write_text(str(count + 1))", "unlink()", "rename('other')"])
def test_what_an_attempt_does_to_a_packed_file_ends_with_it(tmp_path, where, change):
    source = f"""
def task():
    path = Path({where})
    count = int(path.read_text())
    path.{change}
    return integer(count)
"""
    specs = items(tmp_path, source, 6, {"count.txt": "5"})
    first, second = specs[:3], specs[3:]
    assert on_executor(tmp_path, lambda harness: run_each(harness, first)) == [5, 5, 5]
    assert on_executor(tmp_path, lambda harness: run_each(harness, second)) == [5, 5, 5]
    if "BESIDE" not in where:
        assert [spec for spec in specs if "starts again" in log_of(spec)] == []


def test_code_whose_tasks_write_beside_it_runs_in_fresh_processes_and_says_why(tmp_path):
    source = "\ndef task():\n    (BESIDE / 'x').touch()\n    return integer(1)\n"
    specs = items(tmp_path, source, 2)

    async def scenario(harness: Harness):
        assert await run_each(harness, specs) == [1, 1]
        return [harness.of(spec, "RUNNING")[0].where for spec in specs]

    first, second = on_executor(tmp_path, scenario)
    assert first.startswith("a fork of a process")
    assert "a fresh process, because a task has changed files beside its modules" in second


def test_a_bundle_that_is_changed_on_disk_is_unpacked_anew(tmp_path):
    source = "\ndef task():\n    return integer(int(Path('count.txt').read_text()))\n"
    specs = items(tmp_path, source, 3, {"count.txt": "5"})

    async def scenario(harness: Harness):
        first = await run_each(harness, specs[:1])
        (packed,) = (tmp_path / "bundles").glob("*/code/count.txt")
        packed.write_text("6")
        (tmp_path / "work/attempts/1").chmod(0o700)  # so that another working folder is made
        return first + await run_each(harness, specs[1:])

    assert on_executor(tmp_path, scenario) == [5, 5, 5]


def test_an_attempt_finds_its_code_however_it_looks_for_it(tmp_path):
    source = """
import inspect, multiprocessing, subprocess, sys, traceback
import helper

def task():
    assert Path("data/x.csv").read_text() == (BESIDE / "data/x.csv").read_text() == "1"
    assert not Path("data/x.csv").is_symlink() and not Path("data").is_symlink()
    os.makedirs("data", exist_ok=True)
    assert "def answer" in inspect.getsource(helper)
    try:
        helper.fail()
    except ZeroDivisionError:
        assert "1 / 0" in traceback.format_exc()
    for command in (["helper.py"], ["-m", "helper"], ["-c", "import helper, mine; print(helper.answer())"]):
        found = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
        assert found.stdout.split()[-1] == "42", found
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return integer(pool.apply(helper.answer))
"""
    helper = "def answer(): return 42\ndef fail(): 1 / 0\nif __name__ == '__main__': print(answer())\n"
    (spec,) = items(tmp_path, source, 1, {"helper.py": helper, "data/x.csv": "1"})
    end = run_one(tmp_path, spec)
    assert end.phase == "SUCCEEDED", log_of(spec)
    assert value(end.outputs) == 42


def test_imports_find_the_files_beside_their_modules(tmp_path):
    source = "\nFOUND = int(open('count.txt').read())\ndef task():\n    return integer(FOUND)\n"
    (spec,) = items(tmp_path, source, 1, {"count.txt": "5"})

    async def scenario(harness: Harness):
        assert await run_all(harness, [spec]) == [5]
        return harness.of(spec, "RUNNING")[0].where

    assert on_executor(tmp_path, scenario).startswith("a fork of a process")
