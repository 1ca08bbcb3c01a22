"""`pyflyte serve connector` as a process of its own, on one port for all of its lives."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

READY_TIMEOUT_S = 120.0
MODULES = Path(__file__).parent / "served"


def reserved_port() -> socket.socket:
    """A port that gRPC's servers can listen to, and nobody else, also between two lives of theirs."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


class Served:
    """A server of the connectors in `served`, with the jobs that it has made in a folder."""

    def __init__(self, bin: Path, folder: Path, *modules: str) -> None:
        self._bin = bin
        self._folder = folder
        self._modules = modules or ("script_connector",)
        self.jobs = folder / "jobs"
        self.jobs.mkdir(parents=True)
        self._reserved = reserved_port()
        self.port: int = self._reserved.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        modules = [word for module in self._modules for word in ("--modules", module)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ALULA_", "FLYTE", "PYTHON"))}
        with (self._folder / "connector.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._bin / "pyflyte",
                    "serve",
                    "connector",
                    "--port",
                    str(self.port),
                    "--prometheus_port",
                    "0",
                    *modules,
                ],
                cwd=MODULES,
                env={**kept, "SCRIPT_JOBS": str(self.jobs), "HOME": str(self._folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + READY_TIMEOUT_S
        while not self._answers():
            assert self._process.poll() is None and time.monotonic() < until, self.log()
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=30)
            self._process = None

    def close(self) -> None:
        self.kill()
        self._reserved.close()

    def log(self) -> str:
        return (self._folder / "connector.log").read_text()

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True
