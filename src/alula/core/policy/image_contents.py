"""What is to be in an image, as far as a Python environment can have it. Alula's client says so in the `config` of a
task; an executor without images makes an environment of it. Pure."""

from __future__ import annotations

import re

import msgspec
from flyteidl.core import tasks_pb2

from alula.core.errors import InvalidInput

KEY = "alula.image"
PYTHON = re.compile(r"3\.\d{1,2}(\.\d{1,2})?")


class ImageContents(msgspec.Struct, frozen=True, omit_defaults=True):
    """The contents of one image."""

    image: str
    """The name of the image, as the contents of another one say nothing about it."""
    python: str = ""
    """The version of Python, such as `3.12`; empty for any."""
    requirements: tuple[str, ...] = ()
    """Lines of a requirements file, without those that are for the machine of the client."""
    index: str = ""
    extra_indexes: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables of the image."""
    beyond: tuple[str, ...] = ()
    """The parts that a Python environment can't have: packages of the system, and the like."""


def text_of(contents: ImageContents) -> str:
    """The contents as the task's `config` has them."""
    return msgspec.json.encode(contents).decode()


def key_of(image: str) -> str:
    """The key for the contents of an image that a node gives to the task."""
    return f"{KEY}:{image}"


def text_in(task: tasks_pb2.TaskTemplate, image: str) -> str:
    """The contents of an image that a node gives to a task, or else of the task's own, as the task tells of them. Empty
    if it tells of none."""
    return task.config.get(key_of(image)) or task.config.get(KEY, "")


def contents_of(text: str) -> ImageContents:
    """Raises `InvalidInput` for a text that does not say what is in an image."""
    try:
        contents = msgspec.json.decode(text, type=ImageContents)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InvalidInput(
            "BadImageContents", f"`{KEY}` of the task can't be read: {error}", fix="register the task anew"
        ) from error
    if contents.python and not PYTHON.fullmatch(contents.python):
        raise InvalidInput("BadImageContents", f"{contents.python!r} is no version of Python", fix="write `3.12`")
    if bad := unfit(contents.requirements):
        raise InvalidInput("BadImageContents", f"{bad!r} can't be a requirement", fix=UNFIT_FIX)
    return contents


UNFIT_FIX = "name packages and versions; indexes are arguments of the ImageSpec"


def unfit(requirements: tuple[str, ...]) -> str:
    """The first line that reads another file, or sets an option, which is for the machine on which it stands; empty
    if there is none. Digests are fine.

    >>> unfit(("numpy>=2", "torch==2.6 --hash=sha256:0f", "-r more.txt"))
    '-r more.txt'
    """
    for line in requirements:
        words = line.split()
        if words and words[0].startswith("-") and not words[0].startswith("--hash="):
            return line
    return ""
