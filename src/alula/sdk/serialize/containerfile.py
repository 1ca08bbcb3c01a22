"""The way to build the image of an `ImageSpec`: a Containerfile and the files beside it. Builds nothing."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from alula.sdk.authoring.image_spec import ImageSpec
from alula.sdk.mistake import Location, mistake
from alula.sdk.serialize.images import IMAGE_ID, own_requirements
from alula.version import __version__

REQUIREMENTS = "alula-requirements.txt"
HOME = "/root"
"""The folder below which copied files are, as in images of flytekit."""
_UNBUILDABLE = dict.fromkeys(
    ("cuda", "cudnn"),
    "packages of PyPI bring their own CUDA, and those of conda have it in the channel `nvidia`; for other programs take"
    " a `base_image` with it, such as `docker.io/nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04`",
)
"""The parts that are not built here, with the way out."""
_MICROMAMBA = "docker.io/mambaorg/micromamba:2.0.3-debian12-slim"
"""The image that flytekit takes the program from, too."""
_CONDA = "/opt/micromamba"
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ImageRecipe(NamedTuple):
    """An image that can be built."""

    name: str
    containerfile: str
    requirements: str
    """The content of `REQUIREMENTS`; empty if nothing reads it."""
    copied: tuple[str, ...]
    """Paths of files and folders, from the working directory, that are to be in the image."""
    platform: str
    builder: str
    """The way that the author wants it built; empty for any."""


def image_recipes(spec: ImageSpec, *, at: Location) -> list[ImageRecipe]:
    """The image, after those that it is based on. Raises `InvalidInput` for a part that is not built here."""
    base = spec.base_image
    below = image_recipes(base, at=at) if isinstance(base, ImageSpec) else []
    return [*below, _recipe(spec, at=at)]


def _recipe(spec: ImageSpec, *, at: Location) -> ImageRecipe:
    for part, fix in _UNBUILDABLE.items():
        if getattr(spec, part):
            raise mistake("ImageNotBuildable", f"`{part}` of the ImageSpec is not built here", at=at, fix=fix)
    copied = tuple(_copied(path, at=at) for path in spec.copy or ())
    requirements = own_requirements(spec, at=at)
    lines = [*_from(spec, at=at), *_lines(spec, copied, has_requirements=bool(requirements), at=at)]
    return ImageRecipe(
        spec.image_name(),
        "".join(f"{line}\n" for line in lines),
        "".join(f"{line}\n" for line in requirements),
        copied,
        spec.platform or "",
        spec.builder or "",
    )


def _from(spec: ImageSpec, *, at: Location) -> Iterator[str]:
    """The image that this one begins with, with a Python of conda if it is wanted."""
    if not spec.has_conda:
        yield f"FROM {_base(spec)}"
        return
    if spec.python_exec:
        why = f"`python_exec` of the ImageSpec is {spec.python_exec!r}, and conda brings a Python of its own"
        raise mistake("ImageNotBuildable", why, at=at, fix="leave it out, or the packages of conda")
    yield f"FROM {_MICROMAMBA} AS micromamba"
    yield f"FROM {_base(spec)}"
    yield "USER 0"
    yield "COPY --from=micromamba /usr/bin/micromamba /usr/bin/micromamba"
    yield f"COPY --from=micromamba {_CERTIFICATES} /tmp/ca-certificates.crt"
    yield _run(f"[ -e {_CERTIFICATES} ] || install -D -m 644 /tmp/ca-certificates.crt {_CERTIFICATES}")
    channels = [word for each in ("conda-forge", *(spec.conda_channels or ())) for word in ("-c", each)]
    words = shlex.join([*channels, f"python={spec.python}", "pip", *(spec.conda_packages or ())])
    yield _run(f"micromamba create -y -n runtime --root-prefix {_CONDA} {words} && micromamba clean -y --all")
    yield f'ENV PATH="{_CONDA}/envs/runtime/bin:$PATH"'


def _base(spec: ImageSpec) -> str:
    if isinstance(spec.base_image, ImageSpec):
        return spec.base_image.image_name()
    return spec.base_image or f"docker.io/library/python:{spec.python}-slim"


def _lines(spec: ImageSpec, copied: tuple[str, ...], *, has_requirements: bool, at: Location) -> Iterator[str]:
    python = spec.python_exec or "python3"
    if spec.python_version and spec.base_image and not spec.has_conda:
        yield _run(f'{python} --version | grep -F "Python {spec.python_version}"')
    if spec.apt_packages or has_requirements:
        yield "USER 0"  # the base may be for one that may install nothing, as Alula's own for tasks is
    if spec.apt_packages:
        names = shlex.join(spec.apt_packages)
        yield _run(
            f"apt-get update && apt-get install -y --no-install-recommends {names} && rm -rf /var/lib/apt/lists/*"
        )
    install = f"{python} -m pip install --no-cache-dir"
    if has_requirements:
        options = [f"--index-url={spec.pip_index}"] * bool(spec.pip_index)
        options += [f"--extra-index-url={each}" for each in spec.pip_extra_index_url or ()]
        words = f"{shlex.join(options)} {spec.pip_extra_args or ''}".strip()
        yield _run(f"{python} -m pip --version || {python} -m ensurepip")
        yield f"COPY {REQUIREMENTS} /tmp/{REQUIREMENTS}"
        yield _run(f"{install} {words} -r /tmp/{REQUIREMENTS}".replace("  ", " "))
    # By what is in the image, not by who uses it: the same image is that of a task in another language.
    own = f"{python} -c 'import alula' || {install} alula=={__version__}"
    yield _run(f"if command -v {python} > /dev/null; then {own}; fi")
    for name, value in ((IMAGE_ID, spec.digest), *(spec.env or {}).items()):
        yield f"ENV {_variable(name, value, at=at)}"
    for path in copied:
        yield f"COPY {json.dumps([path, f'{HOME}/{path}'])}"
    for command in spec.commands or ():
        yield _run(command)
    if spec.entrypoint is not None:
        yield f"ENTRYPOINT {json.dumps(list(spec.entrypoint))}"


def _run(command: str) -> str:
    return f"RUN {json.dumps(['/bin/sh', '-c', command])}"


def _variable(name: str, value: str, *, at: Location) -> str:
    r"""A variable, in quotes.

    >>> print(_variable("A", 'of "$HOME"', at=Location("f", 1)))
    A="of \"\$HOME\""
    """
    if not _VARIABLE.fullmatch(name) or "\n" in value:
        why = f"variable {name!r} of the ImageSpec can't stand in a Containerfile"
        raise mistake("ImageNotBuildable", why, at=at, fix="use letters, digits and `_`, and one line of text")
    quoted = re.sub(r'([\\"$])', r"\\\1", value)
    return f'{name}="{quoted}"'


def _copied(path: str, *, at: Location) -> str:
    normal = os.path.normpath(path)
    if os.path.isabs(path) or normal == ".." or normal.startswith("../"):
        why = f"`copy` of the ImageSpec has {path!r}, which is not below the working directory"
        raise mistake("ImageNotBuildable", why, at=at, fix="build from a folder that has all that is copied")
    return normal
