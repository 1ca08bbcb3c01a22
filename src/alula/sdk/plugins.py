"""Entry points of installed packages, and tables of the objects that serve classes, which users extend too.

A class is recognised by its package and name, as in `pandas.DataFrame`, so that no library is imported to find out.
Entry points of installed packages are read when a class is met that nothing else serves.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, cast

from alula.sdk.mistake import mistake

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Made = TypeVar("Made")


class Served(NamedTuple, Generic[Made]):
    """The object that serves a class."""

    made: Made
    subclasses: bool
    """True if it also serves classes that inherit from this one."""


class Entries:
    """The entry points of a group, by name, read when they are first asked for."""

    def __init__(self, group: str) -> None:
        self._group = group

    def packages(self) -> dict[str, list[str]]:
        """The packages that have an entry point, by its name, in words."""
        return {name: sorted(map(_package, entries.values())) for name, entries in sorted(self._by_name.items())}

    def load(self, name: str) -> object | None:
        """The object of a name; None if no package has one.

        Raises `InvalidInput` code `PluginUnloadable` if it does not import, and `PluginConflict` if two packages have
        one.
        """
        entries = self._by_name.get(name)
        if not entries:
            return None
        if len(entries) > 1:
            listed = " and ".join(f"`{value}` of {_package(entry)}" for value, entry in sorted(entries.items()))
            raise mistake(
                "PluginConflict",
                f"`{name}` has several entry points in the group `{self._group}`: {listed}",
                fix="uninstall all but one of these packages",
            )
        (entry,) = entries.values()
        try:
            return cast("object", entry.load())
        except Exception as error:
            raise mistake(
                "PluginUnloadable",
                f"entry point `{name} = {entry.value}` of the group `{self._group}` ({_package(entry)}) does not load:"
                f" {type(error).__name__}: {error}",
                fix="install a version of the package that imports here, or uninstall it",
            ) from error

    @cached_property
    def _by_name(self) -> dict[str, dict[str, EntryPoint]]:
        """Entry points by name and by value: a package may be on the path twice."""
        from importlib.metadata import entry_points  # lazy: only what nothing else serves

        found: dict[str, dict[str, EntryPoint]] = {}
        for entry in entry_points(group=self._group):
            found.setdefault(entry.name, {})[entry.value] = entry
        return found


class Table(Generic[Made]):
    """Objects that serve a class, and with it those that inherit from it.

    Args:
        group: of the entry points, whose names are those of the classes.
        what: is registered, for errors: `a transformer`.
    """

    def __init__(self, group: str, what: str) -> None:
        self._entries = Entries(group)
        self._what = what
        self._registered: dict[str, Served[Made]] = {}

    def register(self, name: str, made: Made, *, subclasses: bool = True) -> None:
        """Let `made` serve the class `name`. Raises `InvalidInput` code `PluginConflict` if something does already."""
        if name in self._registered:
            raise mistake(
                "PluginConflict",
                f"`{name}` has {self._what} already",
                fix="register a class once, and under its own name",
            )
        self._registered[name] = Served(made, subclasses)

    def registered(self, type_: type) -> Made | None:
        """The object registered for a class, or for the nearest of those that it inherits from."""
        for base, name in _names(type_):
            served = self._registered.get(name)
            if served is not None and (base is type_ or served.subclasses):
                return served.made
        return None

    def installed(self, type_: type, *, subclasses: bool = True) -> Made | None:
        """The object that an installed package has for a class, or for one that it inherits from.

        Raises `InvalidInput` code `PluginUnloadable` if it does not import, and `PluginConflict` if two packages have
        something for the class.
        """
        for base, name in _names(type_):
            if base is type_ or subclasses:
                made = self._entries.load(name)
                if made is not None:
                    return cast("Made", made)
        return None


def _names(type_: type) -> Iterator[tuple[type, str]]:
    for base in type_.__mro__:
        yield base, f"{base.__module__.partition('.')[0]}.{base.__qualname__}"


def _package(entry: EntryPoint) -> str:
    return f"package `{entry.dist.name}`" if entry.dist is not None else "a package without a name"
