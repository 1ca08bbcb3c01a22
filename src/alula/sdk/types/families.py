"""Families of types: the table from a class to the transformer of its values, which users extend.

A class is recognised by its package and name, as in `pandas.DataFrame`, so that no library is imported to find out.
Other packages add families by `register_type`, or by an entry point of the group `alula.types` whose name is that of
the class. Entry points are read when a type is met that nothing else knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from alula.sdk.types.transformer import Transformer, UnsupportedType

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "alula.types"
Make: TypeAlias = Callable[[type, tuple[object, ...]], Transformer]
"""Takes the class and the arguments in its brackets. Raises `UnsupportedType`."""


class Family(NamedTuple):
    """The transformer of a class."""

    make: Make
    subclasses: bool = True
    """Whether it serves classes that inherit from this one."""


_families: dict[str, Family] = {}


def register_type(name: str, make: Make, *, subclasses: bool = True) -> None:
    """Let `make` give the transformer of the class `name`, before a task or workflow uses it.

    Args:
        name: package and class, as `polars.DataFrame`: the modules between them do not count.
        make: takes the class and the arguments in its brackets, gives a `Transformer`.
        subclasses: whether it also serves classes that inherit from this one.

    Raises `ValueError` if the class has a transformer already.
    """
    if name in _families:
        raise ValueError(f"{name} has a transformer already; register a class once, and under its own name")
    _families[name] = Family(make, subclasses)


def family_of(type_: type) -> Make | None:
    """The family that a class was registered for, or the nearest of those that it inherits from."""
    for base, name in _names(type_):
        family = _families.get(name)
        if family is not None and (base is type_ or family.subclasses):
            return family.make
    return None


def installed_family_of(type_: type) -> Make | None:
    """The family that an installed package has for a class. Raises `UnsupportedType` if it does not load."""
    for _, name in _names(type_):
        entry = _entry_points().get(name)
        if entry is not None:
            try:
                return entry.load()
            except Exception as error:
                raise UnsupportedType(
                    f"entry point `{name} = {entry.value}` of the group `{GROUP}` does not load: {error}"
                ) from error
    return None


def _names(type_: type) -> Iterator[tuple[type, str]]:
    for base in type_.__mro__:
        yield base, f"{base.__module__.partition('.')[0]}.{base.__qualname__}"


@cache
def _entry_points() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # lazy: only a type that nothing else knows

    return {entry.name: entry for entry in entry_points(group=GROUP)}
