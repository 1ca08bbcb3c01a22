"""What a pod asks for of its node, from the attempt's record of resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from alula.core.errors import InvalidInput
from alula.core.policy.resources import Amounts, Resources, SharedMemory
from alula.core.policy.target import Document
from alula.server.executors.kubernetes.options import KubernetesOptions

SHARED_MEMORY = "flyte-shared-memory"


def document(resources: Resources, options: KubernetesOptions, own: Document) -> Document:
    """Requests and limits of the primary container; one that is missing follows the other, as in Flyte.

    What a pod claims of its cluster otherwise (`claims`) stays as it is. Raises `InvalidInput`.
    """
    requests, limits = _amounts(resources.requests, options), _amounts(resources.limits, options)
    for name, amount in resources.extended.items():
        requests[name] = limits[name] = str(amount)
    if options.gpu_resource in requests | limits:  # a node gives whole ones, and nobody else uses them
        limits[options.gpu_resource] = requests[options.gpu_resource] = (requests | limits)[options.gpu_resource]
    requests, limits = limits | requests, requests | limits
    kept = {word: value for word, value in own.items() if word not in ("requests", "limits")}
    return {**kept, "requests": requests, "limits": limits} if requests else kept


def _amounts(amounts: Amounts, options: KubernetesOptions) -> dict[str, str]:
    found = {
        "cpu": (amounts.cpu_millicores, f"{amounts.cpu_millicores}m"),
        "memory": (amounts.memory_bytes, str(amounts.memory_bytes)),
        "ephemeral-storage": (amounts.ephemeral_storage_bytes, str(amounts.ephemeral_storage_bytes)),
        options.gpu_resource: (amounts.gpu, str(amounts.gpu)),
    }
    for name, (amount, text) in found.items():
        if amount < 0:
            raise InvalidInput(
                "InvalidResources", f"a pod can't ask for less than nothing: {name} {text}", fix="ask for 0 or more"
            )
    return {name: text for name, (amount, text) in found.items() if amount}


def add_shared_memory(pod: Document, asked: SharedMemory | None) -> None:
    """Mount memory that the processes of each container share as a folder."""
    if asked is None:
        return
    name = asked.mount_name or SHARED_MEMORY
    size: Mapping[str, str] = {"sizeLimit": str(asked.limit_bytes)} if asked.limit_bytes else {}
    pod.setdefault("volumes", []).append({"name": name, "emptyDir": {"medium": "Memory", **size}})
    for container in cast(list[dict[str, Any]], pod["containers"]):
        container.setdefault("volumeMounts", []).append({"name": name, "mountPath": asked.mount_path or "/dev/shm"})
