"""The choice of the interpreter that runs a task, with its reason.

In this order: a mapping of the operator for the task's image; an environment made of the contents of the image, if the
task tells of them (`ImageSpec`); the interpreter of the client that registered the task, if that is on this machine; an
environment made for an image name that says what is in it (flytekit's default images); the platform's own Python.
"""

from __future__ import annotations

import asyncio
import fcntl
import fnmatch
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from alula.core.errors import InvalidInput, Unavailable
from alula.server.executors.machine import machine_id
from alula.server.executors.process.recipes import Recipe, recipe_of_name, recipe_of_told
from alula.server.executors.process.unused_environments import READY, UnusedEnvironments

BESIDE = "_alula_platform.pth"
"""Names the packages of the platform's Python, after the environment's own."""
MAKE_TIMEOUT_S = 900
LOCK_LOOK_S = 0.2
LAST_LINES = 3
UNSATISFIABLE = "No solution found"
"""uv's word for packages that there are not, or not together."""


class Environment(NamedTuple):
    """A Python on this machine, and why it was chosen."""

    python: str
    why: str
    variables: tuple[tuple[str, str], ...] = ()
    """Those of its image."""

    @property
    def bin_folder(self) -> str:
        return self.python.rpartition("/")[0]


class Wanted(NamedTuple):
    """The environment that a task asks for."""

    image: str = ""
    interpreter: str = ""
    interpreter_host: str = ""
    contents: str = ""
    """The contents of the image, as the task tells of them."""


