"""`Options`: settings of runs, which launch plans and single launches share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from alula.sdk.absent_members import lacks_keywords, lacks_members
from alula.sdk.authoring.notifications import Notification, checked_notifications
from alula.sdk.authoring.settings import check_counts, check_flags, check_labels, check_texts
from alula.sdk.mistake import Location, mistake


class Labels(dict[str, str]):
    """Labels of runs. A dict does as well."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        super().__init__(values or {})


class Annotations(dict[str, str]):
    """Annotations of runs. A dict does as well."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        super().__init__(values or {})


class RawOutputDataConfig(NamedTuple):
    """The place of the files of outputs."""

    output_location_prefix: str


class Options(NamedTuple):
    """Settings of the runs of a launch plan: `@workflow(default_options=Options(max_parallelism=4))`."""

    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None
    raw_output_data_config: RawOutputDataConfig | None = None
    max_parallelism: int | None = None
    notifications: Sequence[Notification] | None = None
    overwrite_cache: bool | None = None


_ABSENT = {
    "security_context": "runs have the rights of the principal that launches them",
    "disable_notifications": "make a launch plan without notifications",
}
lacks_keywords(Options, _ABSENT)
lacks_members(Options, {**_ABSENT, "default_from": "write `Options(raw_output_data_config=...)`"})


def checked_options(options: object, *, at: Location) -> Options:
    """The value of `default_options`. Raises `InvalidInput` for anything else."""
    if options is None:
        return Options()
    if not isinstance(options, Options):
        raise mistake("InvalidSetting", f"`default_options` is {options!r}, expected `Options`", at=at)
    check_labels(at=at, labels=options.labels, annotations=options.annotations)
    check_counts(at=at, max_parallelism=options.max_parallelism)
    check_flags(at=at, overwrite_cache=options.overwrite_cache)
    raw_data_prefix(options.raw_output_data_config, at=at)
    checked_notifications(options.notifications, at=at)
    return options


def raw_data_prefix(config: object, *, at: Location) -> str:
    """The prefix in a `raw_output_data_config`, empty without one. Raises `InvalidInput` for anything else."""
    if config is None:
        return ""
    if not isinstance(config, RawOutputDataConfig):
        why = f"`raw_output_data_config` is {config!r}, expected `RawOutputDataConfig`"
        raise mistake("InvalidSetting", why, at=at)
    check_texts(at=at, output_location_prefix=config.output_location_prefix)
    return config.output_location_prefix
