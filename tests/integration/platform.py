"""A real platform for tests: `alula up` as a process of its own, on free ports and a data folder of the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.integration.processes import MARK

from alula.server.data_folder import ServerInfo, read_info

READY_TIMEOUT_S = 30.0


@dataclass
class RunningPlatform:
    """One run of `alula up`."""

    data: Path
    process: subprocess.Popen[str]
    output: Path
    info: ServerInfo | None = None

    @property
    def grpc(self) -> str:
        """`host:port`"""
        assert self.info is not None, "the platform is not ready"
        return self.info.grpc

    @property
    def http(self) -> str:
        """`http://host:port`"""
        assert self.info is not None, "the platform is not ready"
        return self.info.http

    def log(self) -> str:
        """All that it printed, on both streams."""
        return self.output.read_text()

    def wait_until_ready(self) -> None:
        until = time.monotonic() + READY_TIMEOUT_S
        while (info := read_info(self.data)) is None or info.pid != self.process.pid:
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.log()}"
            assert time.monotonic() < until, f"not ready after {READY_TIMEOUT_S} s:\n{self.log()}"
            time.sleep(0.01)
        self.info = info

    def stop(self) -> int:
        """Ask it to end, and return its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=20)

    def kill(self) -> None:
        """As a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=20)


@dataclass
class Platforms:
    """Starts platforms and leaves none behind."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    command: Sequence[str] = ()
    """What is run in place of `alula`."""
    started: list[RunningPlatform] = field(default_factory=list)

    def start(self, *arguments: str, data: Path | None = None, ready: bool = True) -> RunningPlatform:
        """Start one, on `data` or a folder that all of this object share; wait until it is ready unless told not to."""
        data = data or self.folder / "data"
        output = self.folder / f"up-{len(self.started)}.log"
        ports = () if any(a.startswith("--grpc-port") for a in arguments) else ("--grpc-port", "0", "--http-port", "0")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ALULA_", "FLYTE"))}
        with output.open("w") as stream:
            process = subprocess.Popen(
                [*(self.command or ALULA), "up", "--data", str(data), *ports, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**kept, "ALULA_INHERIT": MARK, **self.environment},
                text=True,
            )
        platform = RunningPlatform(data=data, process=process, output=output)
        self.started.append(platform)
        if ready:
            platform.wait_until_ready()
        return platform

    def start_runner(self, *, data: Path | None = None) -> RunningPlatform:
        """Start the process that runs what others are asked for, and wait until it does."""
        runner = self.start("--role", "runner", data=data, ready=False)
        until = time.monotonic() + READY_TIMEOUT_S
        while "Alula is ready" not in runner.log():
            assert runner.process.poll() is None and time.monotonic() < until, runner.log()
            time.sleep(0.01)
        return runner

    def close(self) -> None:
        for platform in self.started:
            if platform.process.poll() is None:
                platform.stop()


def strange_files(data: Path) -> list[Path]:
    """What is in the working folders that wait for the next attempt and is no file of unpacked code."""
    code = {path.relative_to(each) for each in (data / "bundles").glob("*/code") for path in each.rglob("*")}
    folders = (data / "work/attempts").iterdir()
    return [path for folder in folders for path in folder.rglob("*") if path.relative_to(folder) not in code]


ALULA = [sys.executable, "-c", "from alula.cli.main import main; main()"]


def alula(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run an `alula` command to its end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ALULA_", "FLYTE"))}
    return subprocess.run(
        [*ALULA, *arguments],
        env={**kept, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
