"""Reading of JSON and YAML that a user wrote, into plain data of a bounded depth."""

from __future__ import annotations

import json
from typing import Any, cast

DEPTH_MAX = 200
"""Levels of lists and objects inside each other: the code that reads them goes down by recursion."""


class NotReadableError(ValueError):
    """The text is no document; says why in one line."""


def read_document(text: str, *, only_json: bool = False) -> Any:
    """JSON, or YAML where it is not JSON. Raises `NotReadableError`."""
    try:
        document = _parsed(text, only_json=only_json)
    except RecursionError as error:
        raise _too_deep() from error
    if _is_too_deep(document):
        raise _too_deep()
    return document


def _parsed(text: str, *, only_json: bool) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        if only_json:
            raise NotReadableError(f"is no JSON: {error}") from error
    import yaml  # lazy: most values are JSON

    from alula.cli.yaml_core import CoreLoader  # lazy: as above

    try:
        return yaml.load(text, Loader=CoreLoader)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: an explicit tag on what is none
        raise NotReadableError(f"is neither JSON nor YAML: {' '.join(str(error).split())}") from error


def _is_too_deep(document: Any) -> bool:
    """Level by level, each list and object once a level: YAML can have one hold itself, or another many times."""
    level: list[Any] = [document]
    for _ in range(DEPTH_MAX + 1):
        level = list({id(inner): inner for outer in level for inner in _containers_in(outer)}.values())
        if not level:
            return False
    return True


def _containers_in(value: Any) -> list[Any]:
    held = cast("dict[Any, Any]", value).values() if isinstance(value, dict) else value
    return [inner for inner in held if isinstance(inner, list | dict)] if isinstance(value, list | dict) else []


def _too_deep() -> NotReadableError:
    return NotReadableError(f"has more than {DEPTH_MAX} lists and objects inside each other")
