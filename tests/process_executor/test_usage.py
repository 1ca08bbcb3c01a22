"""What attempts have used that are processes of this machine: their own, and nothing of their fork server's."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from tests.attempts.bundle import make_bundle, task_command
from tests.attempts.harness import END_TIMEOUT_S, Harness
from tests.attempts.specs import attempt
from tests.process_executor.running import on_executor, run_one

from alula.core.engine.usage import Usage
from alula.server.executor import AttemptSpec, AttemptUpdate
from alula.server.executors.process.executor import ProcessExecutor
from alula.server.executors.process.used import LOOKS_LEAST

MIB = 1 << 20
LOOKED_AT = "looked-at"
"""The file for which tasks wait, until the platform has looked at their memory often enough."""
TASKS = r"""
import mmap, os, subprocess, sys, threading, time

IMPORTED = bytearray(b"x") * (100 << 20)

def wait():
    while not os.path.exists(LOOKED_AT):
        time.sleep(0.02)

def nothing():
    pass

def waits():
    wait()

def holds():
    global held
    held = b"x" * (50 << 20)

def holds_and_waits():
    holds()
    wait()

def writes_to_what_was_imported():
    for place in range(0, 50 << 20, 4096):
        IMPORTED[place] = 1
    wait()

def shares():
    global held
    held = mmap.mmap(-1, 50 << 20)
    for _ in range(50):
        held.write(b"x" * (1 << 20))
    children = [os.fork() for _ in range(3)]
    if 0 in children:
        wait()
        os._exit(0)
    wait()
    for child in children:
        os.waitpid(child, 0)

def maps_a_file():
    with open("large", "wb") as file:
        file.write(bytes(60 << 20))
    with open("large", "rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    held = sum(mapped[::4096])
    wait()

def has_others_work():
    burn = "import time\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-S", "-c", burn])
    orphan = f"{sys.executable} -S -c '{burn}' & echo $! > orphan"
    subprocess.run(["sh", "-c", orphan])
    pid = open("orphan").read().strip()
    while open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)

def kills_its_server():
    wait()
    os.kill(os.getppid(), 9)
    time.sleep(60)
