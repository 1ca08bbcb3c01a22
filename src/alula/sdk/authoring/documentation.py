"""`Documentation`: the description of a task or workflow on the platform, where the docstring should not be it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from alula.sdk.absent_members import lacks_keywords
from alula.sdk.authoring.settings import check_texts
from alula.sdk.mistake import Location, mistake


class DescriptionFormat(Enum):
    """The markup of a description. The values are those of `admin.DescriptionFormat`."""

    UNKNOWN = 0
    MARKDOWN = 1
    HTML = 2
    RST = 3


class _DescriptionFields(NamedTuple):
    value: str | None = None
    uri: str | None = None
    icon_link: str | None = None
    format: DescriptionFormat = DescriptionFormat.RST


class Description(_DescriptionFields):  # apart from its fields, as `Secret` is
    """A long description."""

    __slots__ = ()
    DescriptionFormat = DescriptionFormat  # pyright: ignore[reportUnannotatedClassAttribute]  # flytekit's place of it


class SourceCode(NamedTuple):
    """The place of the code."""

    link: str | None = None


class Documentation(NamedTuple):
    """A description in parts: `@task(docs=Documentation(short_description="Trains a model"))`."""

    short_description: str | None = None
    long_description: Description | None = None
    source_code: SourceCode | None = None


for _each in (Description, SourceCode, Documentation):
    lacks_keywords(_each, {})


def checked_docs(docs: object, *, at: Location) -> Documentation | None:
    """The value of `docs`: a text is the short description. Raises `InvalidInput` for anything else."""
    if isinstance(docs, Documentation):
        check_texts(at=at, short_description=docs.short_description)
        return docs
    if docs is None or docs == "":
        return None
    if not isinstance(docs, str):
        raise mistake("InvalidSetting", f"`docs` is {docs!r}, expected a text or a `Documentation`", at=at)
    return Documentation(docs)
