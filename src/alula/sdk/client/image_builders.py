"""Programs that build images of a Containerfile: BuildKit, Docker, Podman and Buildah, whichever is there."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from alula.core.errors import FailedPrecondition, InvalidInput

CONTAINERFILE = "Containerfile"
ASK_TIMEOUT_S = 30
LAST_LINES = 20


class Builder(NamedTuple):
    """The words by which a program is asked."""

    name: str
    program: str
    is_ready: tuple[str, ...]
    """Succeeds where it can build; some need a service that runs."""
    has: tuple[str, ...]
    """Succeeds, with a name after it, for an image that is there. BuildKit keeps none, it pushes them."""
    build: Callable[[str, str, str], Sequence[str]]
    """Of the image's name, its folder and its platform."""
    push: tuple[str, ...]
    """Pushes, with a name after it."""

    @property
    def pushes(self) -> bool:
        """True if building pushes, as it has no place on this machine for what it builds."""
        return not self.push


def _build(name: str, folder: str, platform: str) -> Sequence[str]:
    return ("build", "-t", name, "-f", f"{folder}/{CONTAINERFILE}", *_platform("--platform", platform), folder)


def _buildkit(name: str, folder: str, platform: str) -> Sequence[str]:
    return (
        *("build", "--frontend", "dockerfile.v0", "--local", f"context={folder}", "--local", f"dockerfile={folder}"),
        *("--opt", f"filename={CONTAINERFILE}", *_platform("--opt", platform and f"platform={platform}")),
        *("--output", f"type=image,name={name},push=true"),
    )


def _platform(option: str, value: str) -> Sequence[str]:
    return (option, value) if value else ()


BUILDERS = (
    Builder("buildkit", "buildctl", ("debug", "workers"), (), _buildkit, ()),
    Builder("docker", "docker", ("version",), ("image", "inspect"), _build, ("push",)),
    Builder("podman", "podman", ("version",), ("image", "exists"), _build, ("push",)),
    Builder("buildah", "buildah", ("version",), ("inspect", "--type", "image"), _build, ("push",)),
)
"""In the order in which they are tried."""


def find_builder(name: str = "", *, push: bool = False) -> Builder:
    """A builder that can build now: the one of a name, or the first. BuildKit is one only for what is pushed.

    Raises `InvalidInput` for a name that none has, `FailedPrecondition` if none is ready.
    """
    named = [each for each in BUILDERS if not name or each.name == name]
    if not named:
        known = ", ".join(f"`{each.name}`" for each in BUILDERS)
        raise InvalidInput("UnknownBuilder", f"there is no builder `{name}`", fix=f"there are {known}")
    why = [] if push or not named[0].pushes else ["buildkit keeps no images here, add --push"]
    for each in named:
        if each.pushes and not push:
            continue
        if not shutil.which(each.program):
            why.append(f"{each.program} is not installed")
        elif said := _ask(each, each.is_ready):
            why.append(f"{each.name} is not ready: {said}")
        else:
            return each
    raise FailedPrecondition(
        "NoImageBuilder",
        f"nothing here can build images: {'; '.join(why)}",
        fix="install Podman, Buildah or Docker, or name an image that is there",
    )


def has_image(builder: Builder, name: str) -> bool:
    """True if the builder has an image of this name already."""
    return bool(builder.has) and not _ask(builder, (*builder.has, name), "it is not there")


def build_image(builder: Builder, name: str, folder: Path, *, platform: str) -> None:
    """Build an image of a folder with a Containerfile. Its output goes to that of this process.

    Raises `FailedPrecondition` code `ImageBuildFailed`.
    """
    _do(builder, builder.build(name, str(folder), platform), f"image `{name}`")


def push_image(builder: Builder, name: str) -> None:
    """Push an image, unless building it has. Raises as `build_image` does."""
    if builder.push:
        _do(builder, (*builder.push, name), f"the push of image `{name}`")


def _ask(builder: Builder, words: Sequence[str], otherwise: str = "") -> str:
    """The last line of what went wrong; empty if nothing did."""
    try:
        done = subprocess.run(
            [builder.program, *words], capture_output=True, text=True, check=False, timeout=ASK_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return f"it does not answer within {ASK_TIMEOUT_S} s"
    lines = done.stderr.strip().splitlines() or [otherwise or f"it ends with {done.returncode}"]
    return lines[-1] if done.returncode else ""


def _do(builder: Builder, words: Sequence[str], what: str) -> None:
    """Run a command whose output people see. Raises `FailedPrecondition`."""
    done = subprocess.run([builder.program, *words], stdin=subprocess.DEVNULL, stdout=2, check=False, env=os.environ)
    if done.returncode:
        raise FailedPrecondition(
            "ImageBuildFailed",
            f"{what}: `{builder.program} {words[0]}` ended with {done.returncode}",
            fix="its output above says why; `alula build --dry-run` shows the Containerfile",
        )
