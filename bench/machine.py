"""What this machine can do at most: the limits that the figures of a run are held against."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time


def forks_per_s(count: int = 1000) -> float:
    """Fork, exit and wait of a bare Python process, one after the other on each core at once."""
    program = (
        "import os,sys,time\n"
        f"n={count}\n"
        "t=time.perf_counter()\n"
        "for _ in range(n):\n"
        "    p=os.fork()\n"
        "    if not p: os._exit(0)\n"
        "    os.waitpid(p,0)\n"
        "print(n/(time.perf_counter()-t))\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-S", "-c", program], stdout=subprocess.PIPE, text=True)
        for _ in range(os.cpu_count() or 1)
    ]
    return sum(float(process.communicate()[0]) for process in running)


def fork_s(count: int = 500) -> float:
    """One fork, exit and wait of a bare Python process, on its own."""
    program = (
        "import os,time\n"
        f"n={count}\n"
        "t=time.perf_counter()\n"
        "for _ in range(n):\n"
        "    p=os.fork()\n"
        "    if not p: os._exit(0)\n"
        "    os.waitpid(p,0)\n"
        "print((time.perf_counter()-t)/n)\n"
    )
    return float(subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True).stdout)


def python_start_s(count: int = 20) -> float:
    """`python -c pass`, from start to end."""
    began = time.perf_counter()
    for _ in range(count):
        subprocess.run([sys.executable, "-c", "pass"], check=True)
    return (time.perf_counter() - began) / count


def sync_s(count: int = 200) -> float:
    """One small write made durable (fdatasync) where temporary files are."""
    with tempfile.NamedTemporaryFile() as file:
        began = time.perf_counter()
        for _ in range(count):
            os.write(file.fileno(), b"x" * 300)
            os.fdatasync(file.fileno())
        return (time.perf_counter() - began) / count
