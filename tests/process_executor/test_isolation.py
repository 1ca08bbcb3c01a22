"""That attempts see nothing of each other: their files, and what a fork server's process would share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.attempts.bundle import make_bundle, task_command
from tests.attempts.harness import Harness
from tests.attempts.specs import attempt
from tests.process_executor.running import log_of, on_executor, run_one, value

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
    await harness.until(lambda: all(harness.has_ended(spec) for spec in specs))
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


# What the imports leave open


SEVEN = "\ndef task():\n    return integer(7)\n"


@pytest.mark.parametrize(
    ("opened", "why"),
    [
        ("LINES = open('data.txt')", "the file {code}/data.txt (mine.LINES)"),
        ("LINES = os.open('data.txt', os.O_RDONLY)", "the file {code}/data.txt"),
        (
            "import sqlite3\nDB = sqlite3.connect('data.db')\nDB.execute('select 1').fetchone()",
            "the file {code}/data.db",
        ),
        ("import tempfile\nSPOOL = tempfile.TemporaryFile()", "(mine.SPOOL)"),
        (
            "import socket\nHOST = socket.create_server(('127.0.0.1', 0))\n"
            "PEER = socket.create_connection(HOST.getsockname())",
            "a connection to 127.0.0.1:",
        ),
        ("import socket\nENDS = socket.socketpair()", "a socket"),
        ("ENDS = os.pipe()", "a pipe"),
        ("import select\nPOLL = select.epoll()", "an eventpoll (mine.POLL)"),
        ("import asyncio\nLOOP = asyncio.new_event_loop()\nLOOP.call_later(60, print)", "an eventpoll"),
        ("import mmap\nMEMORY = mmap.mmap(-1, 4096)", "map memory that all forks would write to"),
        ("import multiprocessing\nVALUE = multiprocessing.RawValue('i')", "map memory that all forks would write to"),
        ("import multiprocessing\nLOCK = multiprocessing.Lock()", "map memory that all forks would write to"),
        ("import subprocess\nHELPER = subprocess.Popen(['sleep', '60'])", "the imports leave processes running"),
        ("import signal\nsignal.alarm(60)", "the imports set an alarm"),
    ],
)
def test_what_forks_would_share_leads_to_fresh_processes(tmp_path, opened, why):
    # In a fresh process whatever the import starts is the attempt's own; a helper must not outlive it.
    end = "\nimport atexit\nif 'HELPER' in globals(): atexit.register(lambda: (HELPER.kill(), HELPER.wait()))\n"
    files = {"data.txt": "1\n2\n", "data.db": ""}
    (spec,) = items(tmp_path, f"\n{opened}\n{end}{SEVEN}", 1, files)

    async def scenario(harness: Harness):
        assert await run_all(harness, [spec]) == [7]
        return harness.of(spec, "RUNNING")[0].where, *(tmp_path / "work/code").iterdir()

    where, code = on_executor(tmp_path, scenario)
    assert where.startswith("a fresh process, because the imports")
    assert why.format(code=code) in where


@pytest.mark.parametrize(
    "opened",
    [
        "NULL = open(os.devnull, 'w')",
        "RANDOM = open('/dev/urandom', 'rb')",
        "FOLDER = os.open('.', os.O_RDONLY)",
        "import logging\nlogging.basicConfig(filename=os.environ['MEET'] + '.log')",
        "import mmap\nwith open('data.txt', 'rb') as file: MAP = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)",
        "import sqlite3\nDB = sqlite3.connect(':memory:')",
        "with open('data.txt') as file: TEXT = file.read()",
        "import threading\nLOCK = threading.Lock()\nLOCAL = threading.local()",
        "import multiprocessing.pool, concurrent.futures, asyncio, ssl, ctypes, subprocess, tempfile, logging.handlers",
        "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: None)\nos.umask(0o27)",
    ],
)
def test_what_forks_may_share_is_no_hazard(tmp_path, opened):
    (spec,) = items(tmp_path, f"\n{opened}\n{SEVEN}", 1, {"data.txt": "1\n2\n"})

    async def scenario(harness: Harness):
        assert await run_all(harness, [spec]) == [7]
        return harness.of(spec, "RUNNING")[0].where

    where = on_executor(tmp_path, scenario)
    assert where.startswith("a fork of a process that has imported mine;")
    assert "equal in all forks" not in where


def test_each_fork_has_an_event_loop_of_its_own(tmp_path):
    # All wait, and are woken one after the other by threads: a wake-up call that they shared would wake any of them.
    source = """
