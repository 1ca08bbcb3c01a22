"""What this machine can do at most: the limits that the figures of a run are held against."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.measure import environment, probe

PROBES = Path(__file__).resolve().parent / "probes"

_FORKS = """
import os, sys, time
count = int(sys.argv[1])
began = time.perf_counter()
for _ in range(count):
    process = os.fork()
    if not process:
        os._exit(0)
    os.waitpid(process, 0)
print(count / (time.perf_counter() - began))
"""
"""A bare Python process that forks, and waits for the child to exit, one after the other."""


def limits() -> dict[str, float]:
    """One measurement of each limit. Times in seconds."""
    return {
        "forks_per_s": forks_per_s(),
        "task_forks_per_s": task_forks_per_s(),
        "fork_s": fork_s(),
        "python_s": python_start_s(),
        "sync_s": sync_s(),
    }


def forks_per_s(count: int = 500) -> float:
    """Forks of a bare Python process on every core at once."""
    running = [_forks(count) for _ in range(os.cpu_count() or 1)]
    return sum(float(process.communicate()[0]) for process in running)


def task_forks_per_s(count: int = 300) -> float:
    """Forks that each run a task of Alula's and write its outputs, on every core at once: without a platform."""
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as threads:
        command = [sys.executable, "alula_forks.py", str(count)]
        found = threads.map(lambda _: probe(command, cwd=PROBES)["task_forks_per_s"], range(cores))
        return sum(found)


def fork_s(count: int = 300) -> float:
    """One fork, exit and wait of a bare Python process, on its own."""
    return 1 / float(_forks(count).communicate()[0])


def python_start_s(count: int = 10) -> float:
    """`python -c pass`, from start to end."""
    began = time.perf_counter()
    for _ in range(count):
        subprocess.run([sys.executable, "-c", "pass"], check=True, env=environment())
    return (time.perf_counter() - began) / count


def sync_s(count: int = 200) -> float:
    """One small write made durable (fdatasync) where temporary files are."""
    with tempfile.NamedTemporaryFile() as file:
        began = time.perf_counter()
        for _ in range(count):
            os.write(file.fileno(), b"x" * 300)
            os.fdatasync(file.fileno())
        return (time.perf_counter() - began) / count


def _forks(count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-S", "-c", _FORKS, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
