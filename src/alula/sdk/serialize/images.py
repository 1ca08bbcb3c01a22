"""What an `ImageSpec` says is in an image, as an executor without images can use it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence

from alula.core.policy.image_contents import UNFIT_FIX, ImageContents, unfit
from alula.sdk.authoring.image_spec import ImageSpec
from alula.sdk.mistake import Location, mistake

_BEYOND = (
    *("apt_packages", "conda_packages", "conda_channels", "cuda", "cudnn", "commands", "copy", "pip_extra_args"),
    *("platform", "python_exec"),
)
"""The parts that only an image can have."""
_FLYTEKIT_BASE = re.compile(r"flyteorg/flytekit:py(3\.\d+)-")
IMAGE_ID = "_F_IMG_ID"
"""The variable by which `ImageSpec.is_container` knows its image."""


def image_contents(spec: ImageSpec, *, at: Location) -> ImageContents:
    """The contents of an image and of those that it is based on. Raises `InvalidInput` for a file of requirements
    that can't be read."""
    base = spec.base_image
    of_base = image_contents(base, at=at) if isinstance(base, ImageSpec) else _of_name(base or "")
    beyond = [name for name in _BEYOND if getattr(spec, name)]
    lines = own_requirements(spec, at=at)
    variables = {**dict(of_base.variables), **(spec.env or {}), IMAGE_ID: spec.digest}
    return ImageContents(
        spec.image_name(),
        python=spec.python_version or of_base.python,
        requirements=(*of_base.requirements, *lines),
        index=spec.pip_index or of_base.index,
        extra_indexes=(*of_base.extra_indexes, *(spec.pip_extra_index_url or ())),
        variables=tuple(variables.items()),
        beyond=tuple(dict.fromkeys((*of_base.beyond, *beyond))),
    )


def own_requirements(spec: ImageSpec, *, at: Location) -> list[str]:
    """Lines of a requirements file for what an image adds to the one that it is based on. Raises as `image_contents`
    does."""
    lines = [*_lines(spec.requirements, at=at), *(spec.packages or ()), *(spec.runtime_packages or ())]
    if bad := unfit(tuple(lines)):
        raise mistake("InvalidImage", f"{bad!r} of the ImageSpec can't be a requirement", at=at, fix=UNFIT_FIX)
    return lines


def _of_name(name: str) -> ImageContents:
    """The contents of an image that is there: flytekit's have a Python, and what is in others is not known."""
    match = _FLYTEKIT_BASE.search(name)
    if match or not name:
        return ImageContents(name, python=match[1] if match else "")
    return ImageContents(name, beyond=("base_image",))


def _lines(path: str | None, *, at: Location) -> Sequence[str]:
    """The requirements in a file: of pip, of a project, or the locked ones of uv."""
    if path is None:
        return ()
    name = os.path.basename(path)
    if name == "poetry.lock":
        raise mistake(
            "InvalidImage",
            f"{path} of the ImageSpec is a file of Poetry, which only Poetry reads",
            at=at,
            fix="write the requirements by `poetry export -o requirements.txt`, and name that file",
        )
    if name == "uv.lock":
        return _requirements(_locked(path, at=at))
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if name != "pyproject.toml":
        return _requirements(text)
    try:
        return tomllib.loads(text).get("project", {}).get("dependencies", [])
    except tomllib.TOMLDecodeError as error:
        raise mistake("InvalidImage", f"{path} of the ImageSpec can't be read: {error}", at=at) from error


def _requirements(text: str) -> list[str]:
    """The lines that say something, each whole.

    >>> _requirements("# ours\\nnumpy>=2  # fast\\ntorch==2.6 \\\\\\n  --hash=sha256:0f\\n")
    ['numpy>=2', 'torch==2.6 --hash=sha256:0f']
    """
    lines = (re.sub(r"(^|\s)#.*", "", line).split() for line in text.replace("\\\n", " ").splitlines())
    return [" ".join(words) for words in lines if words]


def _locked(path: str, *, at: Location) -> str:
    command = [
        sys.executable,
        "-m",
        "uv",
        "export",
        "--frozen",
        "--quiet",
        "--no-dev",
        "--no-emit-project",
        "--project",
    ]
    done = subprocess.run([*command, os.path.dirname(path) or "."], capture_output=True, text=True, check=False)
    if done.returncode:
        raise mistake("InvalidImage", f"{path} of the ImageSpec can't be read by uv: {done.stderr.strip()}", at=at)
    return done.stdout
