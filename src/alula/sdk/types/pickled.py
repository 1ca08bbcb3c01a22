"""The pickled parts of a type, read off its form on the wire: of what flytekit registered, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from flyteidl.core.interface_pb2 import VariableMap
from flyteidl.core.types_pb2 import LiteralType

PICKLE: Final = "PythonPickle"
"""The format of pickled values, as flytekit names it."""
_CLASS = re.compile(r"<class '(.+)'>")


class Pickled(NamedTuple):
    """A value that is pickled, or a part of one."""

    where: str
    """`lock`, the items of lists and dicts as `locks[]`, fields as `settings.lock`."""
    of: str
    """The class; empty if the type does not name it."""


def pickled_in(variables: VariableMap) -> list[Pickled]:
    """Those of some inputs or outputs, in the order of their names."""
    return [found for name, each in sorted(variables.variables.items()) for found in pickled_parts(each.type, name)]


def pickled_parts(type_: LiteralType, where: str) -> Iterator[Pickled]:
    """Those of one value, which is called `where`."""
    match type_.WhichOneof("type"):
        case "blob" if type_.blob.format == PICKLE:
            yield Pickled(where, _class_of(type_))
        case "collection_type":
            yield from pickled_parts(type_.collection_type, f"{where}[]")
        case "map_value_type":
            yield from pickled_parts(type_.map_value_type, f"{where}[]")
        case "union_type":
            for variant in type_.union_type.variants:
                yield from pickled_parts(variant, where)
        case _:
            for name, field in sorted(type_.structure.dataclass_type.items()):
                yield from pickled_parts(field, f"{where}.{name}")


def _class_of(type_: LiteralType) -> str:
    """`flow.Lock` of `<class 'flow.Lock'>`, as flytekit writes it too."""
    named = type_.metadata.fields["python_class_name"].string_value if type_.HasField("metadata") else ""
    found = _CLASS.fullmatch(named)
    return found[1] if found else named
