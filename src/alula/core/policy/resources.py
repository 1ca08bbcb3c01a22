"""The resources of a machine that a task asks for, in plain numbers.

Quantities are Kubernetes': a number with an optional decimal (`m`, `k`, `M`, `G`, ...) or binary (`Ki`, `Mi`,
`Gi`, ...) suffix, or an exponent. A missing request follows its limit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple, TypeAlias

import msgspec
from flyteidl.core import tasks_pb2

from alula.core.errors import InvalidInput
from alula.core.policy.target import extended_of, resources_of

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


class Amounts(msgspec.Struct, frozen=True):
    """So much of each resource that every machine has, in whole units; 0 for none."""

    cpu_millicores: int = 0
    memory_bytes: int = 0
    gpu: int = 0
    storage_bytes: int = 0
    ephemeral_storage_bytes: int = 0


class Accelerator(msgspec.Struct, frozen=True):
    """The kind of GPU that a task wants."""

    device: str
    partition: str | None = None
    """The size of a part of one; empty for a whole one that is not partitioned, None if it does not matter."""


class SharedMemory(msgspec.Struct, frozen=True):
    """Memory that processes share, as a folder."""

    mount_path: str
    mount_name: str = ""
    limit_bytes: int = 0
    """0 for no limit of its own."""


class Resources(msgspec.Struct, frozen=True):
    """The resources that one attempt is admitted with, and those that it may not exceed."""

    requests: Amounts = Amounts()
    limits: Amounts = Amounts()
    """0 for no limit."""
    accelerator: Accelerator | None = None
    shared_memory: SharedMemory | None = None
    extended: dict[str, int] = {}
    """Resources that a pod asks for by names of its cluster's own."""


NO_DEFAULTS = Amounts()


class ResourceCeiling(msgspec.Struct, frozen=True):
    """The most that a task has, whatever it says. None for no ceiling."""

    cpu_millicores: int | None = None
    memory_bytes: int | None = None
    gpu: int | None = None
    storage_bytes: int | None = None
    ephemeral_storage_bytes: int | None = None


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


def whole_gpus(text: str) -> int:
    """A number of GPUs; parts of one are asked for by the accelerator."""
    number = parse_quantity(text)
    if number != number.to_integral_value():
        raise InvalidInput("InvalidResources", f"the GPU request `{text}` is not whole", fix="ask for whole GPUs")
    return int(number)


class Quantity(NamedTuple):
    """One field of `Amounts`, and of the records beside it."""

    field: str
    name: int
    """Flyte's number of the resource."""
    word: str
    unit: _Unit


QUANTITIES = (
    Quantity("cpu_millicores", _Names.CPU, "cpu", cpu_millicores),
    Quantity("memory_bytes", _Names.MEMORY, "memory", memory_bytes),
    Quantity("gpu", _Names.GPU, "gpu", whole_gpus),
    Quantity("storage_bytes", _Names.STORAGE, "storage", memory_bytes),
    Quantity("ephemeral_storage_bytes", _Names.EPHEMERAL_STORAGE, "ephemeral_storage", memory_bytes),
)


def resolve_resources(
    task: tasks_pb2.TaskTemplate,
    *,
    defaults: Amounts = NO_DEFAULTS,
    ceiling: ResourceCeiling = NO_CEILING,
) -> Resources:
    """The resources of an attempt of this task. A default gives way to the task's own limit, and everything to the
    ceiling.

    Raises:
        InvalidInput: code `InvalidQuantity`, or `InvalidResources` when a request exceeds its limit or a GPU
            is not whole.
    """
    resources = resources_of(task)
    asked: dict[int, str] = {entry.name: entry.value for entry in resources.requests}
    allowed: dict[int, str] = {entry.name: entry.value for entry in resources.limits}
    requests: dict[str, int] = {}
    limits: dict[str, int] = {}
    for quantity in QUANTITIES:
        request, limit = _pair(quantity, asked.get(quantity.name), allowed.get(quantity.name))
        most = getattr(ceiling, quantity.field)
        default = getattr(defaults, quantity.field)
        requests[quantity.field] = _least(default if request is None else request, limit, most)
        limits[quantity.field] = _least(limit, most)
    extended = task.extended_resources
    return Resources(
        Amounts(**requests),
        Amounts(**limits),
        accelerator=_accelerator(extended.gpu_accelerator) if extended.HasField("gpu_accelerator") else None,
        shared_memory=_shared_memory(extended.shared_memory) if extended.HasField("shared_memory") else None,
        extended={word: memory_bytes(amount) for word, amount in extended_of(task).items()},
    )


def _accelerator(asked: tasks_pb2.GPUAccelerator) -> Accelerator:
    match asked.WhichOneof("partition_size_value"):
        case "partition_size":
            return Accelerator(asked.device, asked.partition_size)
        case "unpartitioned":
            return Accelerator(asked.device, "")
        case _:
            return Accelerator(asked.device)


def _shared_memory(asked: tasks_pb2.SharedMemory) -> SharedMemory:
    return SharedMemory(asked.mount_path, asked.mount_name, memory_bytes(asked.size_limit) if asked.size_limit else 0)


def _least(*amounts: int | None) -> int:
    return min((amount for amount in amounts if amount is not None), default=0)


def _pair(quantity: Quantity, request: str | None, limit: str | None) -> tuple[int | None, int | None]:
    """Request and limit; the request follows the limit where it is missing. Of GPUs both are the same."""
    most = quantity.unit(limit) if limit else None
    asked = quantity.unit(request) if request else most
    if asked is not None and most is not None and asked > most:
        raise InvalidInput(
            "InvalidResources",
            f"the {quantity.word} request `{request}` is more than its limit `{limit}`",
            fix="raise the limit, or ask for less",
        )
    if quantity.field == "gpu" and most is not None and asked != most:
        raise InvalidInput(
            "InvalidResources",
            f"the GPU request `{request}` is not equal to its limit `{limit}`",
            fix="ask for whole GPUs, with request and limit equal",
        )
    return asked, most


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_CEILING))


def _invalid(text: str, reason: str) -> InvalidInput:
    return InvalidInput(
        "InvalidQuantity", f"`{text}` is not a quantity: {reason}", fix="write for example `500m`, `2` or `1.5Gi`"
    )
