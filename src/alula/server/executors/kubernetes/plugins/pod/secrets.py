"""Secrets of the cluster in a pod, under the names by which Flyte's tasks look for them.

A reference's group is the `Secret` of the pod's namespace, its key an entry of that. A version is no more than part of
the names under which tasks look for it. No value passes the platform.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from alula.core.policy.security import FOLDER_VARIABLE, SECRETS_FOLDER, SecretReference, placed
from alula.core.policy.target import Document
from alula.server.executors.kubernetes.plugins.pod.copilot import is_copilot


def mount(pod: Document, references: Sequence[SecretReference]) -> None:
    """Have each container of the task see them: as files where the task wants files, else as variables."""
    everyone = cast(list[dict[str, Any]], [*pod.get("initContainers", ()), *pod["containers"]])
    containers = [each for each in everyone if not is_copilot(each)]
    places = placed(references)
    if places.files:
        for container in containers:
            container.setdefault("env", []).append({"name": FOLDER_VARIABLE, "value": SECRETS_FOLDER})
    for number, (path, each) in enumerate(places.files.items()):
        name, file = f"alula-secret-{number}", each.key.lower()
        source = {"secretName": each.group, "items": [{"key": each.key, "path": file}]}
        pod.setdefault("volumes", []).append({"name": name, "secret": source})
        mounted = {"name": name, "mountPath": f"{SECRETS_FOLDER}/{path}", "subPath": file, "readOnly": True}
        for container in containers:
            container.setdefault("volumeMounts", []).append(mounted)
    for variable, each in places.variables.items():
        source = {"secretKeyRef": {"name": each.group, "key": each.key}}
        for container in containers:
            container.setdefault("env", []).append({"name": variable, "valueFrom": source})
