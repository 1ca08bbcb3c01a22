"""More memory for the attempt that follows one that ran out of it: an opt-in of a task, or of the whole platform.

A task says so in the `config` of its template: `alula.memory_growth`, a factor, and `alula.memory_growth_most`, a
Kubernetes quantity. Each attempt that ran out of memory makes the next ask for so many times as much.
"""

from __future__ import annotations

import math

import msgspec
from flyteidl.core import tasks_pb2

from alula.core.errors import InvalidInput
from alula.core.policy.resources import NO_CEILING, Amounts, ResourceCeiling, Resources, memory_bytes

FACTOR_KEY = "alula.memory_growth"
MOST_KEY = "alula.memory_growth_most"
FACTOR_MAX = 100.0


class MemoryGrowth(msgspec.Struct, frozen=True):
    """The growth of request and limit."""

    factor: float
    most_bytes: int | None = None
    """None leaves it to the project's limits."""

    def times(self, failures: int) -> float:
        """The factor on the memory of the first attempt, after `failures` that ran out of it."""
        return self.factor**failures


def growth_of(task: tasks_pb2.TaskTemplate, default_factor: float = 1.0) -> MemoryGrowth | None:
    """The policy of a task: its own, else the platform's; None for the same memory each time.

    Raises:
        InvalidInput: code `InvalidMemoryGrowth` for a factor that is none, `InvalidQuantity` for the most.
    """
    factor = parse_factor(task.config[FACTOR_KEY]) if FACTOR_KEY in task.config else default_factor
    most = memory_bytes(task.config[MOST_KEY]) if MOST_KEY in task.config else None
    return MemoryGrowth(factor, most) if factor > 1 else None


def parse_factor(text: str) -> float:
    """The factor that a text stands for, from 1 to 100. Raises `InvalidInput` code `InvalidMemoryGrowth`."""
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if not 1 <= factor <= FACTOR_MAX:
        raise InvalidInput(
            "InvalidMemoryGrowth",
            f"`{text}` is no factor by which memory can grow",
            fix=f"give a number from 1 to {FACTOR_MAX:g}",
        )
    return factor


def grown(
    resources: Resources, growth: MemoryGrowth, failures: int, ceiling: ResourceCeiling = NO_CEILING
) -> Resources:
    """The resources of an attempt after `failures` that ran out of memory; never less than those of the first."""
    times = growth.times(failures)

    def more(amounts: Amounts) -> Amounts:
        amount = amounts.memory_bytes
        bounds = [bound for bound in (growth.most_bytes, ceiling.memory_bytes) if bound is not None]
        larger = max(amount, min(round(amount * times), *bounds)) if bounds else round(amount * times)
        return msgspec.structs.replace(amounts, memory_bytes=larger)

    return msgspec.structs.replace(resources, requests=more(resources.requests), limits=more(resources.limits))