"""


@pytest.fixture
def code(tmp_path: Path) -> str:
    return make_bundle(tmp_path / "code.tar.gz", {"heavy.py": f"LOOKED_AT = '{tmp_path / LOOKED_AT}'{TASKS}"})


def of(tmp_path: Path, code: str, name: str, *, memory_limit_bytes: int = 0) -> AttemptSpec:
    return attempt(
        tmp_path, *task_command(code, name, module="heavy"), node=name, memory_limit_bytes=memory_limit_bytes
    )


def is_looked_at(harness: Harness, spec: AttemptSpec) -> bool:
    executor = harness.executor
    assert isinstance(executor, ProcessExecutor)
    running = executor._attempts.get(spec.id)
    peak = executor._watch.peak(running.number) if running is not None else None
    return peak is not None and peak.looks >= LOOKS_LEAST


def ends(tmp_path: Path, *specs: AttemptSpec, **options: object) -> list[AttemptUpdate]:
    async def scenario(harness: Harness) -> list[AttemptUpdate]:
        for spec in specs:
            harness.executor.submit(spec)
        async with asyncio.timeout(END_TIMEOUT_S):
            while not all(harness.has_ended(spec) or is_looked_at(harness, spec) for spec in specs):
                await asyncio.sleep(0.02)
        (tmp_path / LOOKED_AT).touch()
        await harness.until(lambda: all(harness.has_ended(spec) for spec in specs))
        for spec in specs:
            assert "a fork of" in harness.of(spec, "RUNNING")[0].where
        return [harness.end_of(spec) for spec in specs]

    return on_executor(tmp_path, scenario, **options)


def usages(tmp_path: Path, *specs: AttemptSpec, **options: object) -> list[Usage]:
    found = [end.usage for end in ends(tmp_path, *specs, **options)]
    assert all(found)
    return [usage for usage in found if usage is not None]


def memory(usage: Usage) -> int:
    assert usage.peak_memory_bytes is not None
    return usage.peak_memory_bytes.value


def test_a_fork_does_not_have_what_was_imported(tmp_path: Path, code: str) -> None:
    names = ("nothing", "waits", "holds", "holds_and_waits")
    nothing, waits, holds, holds_and_waits = usages(tmp_path, *(of(tmp_path, code, name) for name in names))
    assert memory(nothing) < 10 * MIB
    assert memory(waits) < 10 * MIB
    assert 50 * MIB <= memory(holds) < 65 * MIB
    assert 50 * MIB <= memory(holds_and_waits) < 60 * MIB
    peaks = [usage.peak_memory_bytes for usage in (nothing, waits, holds_and_waits)]
    assert [peak.accuracy for peak in peaks if peak is not None] == ["estimated", "sampled", "sampled"]
    assert all(peak.every_ms >= 100 for peak in peaks[1:] if peak is not None)


def test_pages_that_a_fork_writes_to_are_its_own(tmp_path: Path, code: str) -> None:
    [usage] = usages(tmp_path, of(tmp_path, code, "writes_to_what_was_imported"))
    assert 50 * MIB <= memory(usage) < 60 * MIB


def test_memory_that_processes_share_counts_once(tmp_path: Path, code: str) -> None:
    [usage] = usages(tmp_path, of(tmp_path, code, "shares"))
    assert 45 * MIB <= memory(usage) < 75 * MIB


def test_pages_of_files_are_no_memory_of_the_attempt(tmp_path: Path, code: str) -> None:
    [usage] = usages(tmp_path, of(tmp_path, code, "maps_a_file"))
    assert memory(usage) < 15 * MIB
    assert usage.written_bytes is not None and 60 * MIB <= usage.written_bytes.value < 65 * MIB


def test_all_processes_of_an_attempt_count(tmp_path: Path, code: str) -> None:
    [usage] = usages(tmp_path, of(tmp_path, code, "has_others_work"))
    assert usage.cpu_us is not None
    assert usage.cpu_us.accuracy == "exact"
    assert 400_000 <= usage.cpu_us.value < 3_000_000


@pytest.mark.parametrize("control", ["auto", "sampled"])
def test_an_attempt_that_runs_out_of_memory_says_how_much_it_had(tmp_path: Path, code: str, control: str) -> None:
    spec = of(tmp_path, code, "holds_and_waits", memory_limit_bytes=30 * MIB)
    [end] = ends(tmp_path, spec, memory_control=control)
    assert end.error is not None and end.error.code == "OOMKilled"
    assert end.usage is not None and 29 * MIB <= memory(end.usage) < 65 * MIB
    assert "and their limit is 30 MiB" in end.error.message


def test_of_an_attempt_that_is_lost_is_told_what_was_seen(tmp_path: Path, code: str) -> None:
    [end] = ends(tmp_path, of(tmp_path, code, "kills_its_server"))
    assert end.error is not None and end.error.code == "ForkServerLost"
    assert end.usage is not None
    assert end.usage.cpu_us is None
    assert memory(end.usage) < 10 * MIB


def test_what_an_attempt_used_that_ended_with_its_platform_is_read_from_its_record(tmp_path: Path) -> None:
    spec = attempt(tmp_path, "sh", "-c", "exit 3")
    first = run_one(tmp_path, spec)

    async def scenario(harness: Harness) -> AttemptUpdate:
        await harness.executor.reconcile([spec], owner="here")
        await harness.until(lambda: harness.has_ended(spec))
        return harness.end_of(spec)

    again = on_executor(tmp_path, scenario)
    assert again.usage == first.usage
    assert again.usage is not None and again.usage.cpu_us is not None
    assert os.path.exists(f"{spec.output_prefix}/exit.json")
