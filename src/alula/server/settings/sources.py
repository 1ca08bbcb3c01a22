"""The sources of settings: a TOML file, the environment, options. Each gives values by path, with their origin."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from alula.core.errors import InvalidInput
from alula.server.settings.fields import VARIABLE_PREFIX, Field, fields_of
from alula.server.settings.schema import ADDING, OLD_NAMES, SHORT_VARIABLES, Settings

FIELDS: Mapping[str, Field] = {field.path: field for field in fields_of(Settings)}
SECTIONS = frozenset(path.rpartition(".")[0] for path in FIELDS) | {"executors"}
# `Any`: values of any type, before they are checked against those of the settings.
Table = Mapping[str, Any]


class Given(NamedTuple):
    """A value that somebody has set."""

    value: Any
    origin: str


class Source:
    """The settings from one source."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.given: dict[str, Given] = {}
        self.unknown: list[str] = []
        """Names that stand for nothing."""
        self.renamed: list[tuple[str, str]] = []
        """Old names that it uses, with the new ones."""

    def take(self, path: str, value: Any, origin: str) -> None:
        """Take a value. Two names may stand for one setting: lists add up, another value that is said twice is a
        mistake."""
        before = self.given.get(path)
        if before is not None and path in ADDING:
            value = (*before.value, *value)
        elif before is not None and before.value != value:
            raise bad(self.name, f"`{path}` is said twice, as {before.value!r} and as {value!r}")
        self.given[path] = Given(value, origin)


def from_file(path: Path) -> Source:
    """Raises `InvalidInput` code `BadSetting`."""
    try:
        table = tomllib.loads(path.read_text())
    except OSError as error:
        raise bad(str(path), f"the file can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise bad(str(path), f"not a TOML file: {error}") from error
    source = Source(str(path))
    for name, written, value in _flat(table, "", ""):
        if name not in FIELDS:
            source.unknown.append(written)
            continue
        if name != written:
            source.renamed.append((written, name))
        try:
            source.take(name, FIELDS[name].convert(value), source.name)
        except msgspec.ValidationError as error:
            raise bad(source.name, f"`{written}`: {error}") from error
    return source


def from_environment(environment: Mapping[str, str]) -> Source:
    """Raises `InvalidInput` code `BadSetting`. A systematic variable counts more than the short one."""
    source = Source("the environment")
    systematic = {field.variable: field.path for field in FIELDS.values()}
    source.unknown += [name for name in environment if name.startswith(VARIABLE_PREFIX) and name not in systematic]
    for name, path in {**SHORT_VARIABLES, **systematic}.items():
        text = environment.get(name, "")
        if text:
            try:
                source.given[path] = Given(FIELDS[path].parse(text), name)
            except (msgspec.ValidationError, msgspec.DecodeError) as error:
                raise bad(name, f"`{path}`: {error}") from error
    return source


def from_options(options: Mapping[str, Any]) -> Source:
    """Values by path, or by old name. Raises `InvalidInput` code `BadSetting`."""
    source = Source("the command line")
    for name, value in options.items():
        path = OLD_NAMES.get(name, name)
        try:
            source.take(path, FIELDS[path].convert(value), source.name)
        except msgspec.ValidationError as error:
            raise bad(source.name, f"`{path}`: {error}") from error
    return source


def _flat(table: Table, prefix: str, written: str) -> Iterator[tuple[str, str, Any]]:
    """Path as of now, path as written, and value, of each entry of a table and of those in it."""
    for key, value in table.items():
        path, name = prefix + key, written + key
        if path in OLD_NAMES and (path not in SECTIONS or not isinstance(value, dict)):
            path = OLD_NAMES[path]
        if path in SECTIONS and isinstance(value, dict):
            yield from _flat(value, f"{path}.", f"{name}.")  # pyright: ignore[reportUnknownArgumentType]
        else:
            yield path, name, value


def bad(source: str, what: str, *, fix: str = "") -> InvalidInput:
    return InvalidInput("BadSetting", f"{source}: {what}", fix=fix)
