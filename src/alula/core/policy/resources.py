"""How much of a machine a task asks for, in plain numbers.

Quantities are Kubernetes': a number with an optional decimal (`m`, `k`, `M`, `G`, ...) or binary (`Ki`, `Mi`,
`Gi`, ...) suffix, or an exponent. A missing request follows its limit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal
from typing import TypeAlias

import msgspec
from flyteidl.core import tasks_pb2

from alula.core.errors import InvalidInput
from alula.core.policy.target import resources_of

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,3})?", re.ASCII)
_SUFFIX = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    **{f"{letter}i": Decimal(1024**power) for power, letter in enumerate("KMGTPE", 1)},
}
_LARGEST = Decimal(2**63 - 1)
_Unit: TypeAlias = Callable[[str], int]
_Names = tasks_pb2.Resources.ResourceName


class ResourceRequest(msgspec.Struct, frozen=True):
    """What one attempt is admitted with, and what it may not exceed."""

    cpu_millicores: int = 0
    memory_bytes: int = 0
    memory_limit_bytes: int = 0
    """0 for no limit."""
    gpu: int = 0


class ResourceDefaults(msgspec.Struct, frozen=True):
    """What a task gets that does not say."""

    cpu_millicores: int = 0
    memory_bytes: int = 0
    gpu: int = 0


NO_DEFAULTS = ResourceDefaults()


class ResourceCeiling(msgspec.Struct, frozen=True):
    """What a task has at most, whatever it says. None for no ceiling."""

    cpu_millicores: int | None = None
    memory_bytes: int | None = None
    gpu: int | None = None


NO_CEILING = ResourceCeiling()


def parse_quantity(text: str) -> Decimal:
    """The number that a Kubernetes quantity stands for.

    >>> parse_quantity("1.5Gi"), parse_quantity("250m")
    (Decimal('1610612736.0'), Decimal('0.250'))

    Raises:
        InvalidInput: code `InvalidQuantity`; also when negative, or larger than 64 bits hold.
    """
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise _invalid(text, "it is not a number with a unit")
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _SUFFIX:
        number *= _SUFFIX[suffix]
    elif suffix:
        number = number.scaleb(int(suffix[1:]))
    if not 0 <= number <= _LARGEST:
        raise _invalid(text, "it is negative or too large")
    return number


def cpu_millicores(text: str) -> int:
    """Thousandths of a processor, rounded up."""
    return _whole(parse_quantity(text) * 1000)


def memory_bytes(text: str) -> int:
    """Bytes, rounded up."""
    return _whole(parse_quantity(text))


def resolve_resources(
    task: tasks_pb2.TaskTemplate,
    *,
    defaults: ResourceDefaults = NO_DEFAULTS,
    ceiling: ResourceCeiling = NO_CEILING,
) -> ResourceRequest:
    """What an attempt of this task asks for. A default gives way to the task's own limit, and everything to the
    ceiling.

    Raises:
        InvalidInput: code `InvalidQuantity`, or `InvalidResources` when a request exceeds its limit or a GPU
            is not whole.
    """
    resources = resources_of(task)
    requests: dict[int, str] = {entry.name: entry.value for entry in resources.requests}
    limits: dict[int, str] = {entry.name: entry.value for entry in resources.limits}
    cpu, cpu_limit = _pair("cpu", cpu_millicores, requests.get(_Names.CPU), limits.get(_Names.CPU))
    memory, memory_limit = _pair("memory", memory_bytes, requests.get(_Names.MEMORY), limits.get(_Names.MEMORY))
    gpu = _gpu(requests.get(_Names.GPU), limits.get(_Names.GPU))
    return ResourceRequest(
        cpu_millicores=_least(defaults.cpu_millicores if cpu is None else cpu, cpu_limit, ceiling.cpu_millicores),
        memory_bytes=_least(defaults.memory_bytes if memory is None else memory, memory_limit, ceiling.memory_bytes),
        memory_limit_bytes=_least(memory_limit, ceiling.memory_bytes),
        gpu=_least(defaults.gpu if gpu is None else gpu, ceiling.gpu),
    )


def _least(*amounts: int | None) -> int:
    return min((amount for amount in amounts if amount is not None), default=0)


def _pair(word: str, unit: _Unit, request: str | None, limit: str | None) -> tuple[int | None, int | None]:
    """Request and limit; the request follows the limit where it is missing."""
    most = unit(limit) if limit else None
    asked = unit(request) if request else most
    if asked is not None and most is not None and asked > most:
        raise InvalidInput(
            "InvalidResources",
            f"the {word} request `{request}` is more than its limit `{limit}`",
            fix="raise the limit, or ask for less",
        )
    return asked, most


def _gpu(request: str | None, limit: str | None) -> int | None:
    if not request and not limit:
        return None
    asked = parse_quantity(request or limit or "0")
    if asked != asked.to_integral_value() or (request and limit and asked != parse_quantity(limit)):
        raise InvalidInput(
            "InvalidResources",
            f"the GPU request `{request or limit}` is not whole, or not equal to its limit",
            fix="ask for whole GPUs, with request and limit equal",
        )
    return int(asked)


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_CEILING))


def _invalid(text: str, reason: str) -> InvalidInput:
    return InvalidInput(
        "InvalidQuantity", f"`{text}` is not a quantity: {reason}", fix="write for example `500m`, `2` or `1.5Gi`"
    )
