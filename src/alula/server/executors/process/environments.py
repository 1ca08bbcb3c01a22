"""The choice of the interpreter that runs a task, with its reason.

In this order: a mapping of the operator for the task's image; the interpreter of the client that registered the task,
if that is on this machine; an environment made for an image name that says what is in it (flytekit's default images);
the platform's own Python.
"""

from __future__ import annotations

import asyncio
import fcntl
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from alula.core.errors import InvalidInput, Unavailable
from alula.server.executors.process.machine import machine_id

FLYTEKIT_IMAGE = re.compile(
    r"^(?:cr\.flyte\.org|ghcr\.io)/flyteorg/flytekit:py(?P<python>3\.\d+)-v?(?P<flytekit>[\w.+-]+)$"
)
READY = ".alula-ready"
"""Marks an environment that is whole."""
MAKE_TIMEOUT_S = 900
LOCK_LOOK_S = 0.2
LAST_LINES = 3


class Environment(NamedTuple):
    """A Python on this machine, and why it was chosen."""

    python: str
    why: str

    @property
    def bin_folder(self) -> str:
        return self.python.rpartition("/")[0]


class Wanted(NamedTuple):
    """The environment that a task asks for."""

    image: str = ""
    interpreter: str = ""
    interpreter_host: str = ""


class Environments:
    """`folder` holds the environments that are made here; `mappings` are `PATTERN=DIR`, first match wins."""

    def __init__(self, folder: Path, mappings: Sequence[str] = (), *, make: bool = True) -> None:
        self._folder = folder
        self._mappings = [parse_mapping(each) for each in mappings]
        self._make = make
        self._host = machine_id()
        self._chosen: dict[Wanted, Environment] = {}
        self._making: dict[Path, asyncio.Task[None]] = {}
        self._maker = Maker()

    def close(self) -> None:
        """Give up environments that are being made."""
        self._maker.close()

    def known(self, wanted: Wanted) -> Environment | None:
        """The choice; None if something has to be made first."""
        found = self._chosen.get(wanted)
        if found is None:
            found = self._choose(wanted)
            if found is not None:
                if len(self._chosen) > 10_000:
                    self._chosen.clear()
                self._chosen[wanted] = found
        return found

    async def made(self, wanted: Wanted, progress: Callable[[str], None]) -> Environment:
        """The choice, made if it is not there yet. Raises `Unavailable` code `EnvironmentFailed`."""
        while (found := self.known(wanted)) is None:
            match = FLYTEKIT_IMAGE.match(wanted.image)
            assert match is not None
            folder = self._folder_for(match)
            progress(f"waits for its environment to be made: Python {match['python']} with {requirement(match)}")
            task = self._making.get(folder)
            if task is None:
                task = asyncio.ensure_future(
                    asyncio.to_thread(self._maker.make, folder, match["python"], requirement(match))
                )
                self._making[folder] = task
                task.add_done_callback(lambda _, folder=folder: self._making.pop(folder, None))
            await asyncio.shield(task)
        return found

    def _choose(self, wanted: Wanted) -> Environment | None:
        for pattern, python in self._mappings:
            if fnmatch.fnmatchcase(wanted.image, pattern):
                return Environment(python, f"mapped by {pattern!r} for image {wanted.image!r}")
        if wanted.interpreter and wanted.interpreter_host == self._host and is_program(wanted.interpreter):
            return Environment(wanted.interpreter, "the Python of the client that registered the task")
        match = FLYTEKIT_IMAGE.match(wanted.image) if self._make else None
        if match is None:
            return Environment(sys.executable, f"the platform's own Python, as nothing else is known{of(wanted.image)}")
        folder = self._folder_for(match)
        if (folder / READY).exists():
            return Environment(str(folder / "bin/python"), f"made for image {wanted.image!r}")
        return None

    def _folder_for(self, match: re.Match[str]) -> Path:
        return self._folder / f"py{match['python']}-flytekit-{match['flytekit']}"


def of(image: str) -> str:
    return f" of image {image!r}" if image else ""


def requirement(match: re.Match[str]) -> str:
    return "flytekit" if match["flytekit"] == "latest" else f"flytekit=={match['flytekit']}"


def is_program(path: str) -> bool:
    return os.path.isabs(path) and os.path.isfile(path) and os.access(path, os.X_OK)


def parse_mapping(text: str) -> tuple[str, str]:
    """Image pattern and Python of `PATTERN=DIR`. Raises `InvalidInput` if there is no Python."""
    pattern, equals, place = text.rpartition("=")
    if not equals or not pattern or not place:
        raise InvalidInput("BadEnvironment", f"{text!r} is not PATTERN=DIR", fix="write IMAGE_PATTERN=VENV_FOLDER")
    path = os.path.abspath(os.path.expanduser(place))
    python = path if is_program(path) else os.path.join(path, "bin", "python")
    if not is_program(python):
        raise InvalidInput(
            "BadEnvironment", f"{place} of {text!r} is no Python and no virtual environment", fix="name one that exists"
        )
    return pattern, python


class Maker:
    """Makes virtual environments with uv; `close` ends what runs, so that the platform can stop meanwhile."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._closed = False

    def close(self) -> None:
        self._closed = True
        for each in list(self._running):
            each.kill()

    def make(self, folder: Path, python: str, package: str) -> None:
        """Make an environment, once for all that want it at the same time, also in other processes. Blocks; raises
        `Unavailable`."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        with open(folder.with_name(f".{folder.name}.lock"), "w") as lock:
            self._wait_for(lock)
            if (folder / READY).exists():
                return
            shutil.rmtree(folder, ignore_errors=True)  # of one that was interrupted
            self._uv("venv", "--quiet", "--python", python, str(folder))
            self._uv("pip", "install", "--quiet", "--python", str(folder / "bin/python"), package)
            (folder / READY).touch()

    def _wait_for(self, lock: TextIO) -> None:
        while not self._closed:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(LOCK_LOOK_S)

    def _uv(self, *arguments: str) -> None:
        """Run uv. Raises `Unavailable` code `EnvironmentFailed` with its error output."""
        command = f"`uv {' '.join(arguments)}`"
        if self._closed:
            raise failed(f"{command} was given up, as the platform stops")
        with subprocess.Popen(
            [uv_program(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            self._running.add(running)
            try:
                _, said = running.communicate(timeout=MAKE_TIMEOUT_S)
            except subprocess.TimeoutExpired as error:
                running.kill()
                raise failed(f"{command} took more than {MAKE_TIMEOUT_S} s") from error
            finally:
                self._running.discard(running)
        if running.returncode != 0:
            raise failed(f"{command} failed: {' '.join(said.strip().splitlines()[-LAST_LINES:])}")


def failed(message: str) -> Unavailable:
    fix = "see to the network and the package index, or map the image to an environment that exists"
    return Unavailable("EnvironmentFailed", message, fix=fix)


def uv_program() -> str:
    beside = os.path.join(os.path.dirname(sys.executable), "uv")
    found = beside if is_program(beside) else shutil.which("uv")
    if found is None:
        raise failed("uv, which makes environments, is not installed")
    return found
