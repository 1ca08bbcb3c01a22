"""`flyte://` names of data: `flyte://v1/<project>/<domain>/<execution>/<node>[/<attempt>]/<i|o|d>[/<variable>]`."""

from __future__ import annotations

from typing import Literal

import msgspec

from alula.core.errors import InvalidInput
from alula.core.ids import ExecutionId

Part = Literal["i", "o", "d"]
_SCHEME = "flyte://v1/"


class FlyteUrl(msgspec.Struct, frozen=True):
    """The parts of such a URL."""

    execution: ExecutionId
    node_id: str
    attempt: int | None
    part: Part
    """Inputs, outputs or deck."""
    variable: str = ""
    """One of the inputs or outputs, empty for all."""


def parse_flyte_url(text: str) -> FlyteUrl:
    """Parse a URL. Raises `InvalidInput` code `InvalidFlyteUrl`.

    >>> parse_flyte_url("flyte://v1/p/d/run/n0/0/o/x").variable
    'x'
    """
    pieces = text.removeprefix(_SCHEME).split("/")
    if not text.startswith(_SCHEME) or len(pieces) < 5 or not all(pieces):
        raise _invalid(text)
    project, domain, name, node_id, *rest = pieces
    attempt = int(rest.pop(0)) if rest[0].isascii() and rest[0].isdigit() and len(rest[0]) < 10 else None
    if not rest or rest[0] not in ("i", "o", "d") or len(rest) > 2 or (rest[0] == "d" and len(rest) > 1):
        raise _invalid(text)
    return FlyteUrl(
        execution=ExecutionId(project, domain, name),
        node_id=node_id,
        attempt=attempt,
        part=rest[0],
        variable=rest[1] if len(rest) == 2 else "",
    )


def _invalid(text: str) -> InvalidInput:
    return InvalidInput(
        "InvalidFlyteUrl",
        f"`{text}` names no data",
        fix="write flyte://v1/<project>/<domain>/<execution>/<node>[/<attempt>]/<i|o|d>[/<variable>]",
    )
