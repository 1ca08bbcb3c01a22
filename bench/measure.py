"""Run a program and say what it took: wall time, and what it printed. Start a server and say when it answered."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

POLL_S = 0.005
SHORT_RUNS = 3
READY_TIMEOUT_S = 120
SETTLE_S = 2.0
"""How long a server idles before it is weighed."""
STOP_TIMEOUT_S = 15


class ProbeFailed(Exception):
    """A probe did not end well; the text is the end of what it printed."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment, with byte code on (import times would be false without) and no settings of ours."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in dropped and not name.startswith("ALULA_")}
    return kept | dict(extra or {})


def wall_s(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> float:
    """From the start of a program to its end: the median of a few runs, as short ones vary."""
    walls: list[float] = []
    for _ in range(SHORT_RUNS):
        began = time.perf_counter()
        _run(command, env, cwd)
        walls.append(time.perf_counter() - began)
    return statistics.median(walls)


def probe(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> dict[str, float]:
    """What a program printed on its `@@{...}` lines."""
    values: dict[str, float] = {}
    for line in _run(command, env, cwd).splitlines():
        if line.startswith("@@"):
            values.update(json.loads(line[2:]))
    return values


@contextlib.contextmanager
def server(
    command: Sequence[str], url: str, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Generator[dict[str, float]]:
    """A server for the length of the block; gives seconds until HTTP 200 and, idle, the MB of its process tree."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(env),
        cwd=cwd,
        start_new_session=True,
    )
    try:
        while not _answers(url):
            if process.poll() is not None:
                raise ProbeFailed(f"{' '.join(command)} ended with {process.returncode} before it was ready")
            if time.perf_counter() - began > READY_TIMEOUT_S:
                raise ProbeFailed(f"{url} did not answer in {READY_TIMEOUT_S} s")
            time.sleep(POLL_S)
        ready_s = time.perf_counter() - began
        time.sleep(SETTLE_S)
        yield {"ready_s": ready_s, "idle_mb": tree_mb(process.pid)}
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def scratch_folder(prefix: str) -> str:
    """A new folder that stays until the bench ends.

    ext4 looks at every inode that was removed in the last half minute when it makes another, so whoever runs after a
    large folder was removed pays for that: up to a millisecond for each file.
    """
    folder = tempfile.mkdtemp(prefix=prefix)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


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


def _run(command: Sequence[str], env: Mapping[str, str] | None, cwd: Path | None, timeout_s: float = 300) -> str:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(env),
        cwd=cwd,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise ProbeFailed(f"{' '.join(command)} did not end in {timeout_s:g} s") from error
        raise
    if process.returncode:
        raise ProbeFailed(f"{' '.join(command)} ended with {process.returncode}:\n{output[-2000:]}")
    return output


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _pss_mb(process: int) -> float:
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0
