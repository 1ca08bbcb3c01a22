"""Run a program and say what it took: wall time, the memory of its whole process tree, and what it printed."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

POLL_S = 0.02
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Sample:
    """One run of a program."""

    wall_s: float
    peak_mb: float
    values: dict[str, float] = field(default_factory=dict)


class ProbeFailed(Exception):
    """A probe did not end well; the text is the end of what it printed."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment, with byte code on: import times would be false without."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | dict(extra or {})


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None, timeout_s: float = 600) -> Sample:
    """Run to the end and collect the `@@` lines."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(env), start_new_session=True
    )
    stop = threading.Event()
    peak: list[float] = [0.0]

    def watch() -> None:
        while not stop.wait(POLL_S):
            peak[0] = max(peak[0], tree_mb(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired as late:
        os.killpg(process.pid, signal.SIGKILL)
        raise ProbeFailed(f"no end after {timeout_s:g} s") from late
    finally:
        stop.set()
        watcher.join()
    wall = time.perf_counter() - began
    if process.returncode:
        raise ProbeFailed(output[-2000:])
    values: dict[str, float] = {}
    for line in output.splitlines():
        if line.startswith("@@"):
            values.update(json.loads(line[2:]))
    return Sample(wall, peak[0], values)


def until_ready(command: Sequence[str], url: str, *, env: Mapping[str, str] | None = None) -> Sample:
    """Start a server, wait for HTTP 200, let it idle for 2 s, weigh it, stop it."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(env),
        start_new_session=True,
    )
    try:
        while not _answers(url):
            if process.poll() is not None:
                raise ProbeFailed(f"{command[0]} ended with {process.returncode} before it was ready")
            if time.perf_counter() - began > 120:
                raise ProbeFailed(f"{url} did not answer in 120 s")
            time.sleep(POLL_S / 4)
        ready = time.perf_counter() - began
        time.sleep(2)
        return Sample(ready, tree_mb(process.pid))
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def tree_mb(root: int) -> float:
    """Memory of a process and all below it, each by its proportional share (PSS), in MB."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parent = int(stat[stat.rindex(")") + 2 :].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    total, pending = 0.0, [root]
    while pending:
        process = pending.pop()
        total += _pss_mb(process)
        pending.extend(children.get(process, ()))
    return total


def _pss_mb(process: int) -> float:
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
