"""Accelerators: the model of GPU or TPU that a task needs, whole or a part of it. `alula.extras.accelerators` has the
known ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from alula.sdk.authoring.resources import is_quantity
from alula.sdk.mistake import Location, mistake

if TYPE_CHECKING:
    from flyteidl.core.tasks_pb2 import ExtendedResources

SharedMemory: TypeAlias = bool | str
"""True for as much as the memory of the task, or an amount such as `"2Gi"`."""
_MOUNT_NAME, _MOUNT_PATH = "flyte-shared-memory", "/dev/shm"  # as flytekit names them


class GPUAccelerator(NamedTuple):
    """A device by the name under which the machines of a platform have it."""

    device: str
    partition_size: str = ""
    """The part of a device that can be divided, such as `1g.5gb`, or the topology of a TPU."""
    is_whole: bool = False
    """True for a device that can be divided, but must not be."""

    @property
    def unpartitioned(self) -> GPUAccelerator:
        """The device as a whole."""
        return GPUAccelerator(self.device, is_whole=True)

    def partitioned(self, partition_size: str) -> GPUAccelerator:
        """A part of the device."""
        return GPUAccelerator(self.device, partition_size)


def checked_accelerator(accelerator: object, *, at: Location) -> GPUAccelerator | None:
    """The value of `accelerator`. Raises `InvalidInput` for anything else."""
    if accelerator is None or isinstance(accelerator, GPUAccelerator):
        return accelerator
    raise mistake(
        "InvalidSetting",
        f"`accelerator` is {accelerator!r}, expected a `GPUAccelerator`",
        at=at,
        fix="take one of `alula.extras.accelerators`, or name a device: `GPUAccelerator('nvidia-l4')`",
    )


def checked_shared_memory(shared_memory: object, *, at: Location) -> SharedMemory | None:
    """The value of `shared_memory`. Raises `InvalidInput` for anything else."""
    if shared_memory is None or isinstance(shared_memory, bool):
        return shared_memory or None
    if isinstance(shared_memory, str) and is_quantity(shared_memory):
        return shared_memory
    why = f"`shared_memory` is {shared_memory!r}, expected True or an amount of memory"
    raise mistake("InvalidSetting", why, at=at, fix='write it as Kubernetes does: "512Mi", "2Gi"')


def extended_resources(
    accelerator: GPUAccelerator | None, shared_memory: SharedMemory | None
) -> ExtendedResources | None:
    """Both as a message; None without any."""
    if accelerator is None and not shared_memory:
        return None
    from flyteidl.core import tasks_pb2  # lazy: declaring loads no protobuf

    message = tasks_pb2.ExtendedResources()
    if accelerator is not None:
        message.gpu_accelerator.device = accelerator.device
        if accelerator.is_whole:
            message.gpu_accelerator.unpartitioned = True
        elif accelerator.partition_size:
            message.gpu_accelerator.partition_size = accelerator.partition_size
    if shared_memory:
        message.shared_memory.mount_name = _MOUNT_NAME
        message.shared_memory.mount_path = _MOUNT_PATH
        if isinstance(shared_memory, str):
            message.shared_memory.size_limit = shared_memory
    return message
