"""The way to make a Python environment for an image: from a name that says what is in it (flytekit's default images),
or from the contents that the client has told. Pure, but for what it asks of the installed Alula.
"""

from __future__ import annotations

import functools
import hashlib
import json
import platform
import re
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, distribution, requires
from typing import NamedTuple

from alula.core.errors import InvalidInput
from alula.core.policy.image_contents import ImageContents, contents_of
from alula.server.executors.checking import check_variables

FLYTEKIT_IMAGE = re.compile(
    r"^(?:cr\.flyte\.org|ghcr\.io)/flyteorg/flytekit:py(?P<python>3\.\d+)-v?(?P<flytekit>[\w.+-]+)$"
)
OWN = "alula"
SHOWN_PACKAGES = 5


class Recipe(NamedTuple):
    """What an environment is made of."""

    name: str
    """The name of its folder. Equal recipes have equal names."""
    python: str
    """The version."""
    interpreter: str
    """A version that uv is to find, or the path of a Python."""
    packages: tuple[str, ...]
    """Lines of a requirements file."""
    constraints: tuple[str, ...] = ()
    """Versions that packages may have, if they are there."""
    options: tuple[str, ...] = ()
    """Options of `uv pip install`."""
    beside: str = ""
    """A folder with packages of another environment that are there too, after its own."""

    def __str__(self) -> str:
        shown = ", ".join(self.packages[:SHOWN_PACKAGES])
        more = len(self.packages) - SHOWN_PACKAGES
        return f"Python {self.python} with {shown or 'no packages'}" + (f" and {more} more" if more > 0 else "")


def recipe_of_name(image: str) -> Recipe | None:
    """For one of flytekit's default images; None for any other name."""
    match = FLYTEKIT_IMAGE.match(image)
    if match is None:
        return None
    version = match["flytekit"]
    package = "flytekit" if version == "latest" else f"flytekit=={version}"
    return Recipe(f"py{match['python']}-flytekit-{version}", match["python"], match["python"], (package,))


def recipe_of_told(image: str, text: str) -> tuple[Recipe, ImageContents] | None:
    """For an image of this name whose contents a task tells; None if they are those of another one. Raises
    `InvalidInput` as `recipe_of_contents`."""
    return recipe_of_contents(text) if contents_of(text).image == image else None


@functools.lru_cache(maxsize=1000)
def recipe_of_contents(text: str) -> tuple[Recipe, ImageContents]:
    """For an image whose contents are told. Raises `InvalidInput` if no environment can have them.

    Alula itself and what it needs come from the platform's own Python, if that has the same version; else they are
    installed.
    """
    contents = contents_of(text)
    if contents.beyond:
        raise InvalidInput(
            "ImageNeedsContainer",
            f"image {contents.image!r} has {', '.join(f'`{each}`' for each in contents.beyond)}, which no Python "
            "environment can have",
            fix="build the image and run the task on an executor with containers (`alula up --executor container`), or "
            "map the image to an environment that has it: `alula up --environment 'IMAGE=FOLDER'`",
        )
    check_variables(dict(contents.variables))
    here = sysconfig.get_python_version()
    is_own = contents.python in ("", here, platform.python_version())
    python = here if is_own else contents.python
    options = [f"--index-url={contents.index}"] * bool(contents.index)
    options += [f"--extra-index-url={each}" for each in contents.extra_indexes]
    if is_own:
        needed = tuple(each for each in requires(OWN) or () if "extra ==" not in each)
        own, constraints, beside, interpreter = (), needed, sysconfig.get_path("purelib"), sys.executable
    else:
        own, constraints, beside, interpreter = (own_requirement(),), (), "", python
    recipe = Recipe("", python, interpreter, (*contents.requirements, *own), constraints, tuple(options), beside)
    digest = hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:20]
    return recipe._replace(name=f"py{python}-{digest}"), contents


def own_requirement() -> str:
    """The requirement by which another environment gets the Alula that runs here."""
    try:
        own = distribution(OWN)
    except PackageNotFoundError:
        return OWN
    told = json.loads(own.read_text("direct_url.json") or "{}")
    url = told.get("url", "")
    if not url:
        return f"{OWN}=={own.version}"
    return f"-e {url}" if told.get("dir_info", {}).get("editable") else f"{OWN} @ {url}"
