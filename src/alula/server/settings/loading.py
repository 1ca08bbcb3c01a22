"""The settings that come of all sources. The later wins: defaults, a TOML file (`--settings`, `ALULA_SETTINGS`, or
`settings.toml` in the data folder), the environment, options.

Every mistake is one error that names its source and the setting; all unknown names are one error together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from alula.core.errors import InvalidInput
from alula.server.secret import resolved
from alula.server.settings.fields import build, problems_of
from alula.server.settings.schema import ADDING, DEFAULT_DATA, OLD_NAMES, Settings
from alula.server.settings.sources import (
    FIELDS,
    SECTIONS,
    Given,
    Source,
    bad,
    from_environment,
    from_file,
    from_options,
)

FILE_NAME = "settings.toml"


class Loaded(NamedTuple):
    """The settings and their story."""

    settings: Settings
    given: Mapping[str, Given]
    """The settings that were given, by path: secrets as they were given."""
    renamed: Sequence[str]
    """Notes on old names."""


def load_settings(options: Mapping[str, Any], environment: Mapping[str, str], *, file: str | None = None) -> Settings:
    """The settings from all sources; raises as `load`."""
    return load(options, environment, file=file).settings


def load(options: Mapping[str, Any], environment: Mapping[str, str], *, file: str | None = None) -> Loaded:
    """`file` is that of `--settings`. Raises `InvalidInput` code `BadSetting`."""
    environment_says, options_say = from_environment(environment), from_options(options)
    named = file or environment.get("ALULA_SETTINGS")
    data = {**environment_says.given, **options_say.given}.get("data", Given(DEFAULT_DATA, ""))
    path = Path(named or Path(str(data.value), FILE_NAME)).expanduser()
    file_says = from_file(path) if named or path.exists() else Source(str(path))
    if not named and "data" in file_says.given:
        raise bad(str(path), "`data` can't be set in a file of the data folder itself")
    sources = file_says, environment_says, options_say
    unknown = [(source.name, name) for source in sources for name in source.unknown]
    if unknown:
        raise _unknown(unknown)
    given: dict[str, Given] = {}
    for source in sources:
        for name, one in source.given.items():
            before = given.get(name)
            if before is not None and name in ADDING:
                one = Given((*one.value, *before.value), f"{one.origin}, {before.origin}")
            given[name] = one
    settings = build(Settings, {name: _value(name, one, environment) for name, one in given.items()})
    for name, problem in problems_of(settings):
        origin = given[name].origin if name in given else "the defaults"
        raise bad(origin, f"`{name}` {problem}")
    renamed = [f"{source.name}: `{old}` is now `{new}`" for source in sources for old, new in source.renamed]
    return Loaded(settings, given, renamed)


def data_folder(option: str | None, environment: Mapping[str, str]) -> Path:
    """The data folder that a command is about, as an absolute path."""
    return Path(option or environment.get("ALULA_DATA") or DEFAULT_DATA).expanduser().resolve()


def _value(name: str, given: Given, environment: Mapping[str, str]) -> Any:
    if not FIELDS[name].is_secret:
        return given.value
    try:
        return resolved(given.value, environment)
    except LookupError as error:
        raise bad(given.origin, f"`{name}`: {error.args[0]}") from error


def _unknown(names: Sequence[tuple[str, str]]) -> InvalidInput:
    """One error for all names that stand for nothing."""
    told = "; ".join(f"{source}: there is no setting `{name}`" for source, name in names)
    known = {**{path: path for path in (*FIELDS, *SECTIONS)}, **OLD_NAMES}
    known |= {field.variable: field.variable for field in FIELDS.values()}
    known |= {path.rpartition(".")[2]: path for path in FIELDS}
    import difflib  # lazy: only for an error

    close = {name: difflib.get_close_matches(name, known, n=1) for _, name in names}
    meant = [f"`{known[found[0]]}` for `{name}`" for name, found in close.items() if found]
    fix = f"did you mean {', '.join(meant)}?" if meant else "`alula up --show-settings` shows all"
    return InvalidInput("BadSetting", told, fix=fix)
