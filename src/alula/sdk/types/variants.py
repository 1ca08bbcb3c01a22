"""The name of a union's variant in a plain value that would otherwise be taken for another variant.

A dataclass or model has the key `$variant` beside its fields, so that they can still be picked; anything else is the
`$value` beside that key.
"""

from __future__ import annotations

from typing import cast

VARIANT, VALUE = "$variant", "$value"


def tagged(plain: object, variant: str, *, has_fields: bool) -> object:
    """The plain value with the name of its variant; `has_fields` says that it is of a dataclass or model."""
    if has_fields and isinstance(plain, dict):
        return {**cast("dict[object, object]", plain), VARIANT: variant}
    return {VARIANT: variant, VALUE: plain}


def is_tagged(plain: object) -> bool:
    """True if a plain value names its variant."""
    return isinstance(plain, dict) and isinstance(cast("dict[object, object]", plain).get(VARIANT), str)


def untagged(plain: object) -> object:
    """The plain value without the name of its variant, if it has one."""
    if not is_tagged(plain):
        return plain
    fields = cast("dict[object, object]", plain)
    if fields.keys() == {VARIANT, VALUE}:
        return fields[VALUE]
    return {name: value for name, value in fields.items() if name != VARIANT}