class Environments:
    """`folder` holds the environments that are made here; `mappings` are `PATTERN=DIR`, first match wins. `variables`
    are those of the platform that uv may know: what it builds is a stranger's code. What nothing has used for
    `keep_s` seconds goes; with 0 it stays."""

    def __init__(
        self,
        folder: Path,
        mappings: Sequence[str] = (),
        *,
        make: bool = True,
        keep_s: float = 0,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._mappings = [parse_mapping(each) for each in mappings]
        self._make = make
        self._host = machine_id()
        self._chosen: dict[Wanted, Environment] = {}
        self._making: dict[Path, asyncio.Task[None]] = {}
        self._maker = Maker(variables or {})
        self._unused = UnusedEnvironments(folder, keep_s=keep_s, forget=self._chosen.clear)
        self._removal: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Remove what nothing has used for long, now and from time to time until `close`."""
        self._removal = asyncio.get_running_loop().create_task(self._unused.run(self._making))

    def close(self) -> None:
        """Give up environments that are being made."""
        if self._removal is not None:
            self._removal.cancel()
        self._maker.close()

    def hold(self, environment: Environment) -> Callable[[], None]:
        """Have an environment stay until the function that this returns is called."""
        name = self._unused.take(environment.python)
        return lambda: self._unused.give_back(name)

    def known(self, wanted: Wanted) -> Environment | None:
        """The choice; None if something has to be made first. Raises `InvalidInput` if nothing that is made could have
        the contents of the image."""
        found = self._chosen.get(wanted)
        if found is None:
            found = self._choose(wanted)
            if isinstance(found, Recipe):
                return None
            if len(self._chosen) > 10_000:
                self._chosen.clear()
            self._chosen[wanted] = found
        return found

    async def made(self, wanted: Wanted, progress: Callable[[str], None]) -> Environment:
        """The choice, made if it is not there yet. Raises `InvalidInput`, and `Unavailable` code
        `EnvironmentFailed`."""
        while (found := self.known(wanted)) is None:
            recipe = self._choose(wanted)
            if isinstance(recipe, Environment):  # made just now
                return recipe
            progress(f"waits for its environment to be made: {recipe}")
            folder = self._folder / recipe.name
            task = self._making.get(folder)
            if task is None:
                task = asyncio.ensure_future(asyncio.to_thread(self._maker.make, folder, recipe))
                self._making[folder] = task
                task.add_done_callback(lambda _, folder=folder: self._making.pop(folder, None))
            await asyncio.shield(task)
        return found

    def _choose(self, wanted: Wanted) -> Environment | Recipe:
        """The environment, or how it is to be made."""
        for pattern, python in self._mappings:
            if fnmatch.fnmatchcase(wanted.image, pattern):
                return Environment(python, f"mapped by {pattern!r} for image {wanted.image!r}")
        told = recipe_of_told(wanted.image, wanted.contents) if wanted.contents and self._make else None
        if told is not None:
            recipe, contents = told
            return self._of(recipe, f"made for image {wanted.image!r}", contents.variables)
        if wanted.interpreter and wanted.interpreter_host == self._host and is_program(wanted.interpreter):
            return Environment(wanted.interpreter, "the Python of the client that registered the task")
        recipe = recipe_of_name(wanted.image) if self._make else None
        if recipe is not None:
            return self._of(recipe, f"made for image {wanted.image!r}")
        return Environment(sys.executable, f"the platform's own Python, as nothing else is known{of(wanted.image)}")

    def _of(self, recipe: Recipe, why: str, variables: tuple[tuple[str, str], ...] = ()) -> Environment | Recipe:
        folder = self._folder / recipe.name
        if not (folder / READY).exists():
            return recipe
        return Environment(str(folder / "bin/python"), why, variables)


def of(image: str) -> str:
    return f" of image {image!r}" if image else ""


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

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._running: set[subprocess.Popen[str]] = set()
        self._closed = False

    def close(self) -> None:
        self._closed = True
        for each in list(self._running):
            each.kill()

    def make(self, folder: Path, recipe: Recipe) -> None:
        """Make an environment, once for all that want it at the same time, also in other processes. Blocks; raises
        `Unavailable`."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        with open(folder.with_name(f".{folder.name}.lock"), "w") as lock:
            self._wait_for(lock)
            if (folder / READY).exists():
                return
            shutil.rmtree(folder, ignore_errors=True)  # of one that was interrupted
            self._uv("venv", "--quiet", "--python", recipe.interpreter, str(folder))
            self._install(folder, recipe)
            (folder / READY).touch()

    def _install(self, folder: Path, recipe: Recipe) -> None:
        files: list[str] = []
        for option, name, lines in (
            ("--requirements", "requirements.txt", recipe.packages),
            ("--constraints", "constraints.txt", recipe.constraints),
        ):
            (folder / name).write_text("".join(f"{line}\n" for line in lines))
            files += [option, str(folder / name)]
        if recipe.packages:
            python = str(folder / "bin/python")
            self._uv("pip", "install", "--quiet", "--python", python, *recipe.options, *files)
        if recipe.beside:
            for own in folder.glob("lib/python*/site-packages"):
                (own / BESIDE).write_text(f"import site; site.addsitedir({recipe.beside!r})\n")

    def _wait_for(self, lock: TextIO) -> None:
        while not self._closed:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(LOCK_LOOK_S)

    def _uv(self, *arguments: str) -> None:
        """Run uv. Raises `Unavailable` code `EnvironmentFailed` with its error output, and `InvalidInput` for packages
        that there are not."""
        command = f"`uv {' '.join(arguments)}`"
        if self._closed:
            raise failed(f"{command} was given up, as the platform stops")
        with subprocess.Popen(
            [uv_program(), *arguments],
            env=dict(self._variables),
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
            why = " ".join(said.strip().splitlines()[-LAST_LINES:])
            if UNSATISFIABLE in said:
                raise InvalidInput("EnvironmentUnsatisfiable", f"{command} failed: {why}", fix="ask for other packages")
            raise failed(f"{command} failed: {why}")


def failed(message: str) -> Unavailable:
    fix = "see to the network and the package index, or map the image to an environment that exists"
    return Unavailable("EnvironmentFailed", message, fix=fix)


def uv_program() -> str:
    beside = os.path.join(os.path.dirname(sys.executable), "uv")
    found = beside if is_program(beside) else shutil.which("uv")
    if found is None:
        raise failed("uv, which makes environments, is not installed")
    return found
