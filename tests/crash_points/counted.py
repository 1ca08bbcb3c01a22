"""Platforms that count their effects, started one after the other on one data folder. See `program.py`."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
from pathlib import Path

from tests.crash_points.points import Point

PROGRAM = Path(__file__).with_name("program.py")


class Counted:
    """One of them. `status` is its exit status, negative for a signal, None while it lives."""

    def __init__(self, pid: int, trace: Path) -> None:
        self.pid = pid
        self.trace = trace
        self.status: int | None = None


class CountedPlatforms:
    """Starts them as forks of a process that has imported all of the platform: an import is most of a start."""

    def __init__(self, folder: Path, mark: str) -> None:
        self._folder = folder
        self._number = 0
        self._running: Counted | None = None
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ALULA_", "FLYTE"))}
        with (folder / "counted.log").open("ab") as log:
            self._program = subprocess.Popen(
                [sys.executable, str(PROGRAM), str(folder / "data"), mark],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=kept,
                text=True,
                bufsize=1,
            )
        assert self._program.stdin is not None and self._program.stdout is not None
        self._input, self._output = self._program.stdin, self._program.stdout
        self._said = selectors.DefaultSelector()
        self._said.register(self._output, selectors.EVENT_READ)

    def start(self, deadly: Point | None = None) -> Counted:
        self._number += 1
        trace = self._folder / f"trace-{self._number}"
        words = (str(trace), *((deadly.effect, str(deadly.hit)) if deadly else ()))
        self._input.write("\t".join(words) + "\n")
        self._running = Counted(int(self._output.readline()), trace)
        return self._running

    def has_ended(self, platform: Counted) -> bool:
        """Looks, and does not wait."""
        if platform.status is None and self._said.select(0):
            platform.status = int(self._output.readline())
            self._running = None
        return platform.status is not None

    def kill(self, platform: Counted) -> None:
        """Unless it has ended by itself."""
        if not self.has_ended(platform):
            os.kill(platform.pid, signal.SIGKILL)
            platform.status = int(self._output.readline())
            self._running = None

    def close(self) -> None:
        self._said.close()
        self._program.kill()
        self._program.wait()
        self._input.close()
        self._output.close()
        if self._running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._running.pid, signal.SIGKILL)
