"""Errors of pydantic itself, told as the SDK's: promises in the constructor of a model, and types in its fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from alula.sdk.authoring.promise import promises_in
from alula.sdk.mistake import Location, mistake

_TYPE_IN_TEXT = re.compile(r"schema for (?:<class ')?([\w.<>\[\], ]+?)'?>?\. ")

if TYPE_CHECKING:
    from pydantic import ValidationError

    from alula.core.errors import InvalidInput


def promise_in_model(error: Exception) -> InvalidInput | None:
    """The error to raise in place of that of a model that was given a promise; None for any other error."""
    if not type(error).__module__.startswith("pydantic_core"):  # by name: pydantic may be absent and is slow to load
        return None
    refused = cast("ValidationError", error)
    given = (each["input"] for each in refused.errors(include_url=False, include_context=False))
    promise = next((promise for value in given for promise in promises_in(value)), None)
    if promise is None:
        return None
    return mistake(
        "PromiseUsedAsValue",
        f"a {refused.title} is given {promise!r}, but a model is made of values",
        at=_raised_at(error),
        fix=f"make the {refused.title} in a task, which gets the values",
    )


def type_in_model(error: BaseException) -> InvalidInput | None:
    """The error to raise in place of that of a model with a field of a type unknown to pydantic; None for any other."""
    if type(error).__name__ != "PydanticSchemaGenerationError":
        return None
    from alula.sdk.types.pydantic_schema import without_form  # lazy: pydantic is there, as it has raised

    named = _TYPE_IN_TEXT.search(str(error))
    return mistake(
        "UnsupportedType", without_form("a field of this model", named[1] if named else "class"), at=_raised_at(error)
    )


def _raised_at(error: BaseException) -> Location:
    """The author's line that made the model."""
    import traceback  # lazy: it loads a tokenizer, which each fork would pay for

    frames = [
        (frame.f_globals.get("__name__", ""), frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    authors = [Location(file, line) for name, file, line in frames if name.partition(".")[0] != "pydantic"]
    return authors[-1]
