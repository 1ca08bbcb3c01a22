"""The container of an attempt, in the words of Docker's API. Pure."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from alula.core.errors import InvalidInput
from alula.core.policy.image import LOCAL_IMAGE
from alula.core.policy.template import render, render_all
from alula.server.executor import AttemptSpec
from alula.server.executors.checking import check
from alula.server.executors.command import template_values
from alula.server.executors.container import naming
from alula.server.executors.container.options import ContainerOptions

# `Any`: JSON's values.
Document: TypeAlias = dict[str, Any]
CPU_SHARES = 1024
"""The weight of one whole CPU among containers that want more than there is."""


class Mount(msgspec.Struct, frozen=True):
    """A folder of this machine in a container."""

    source: str
    path: str
    read_only: bool = False


class Setting(msgspec.Struct, frozen=True):
    """The surroundings of a new container."""

    options: ContainerOptions
    mounts: tuple[Mount, ...] = ()
    """The outer ones stand before those inside them."""
    user: str = ""
    """`USER:GROUP`; empty for that of the image."""
    variables: dict[str, str] = {}
    """Variables by which it reaches the platform and its objects."""
    secrets: dict[str, str] = {}
    """Secrets that are variables, and the variable that names their folder."""
    gpus: tuple[str, ...] = ()
    """The GPUs that are its own."""


def build(spec: AttemptSpec, setting: Setting) -> Document:
    """Raises `InvalidInput` for an attempt that can't be a container."""
    container = spec.task.container
    image = image_of(spec, setting.options)
    values = template_values(spec, [*container.command, *container.args])
    command, args = render_all(container.command, values), render_all(container.args, values)
    check(spec, [*command, *args])
    known = {name: render(text, values) for name, text in variables_of(spec, setting).items()}
    document: Document = {
        "Image": image,
        "Cmd": args,
        "Env": [f"{name}={text}" for name, text in {**known, **setting.secrets}.items()],
        "Labels": naming.labels_of(spec),
        "HostConfig": _host(spec, setting),
    }
    if command:
        document["Entrypoint"] = command
    if setting.user:
        document["User"] = setting.user
    return document


def variables_of(spec: AttemptSpec, setting: Setting) -> dict[str, str]:
    """The variables of a container, with template variables in them, but for secrets."""
    return {**setting.options.variables, **setting.variables, **spec.environment}


def image_of(spec: AttemptSpec, options: ContainerOptions) -> str:
    """The image of an attempt. Raises `InvalidInput` for a task that has none."""
    task = spec.task
    if task.WhichOneof("target") != "container":
        raise InvalidInput(
            "UnsupportedTask",
            f"task {task.id.name} of type {task.type!r} is no container",
            fix="run it on another executor; pods run on Kubernetes",
        )
    image = task.container.image or LOCAL_IMAGE
    if image != LOCAL_IMAGE:
        return image
    if not options.image:
        raise InvalidInput(
            "NoImage",
            f"task {task.id.name} names no image, and neither do the settings of the container executor",
            fix="give the task an image, or set `executors.container.image` to one with `alula` in it",
        )
    return options.image


def _host(spec: AttemptSpec, setting: Setting) -> Document:
    """What the container may have of its machine."""
    options, requests, limits = setting.options, spec.resources.requests, spec.resources.limits
    host: Document = {
        "Mounts": [_mount(each) for each in setting.mounts] + _shared_memory(spec),
        "SecurityOpt": ["no-new-privileges"],
        "LogConfig": {"Type": "json-file", "Config": {}},
    }
    if limits.memory_bytes:
        host["Memory"] = host["MemorySwap"] = limits.memory_bytes  # the same, so that it has no swap
    if limits.cpu_millicores:
        host["NanoCpus"] = limits.cpu_millicores * 1_000_000
    if requests.cpu_millicores:
        host["CpuShares"] = max(2, requests.cpu_millicores * CPU_SHARES // 1000)
    if options.processes_max:
        host["PidsLimit"] = options.processes_max
    if options.network:
        host["NetworkMode"] = options.network
    if setting.gpus:
        host["DeviceRequests"] = [{"Driver": "nvidia", "DeviceIDs": list(setting.gpus), "Capabilities": [["gpu"]]}]
    return host


def _mount(each: Mount) -> Document:
    return {"Type": "bind", "Source": each.source, "Target": each.path, "ReadOnly": each.read_only}


def _shared_memory(spec: AttemptSpec) -> list[Document]:
    asked = spec.resources.shared_memory
    if asked is None:
        return []
    size: Document = {"TmpfsOptions": {"SizeBytes": asked.limit_bytes}} if asked.limit_bytes else {}
    return [{"Type": "tmpfs", "Target": asked.mount_path or "/dev/shm", **size}]
