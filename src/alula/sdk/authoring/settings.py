"""Settings as authors give them, held to their types when they are given. None stands for a setting that is not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import cast

from alula.sdk.mistake import Location, mistake


def check_texts(*, at: Location, **settings: object) -> None:
    """Raise `InvalidInput` for a setting that is no text."""
    _check(settings, lambda value: isinstance(value, str), "a text", at)


def check_flags(*, at: Location, **settings: object) -> None:
    """Raise `InvalidInput` for a setting that is no bool."""
    _check(settings, lambda value: isinstance(value, bool), "True or False", at)


def check_counts(*, at: Location, **settings: object) -> None:
    """Raise `InvalidInput` for a setting that is no whole number from 0."""

    def is_count(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31

    _check(settings, is_count, "a whole number from 0", at)


def check_names(*, at: Location, **settings: object) -> None:
    """Raise `InvalidInput` for a setting that is no collection of texts."""

    def are_names(value: object) -> bool:
        return isinstance(value, Collection) and _all_texts(cast("Collection[object]", value))

    _check(settings, are_names, "a list of texts", at)


def check_by_name(*, at: Location, **settings: object) -> None:
    """Raise `InvalidInput` for a setting that is no mapping by texts."""

    def is_by_name(value: object) -> bool:
        return isinstance(value, Mapping) and _all_texts(cast("Collection[object]", value))

    _check(settings, is_by_name, "a dict by names", at)


def check_labels(*, at: Location, **settings: object) -> None:
    """Raise `InvalidInput` for a setting that is no mapping of texts to texts."""
    check_by_name(at=at, **settings)

    def are_texts(value: object) -> bool:
        return isinstance(value, Mapping) and _all_texts(cast("Mapping[object, object]", value).values())

    _check(settings, are_texts, "a dict of texts", at)


def _all_texts(values: Collection[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _check(settings: Mapping[str, object], fits: Callable[[object], bool], expected: str, at: Location) -> None:
    for name, value in settings.items():
        if value is not None and not fits(value):
            raise mistake("InvalidSetting", f"`{name}` is {value!r}, expected {expected}", at=at)
