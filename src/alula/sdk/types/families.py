"""Families of types: the table from a class to the transformer of its values, which users extend.

Other packages add families by `register_type`, or by an entry point of the group `alula.types` whose name is that of
the class.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from alula.sdk.plugins import Table
from alula.sdk.types.transformer import Transformer

Make: TypeAlias = Callable[[type, tuple[object, ...]], Transformer]
"""Takes the class and the arguments in its brackets. Raises `UnsupportedType`."""
FAMILIES: Table[Make] = Table("alula.types", "a transformer")


def register_type(name: str, make: Make, *, subclasses: bool = True) -> None:
    """Let `make` give the transformer of the class `name`, before a task or workflow uses it.

    Args:
        name: package and class, as `polars.DataFrame`: the modules between them do not count.
        make: takes the class and the arguments in its brackets, gives a `Transformer`.
        subclasses: whether it also serves classes that inherit from this one.

    Raises `InvalidInput` if the class has a transformer already.
    """
    FAMILIES.register(name, make, subclasses=subclasses)