import asyncio, threading
LOOP = asyncio.new_event_loop()
def wake(future, meet, number):
    together(3)
    while len(list(meet.parent.glob("woken-*"))) < number:
        time.sleep(0.001)
    LOOP.call_soon_threadsafe(future.set_result, None)
def task():
    meet, number = Path(os.environ["MEET"]), int(os.environ["FLYTE_K8S_ARRAY_INDEX"])
    future = LOOP.create_future()
    threading.Thread(target=wake, args=(future, meet, number), daemon=True).start()
    LOOP.run_until_complete(asyncio.wait_for(future, 20))
    meet.with_name(f"woken-{number}").touch()
    return integer(7)
"""
    specs = items(tmp_path, source, 3)

    async def scenario(harness: Harness):
        assert await run_all(harness, specs) == [7] * 3
        return {where for spec in specs if (where := harness.of(spec, "RUNNING")[0].where)}

    (where,) = on_executor(tmp_path, scenario)
    assert where.startswith("a fork of a process that has imported mine;")


def test_libraries_can_still_be_forked(tmp_path):
    modules = "numpy", "numpy.random", "pandas", "pyarrow", "sklearn.ensemble", "matplotlib.pyplot", "scipy.stats"
    (spec,) = items(tmp_path, f"\nimport {', '.join(modules)}\n{SEVEN}", 1)

    async def scenario(harness: Harness):
        assert await run_all(harness, [spec]) == [7]
        return harness.of(spec, "RUNNING")[0].where

    where = on_executor(tmp_path, scenario)
    assert where.startswith("a fork of a process that has imported mine;")
    assert "equal in all forks" not in where


def test_every_item_reads_a_file_that_was_opened_at_import_from_its_start(tmp_path):
    source = "\nLINES = open('lines.txt')\ndef task():\n    return integer(sum(1 for _ in LINES))\n"
    specs = items(tmp_path, source, 3, {"lines.txt": "x\n" * 1000})
    assert on_executor(tmp_path, lambda harness: run_all(harness, specs)) == [1000] * 3


# What is random


NUMBER = "\ndef task():\n    return integer({})\n"


@pytest.mark.parametrize(
    ("made", "drawn"),
    [
        ("import random", "random.getrandbits(40)"),
        ("import random\nrandom.seed()", "random.getrandbits(40)"),
        ("import random\nRNG = random.Random()", "RNG.getrandbits(40)"),
        ("from random import Random\nclass Own(Random): pass\nRNG = Own(None)", "RNG.getrandbits(40)"),
        ("import random, secrets\nRNG = random.Random(secrets.randbits(64))", "RNG.getrandbits(40)"),
        ("import random\nRNG = random.Random(7)\nRNG.seed()", "RNG.getrandbits(40)"),
        ("import random\nRNG = random.SystemRandom()", "RNG.getrandbits(40)"),
        ("import numpy as np", "int(np.random.randint(2**40))"),
        ("import numpy as np\nRNG = np.random.default_rng()", "int(RNG.integers(2**40))"),
        ("import numpy as np\nRNG = np.random.default_rng()", "int(RNG.spawn(1)[0].integers(2**40))"),
        ("import numpy as np\nRNG = np.random.RandomState()", "int(RNG.randint(2**40))"),
        ("import numpy as np\nRNG = np.random.Generator(np.random.SFC64())", "int(RNG.integers(2**40))"),
        ("import numpy as np\nRNG = np.random.Generator(np.random.Philox())", "int(RNG.integers(2**40))"),
        ("import numpy as np\nRNG = np.random.default_rng(np.random.SeedSequence())", "int(RNG.integers(2**40))"),
        ("import numpy as np, secrets\nRNG = np.random.default_rng(secrets.randbits(128))", "int(RNG.integers(2**40))"),
        ("from tempfile import mkdtemp", "int.from_bytes(mkdtemp()[-5:].encode(), 'big')"),
    ],
)
def test_generators_that_the_system_seeded_differ(tmp_path, made, drawn):
    specs = items(tmp_path, f"\n{made}\n{NUMBER.format(drawn)}", 3)

    async def scenario(harness: Harness):
        numbers = await run_each(harness, specs)
        assert all(each.where.startswith("a fork of") for spec in specs for each in harness.of(spec, "RUNNING"))
        return numbers

    assert len(set(on_executor(tmp_path, scenario))) == 3


@pytest.mark.parametrize(
    ("made", "drawn"),
    [
        ("import random\nrandom.seed(1)", "random.getrandbits(40)"),
        ("import random\nrandom.seed(1)\nrandom.random()", "random.getrandbits(40)"),
        ("import random\nRNG = random.Random(42)", "RNG.getrandbits(40)"),
        ("import random\nRNG = random.Random()\nRNG.seed('text')", "RNG.getrandbits(40)"),
        ("import random\nRNG = random.Random()\nRNG.setstate(random.Random(3).getstate())", "RNG.getrandbits(40)"),
        ("import numpy as np\nnp.random.seed(1)", "int(np.random.randint(2**40))"),
        ("import numpy as np\nRNG = np.random.default_rng(42)", "int(RNG.integers(2**40))"),
        ("import numpy as np\nRNG = np.random.default_rng(2**127 + 5)", "int(RNG.integers(2**40))"),
        ("import numpy as np\nRNG = np.random.default_rng([1, 2])", "int(RNG.spawn(1)[0].integers(2**40))"),
        ("import numpy as np\nRNG = np.random.RandomState(3)", "int(RNG.randint(2**40))"),
    ],
)
def test_generators_that_the_code_seeded_keep_their_sequence(tmp_path, made, drawn):
    specs = items(tmp_path, f"\n{made}\n{NUMBER.format(drawn)}", 2)
    names: dict[str, object] = {}
    exec(f"{made}\nNUMBER = {drawn}", names)
    assert on_executor(tmp_path, lambda harness: run_each(harness, specs)) == [names["NUMBER"]] * 2


@pytest.mark.parametrize(
    ("made", "named"),
    [
        ("import uuid\nID = uuid.uuid4()", "random bytes (mine.py:{line})"),
        ("import secrets\nID = secrets.token_hex()", "random bytes (mine.py:{line})"),
        ("import os\nID = os.urandom(8)", "random bytes (mine.py:{line})"),
        ("import tempfile\nID = tempfile.mkdtemp()", "the name of a temporary file (mine.py:{line})"),
        ("import random\nID = random.random()", "random numbers (mine.py:{line})"),
        ("from random import choice\nID = choice('ab')", "random numbers (mine.py:{line})"),
        ("import numpy.random\nID = numpy.random.SeedSequence()", "a numpy.random.SeedSequence"),
    ],
)
def test_what_stays_equal_is_named_and_a_task_may_refuse_a_fork(tmp_path, made, named):
    forked, fresh = items(tmp_path, f"\n{made}\n{SEVEN}", 2)
    fresh.environment["ALULA_FORK"] = "0"
    line = TOGETHER.count("\n") + 3

    async def scenario(harness: Harness):
        await run_all(harness, [forked, fresh])
        return [harness.of(spec, "RUNNING")[0].where for spec in (forked, fresh)]

    of_forked, of_fresh = on_executor(tmp_path, scenario)
    assert f"made once and equal in all forks: {named.format(line=line)}" in of_forked
    assert "fork=False" in of_forked
    assert of_fresh.startswith("a fresh process, because the task does not want a fork;")


# What else the imports leave behind


def test_a_handler_of_a_signal_that_was_set_at_import_is_called(tmp_path):
    source = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: (print("handled"), sys.exit(0)))
def task():
    os.kill(os.getpid(), signal.SIGTERM)
"""
    (spec,) = items(tmp_path, source, 1)
    run_one(tmp_path, spec)
    assert log_of(spec).splitlines()[-1] == "handled"


def test_what_the_imports_print_is_in_each_log_once(tmp_path):
    source = """
import atexit, ctypes, sys
ctypes.CDLL(None).printf(b"from C\\n")
sys.stdout.write("no line end yet ")
atexit.register(print, "at exit")
def task():
    print(sys.argv[0].rpartition("/")[2], len(sys.argv) > 1)
    return integer(1)
"""
    specs = items(tmp_path, source, 2)
    on_executor(tmp_path, lambda harness: run_each(harness, specs))
    for spec in specs:
        text = log_of(spec)
        assert [text.count(each) for each in ("from C", "no line end yet", "at exit")] == [1, 1, 1]
        assert "alula-execute True" in text
