"""Folders of nodes in a pod, for objects in a folder that all nodes share with the platform."""

from __future__ import annotations

from typing import Any, cast

from alula.core.policy.target import Document
from alula.server.executors.kubernetes.plugin import Setting


def mount(pod: Document, setting: Setting) -> None:
    """Mount the shared folders in each container, which runs as their owner unless the pod says otherwise."""
    if not setting.mounts:
        return
    containers = cast(list[dict[str, Any]], [*pod.get("initContainers", ()), *pod["containers"]])
    volumes = cast(list[dict[str, Any]], pod.setdefault("volumes", []))
    for number, each in enumerate(setting.mounts):
        name = f"alula-objects-{number}"
        volumes.append({"name": name, "hostPath": {"path": each.node_path, "type": "Directory"}})
        mounted = {"name": name, "mountPath": each.path, **({"readOnly": True} if each.read_only else {})}
        for container in containers:
            container.setdefault("volumeMounts", []).append(mounted)
    if setting.run_as is not None:
        user, group = setting.run_as
        pod["securityContext"] = {"runAsUser": user, "runAsGroup": group, **pod.get("securityContext", {})}
