"""Values that are pickled: which of them an author's entities have, and their refusal in strict mode.

`ALULA_STRICT=1` has all that is serialized checked, for a platform or for a local run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from flyteidl.core.interface_pb2 import TypedInterface

from alula.sdk.mistake import Location, mistake
from alula.sdk.types.pickled import Pickled, pickled_in

if TYPE_CHECKING:
    from alula.sdk.authoring.interface import InterfaceView

_STRICT = "ALULA_STRICT"


class Pickles(NamedTuple):
    """The inputs and outputs of one entity that are pickled."""

    entity: str
    """As `task `f``."""
    at: Location
    by_setting: bool
    """True where `pickle_untyped` says so, not the types."""
    inputs: list[Pickled]
    outputs: list[Pickled]


def be_strict() -> None:
    """Have this process, and those that it starts, refuse what is pickled."""
    os.environ[_STRICT] = "1"


def is_strict() -> bool:
    """True if what is pickled is to be refused."""
    return os.environ.get(_STRICT, "") not in ("", "0")


def pickles_of(interface: InterfaceView, written: TypedInterface, *, by_setting: bool) -> Iterator[Pickles]:
    """Those of one entity, declared and written, if there are any."""
    inputs, outputs = pickled_in(written.inputs), pickled_in(written.outputs)
    if inputs or outputs:
        yield Pickles(f"{interface.kind} `{interface.name}`", interface.location, by_setting, inputs, outputs)


def refuse_pickles(found: Iterable[Pickles]) -> None:
    """Raise `InvalidInput` that names each place, if there is one."""
    told = [(each.at, _told(each)) for each in found]
    if not told:
        return
    (at, first), *others = told
    raise mistake(
        "PickledInStrictMode",
        "\n".join([f"{first}, which strict mode refuses", *(f"{where}: {text}" for where, text in others)]),
        at=at,
        fix="use a type with a form on the wire: a dataclass, a pydantic model, or a FlyteFile to which the task writes"
        " the value; or go without `--strict` and `ALULA_STRICT`",
    )


def _told(pickles: Pickles) -> str:
    kinds = (("input", pickles.inputs), ("output", pickles.outputs))
    parts = [f"{kind} {_named(some)}" for kind, some in kinds if some]
    return f"{pickles.entity} pickles {' and '.join(parts)}"


def _named(some: list[Pickled]) -> str:
    return ", ".join(f"`{each.where}` ({each.of})" if each.of else f"`{each.where}`" for each in some)
