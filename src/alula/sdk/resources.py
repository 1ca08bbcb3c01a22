"""What a task needs of a machine. Plain records; the quantities are Kubernetes'."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from alula.sdk.mistake import caller, mistake

Quantity = str | int | float
Range = tuple[Quantity, Quantity] | list[Quantity]

_QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(e[0-9]+|[numkMGTPE]|[KMGTPE]i)?")


@dataclass(frozen=True, slots=True)
class Resources:
    """Amounts of CPU, memory, GPU and scratch space.

    `cpu` in cores (`"500m"`, `0.5`, `2`), `mem` and `ephemeral_storage` in bytes (`"512Mi"`, `"2Gi"`), `gpu` in
    devices. In `@task(resources=...)` a pair means (request, limit).
    """

    cpu: Quantity | Range | None = None
    mem: Quantity | Range | None = None
    gpu: Quantity | Range | None = None
    ephemeral_storage: Quantity | Range | None = None

    def __post_init__(self) -> None:
        for name, value in self.amounts():
            pair = value if isinstance(value, (tuple, list)) else (value,)
            if isinstance(value, (tuple, list)) and len(value) != 2:
                raise mistake(
                    "InvalidResources",
                    f"`{name}` of Resources is {value!r}, expected one amount or (request, limit)",
                    at=caller(),
                )
            for amount in pair:
                if not _is_quantity(amount):
                    raise mistake(
                        "InvalidResources",
                        f"`{name}` of Resources is {amount!r}, which is not an amount",
                        at=caller(),
                        fix='write it as Kubernetes does: "500m", "2", "512Mi", "1.5Gi"',
                    )

    def amounts(self) -> list[tuple[str, Quantity | Range]]:
        """The fields that are set, in their order."""
        values = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [(name, value) for name, value in values if value is not None]

    @property
    def is_single(self) -> bool:
        """Whether no field is a (request, limit) pair."""
        return not any(isinstance(value, (tuple, list)) for _, value in self.amounts())

    def split(self) -> tuple[Resources, Resources]:
        """Requests and limits; a single amount is a request without a limit."""
        requests: dict[str, Quantity] = {}
        limits: dict[str, Quantity] = {}
        for name, value in self.amounts():
            if isinstance(value, (tuple, list)):
                requests[name], limits[name] = value
            else:
                requests[name] = value
        return Resources(**requests), Resources(**limits)


def _is_quantity(amount: object) -> bool:
    if isinstance(amount, bool):
        return False
    if isinstance(amount, (int, float)):
        return amount >= 0
    return isinstance(amount, str) and _QUANTITY.fullmatch(amount) is not None
