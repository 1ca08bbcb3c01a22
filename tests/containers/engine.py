"""A container runtime for tests: Podman's service on a socket of its own, with storage and images outside the checkout.

Tests that need it are left out on a machine without Podman; with `ALULA_CONTAINERS=required` they fail, and with `off`
they are left out anyway. Nothing is
pulled: images are made of what this machine has.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

VARIABLE = "ALULA_CONTAINERS"
CACHE = Path("~/.cache/alula-test-images").expanduser()
BUSYBOX = "localhost/alula-busybox:1"
FOREIGN = "localhost/alula-foreign:1"
"""An image of another architecture, whose one program can't run here."""
_SETTINGS = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
events_logger = "file"
"""
_BUSYBOX = """FROM scratch
COPY bin /bin
COPY tmp /tmp
ENV PATH=/bin
"""
_FOREIGN = """FROM scratch
COPY program /program
ENTRYPOINT ["/program"]
"""
_COMMANDS = ("sh", "cat", "cp", "dd", "echo", "env", "id", "ln", "ls", "mkdir", "mkfifo", "rm", "sleep", "touch", "wc")
_ELF_OF_ARM = bytes.fromhex("7f454c4602010100000000000000000002 00b700 01000000".replace(" ", "")) + bytes(40)
START_TIMEOUT_S = 60.0
STUMBLES = 5


class Podman:
    """Podman with its own storage, and its service."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.socket = str(folder / "podman.sock")
        settings = folder / "containers.conf"
        settings.write_text(_SETTINGS)
        self._environment = {**os.environ, "CONTAINERS_CONF": str(settings)}
        self._words = ["podman", "--root", str(CACHE / "storage"), "--runroot", str(CACHE / "run")]
        if shutil.which("runc"):
            self._words += ["--runtime", "runc"]
        self._service: subprocess.Popen[bytes] | None = None

    def __call__(self, *words: str) -> str:
        """The output of a command, given again while Podman stumbles over containers that end or go meanwhile."""
        for _ in range(STUMBLES):
            done = subprocess.run(
                [*self._words, *words], env=self._environment, capture_output=True, text=True, check=False
            )
            if done.returncode == 0:
                return done.stdout
            time.sleep(0.2)
        raise AssertionError(done.stderr)

    def shell_words(self) -> str:
        """The beginning of a command of a shell that is this Podman's."""
        return shlex.join(["env", f"CONTAINERS_CONF={self._environment['CONTAINERS_CONF']}", *self._path_words()])

    def _path_words(self) -> list[str]:
        program = shutil.which(self._words[0])
        assert program is not None
        return [program, *self._words[1:]]

    def start(self) -> None:
        words = [*self._words, "system", "service", "--time", "0", f"unix://{self.socket}"]
        self._service = subprocess.Popen(
            words, env=self._environment, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + START_TIMEOUT_S
        while not os.path.exists(self.socket):
            assert self._service.poll() is None, "Podman's service has ended"
            assert time.monotonic() < until, "Podman's service does not start"
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the service; containers go on."""
        if self._service is not None:
            self._service.terminate()
            self._service.wait()
            self._service = None
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.socket)

    def make_image(self, name: str, make: object) -> None:
        """Build an image of a folder that `make` fills, unless it is there."""
        if name in self("images", "--format", "{{.Repository}}:{{.Tag}}").split():
            return
        with tempfile.TemporaryDirectory() as context:
            words = make(Path(context))  # type: ignore[operator]
            self("build", "-q", *words, "-t", name, context)


def _busybox(context: Path) -> list[str]:
    program = shutil.which("busybox")
    assert program is not None, "there is no busybox here"
    (context / "bin").mkdir()
    (context / "tmp").mkdir()
    (context / "tmp").chmod(0o1777)
    shutil.copy(program, context / "bin/busybox")
    for name in _COMMANDS:
        (context / "bin" / name).symlink_to("busybox")
    (context / "Dockerfile").write_text(_BUSYBOX)
    return []


def _foreign(context: Path) -> list[str]:
    (context / "program").write_bytes(_ELF_OF_ARM)
    (context / "program").chmod(0o755)
    (context / "Dockerfile").write_text(_FOREIGN)
    return ["--arch", "arm64"]


def running() -> Iterator[Podman]:
    """Podman's service for the time of some tests, with the images that they need."""
    if os.environ.get(VARIABLE) == "off":
        pytest.skip(f"tests of containers are turned off by {VARIABLE}")
    missing = [name for name in ("podman", "busybox") if shutil.which(name) is None]
    if os.geteuid() != 0:
        missing.append("the rights of root")
    if missing:
        why = f"there is no {', '.join(missing)} here for tests of containers"
        assert os.environ.get(VARIABLE) != "required", why
        pytest.skip(why)
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        podman = Podman(Path(folder))
        with FileLock(CACHE / ".lock"):
            podman.make_image(BUSYBOX, _busybox)
            podman.make_image(FOREIGN, _foreign)
        podman.start()
        try:
            yield podman
        finally:
            podman.stop()
