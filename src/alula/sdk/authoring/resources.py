"""The resources that a task needs of a machine. Plain records; the quantities are Kubernetes'."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from alula.sdk.absent_members import lacks_keywords
from alula.sdk.mistake import Location, mistake

Quantity = str | int | float
Range = tuple[Quantity, Quantity] | list[Quantity]

_QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(e[0-9]+|[numkMGTPE]|[KMGTPE]i)?")


class Resources(NamedTuple):
    """Amounts of CPU, memory, GPU and scratch space.

    `cpu` in cores (`"500m"`, `0.5`, `2`), `mem` and `ephemeral_storage` in bytes (`"512Mi"`, `"2Gi"`), `gpu` in
    devices. In `@task(resources=...)` a pair means (request, limit).
    """

    cpu: Quantity | Range | None = None
    mem: Quantity | Range | None = None
    gpu: Quantity | Range | None = None
    ephemeral_storage: Quantity | Range | None = None

    @classmethod
    def from_dict(cls, d: Mapping[str, Quantity | Range | None]) -> Resources:
        """Those that `to_dict` gave, or that stand in a file."""
        return cls(**d)

    def to_dict(self) -> dict[str, Quantity | Range | None]:
        """All fields by their names, None for those that are not set."""
        return self._asdict()

    def amounts(self) -> list[tuple[str, Quantity | Range]]:
        """The fields that are set, in their order."""
        return [(name, value) for name, value in zip(self._fields, self, strict=True) if value is not None]

    @property
    def is_single(self) -> bool:
        """True if no field is a (request, limit) pair."""
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


lacks_keywords(Resources, {"storage": "write `ephemeral_storage`"})


class GrowMemory(NamedTuple):
    """After an attempt that ran out of memory the next has `factor` times as much, request and limit alike, up to
    `up_to` (`"8Gi"`)."""

    factor: float = 2.0
    up_to: Quantity | None = None


def checked_growth(growth: object, name: str, *, at: Location) -> GrowMemory:
    """The value of a setting called `name`. Raises `InvalidInput` code `InvalidMemoryGrowth`."""
    from alula.core.policy.memory_growth import FACTOR_MAX  # lazy: only for tasks that say so

    if not isinstance(growth, GrowMemory):
        raise mistake("InvalidMemoryGrowth", f"`{name}` is {growth!r}, expected `GrowMemory`", at=at)
    factor: object = growth.factor
    if not isinstance(factor, int | float) or not 1 < factor <= FACTOR_MAX:
        why = f"the factor of `{name}` is {growth.factor!r}, expected a number over 1, at most {FACTOR_MAX:g}"
        raise mistake("InvalidMemoryGrowth", why, at=at)
    if growth.up_to is not None and not is_quantity(growth.up_to):
        why = f"`up_to` of `{name}` is {growth.up_to!r}, which is not an amount"
        raise mistake("InvalidMemoryGrowth", why, at=at, fix='write it as Kubernetes does: "512Mi", "1.5Gi"')
    return growth


def checked(resources: object, name: str, *, at: Location) -> Resources:
    """The value of a setting called `name`. Raises `InvalidInput` if it is no `Resources`, or a field is no amount."""
    if not isinstance(resources, Resources):
        raise mistake("InvalidResources", f"`{name}` is {resources!r}, expected `Resources`", at=at)
    for field, value in resources.amounts():
        pair = value if isinstance(value, (tuple, list)) else (value,)
        if isinstance(value, (tuple, list)) and len(value) != 2:
            raise mistake(
                "InvalidResources",
                f"`{field}` of `{name}` is {value!r}, expected one amount or (request, limit)",
                at=at,
            )
        for amount in pair:
            if not is_quantity(amount):
                raise mistake(
                    "InvalidResources",
                    f"`{field}` of `{name}` is {amount!r}, which is not an amount",
                    at=at,
                    fix='write it as Kubernetes does: "500m", "2", "512Mi", "1.5Gi"',
                )
    return resources


def checked_single(resources: object, name: str, *, at: Location) -> Resources:
    """As `checked`, without (request, limit) pairs."""
    found = checked(resources, name, at=at)
    if not found.is_single:
        raise mistake(
            "InvalidResources", f"`{name}` has a (request, limit) pair", at=at, fix="pairs go into `resources`"
        )
    return found


def is_quantity(amount: object) -> bool:
    if isinstance(amount, bool):
        return False
    if isinstance(amount, (int, float)):
        return amount >= 0
    return isinstance(amount, str) and _QUANTITY.fullmatch(amount) is not None
