"""A raw container in a pod: Alula's copilot beside it, by the two folders that they share.

    init containers: ... ─► alula-inputs ─► the raw container
    containers:                                             └─► alula-outputs

Kubernetes starts each when the one before has ended well. So nothing of the copilot waits beside the container, watches
its processes, or has rights in the cluster, and its uploads take the time that they take.
"""

from __future__ import annotations

from typing import Any, cast

from flyteidl.core import tasks_pb2

from alula.core.errors import InvalidInput
from alula.core.policy.target import Document
from alula.server.executors.kubernetes.options import KubernetesOptions
from alula.server.executors.raw.task import check_files, inputs_path, outputs_path

INPUTS, OUTPUTS = "alula-inputs", "alula-outputs"
_FOLDER = "/var/alula"
_DOWNLOAD = ("--task", "{{.taskTemplatePath}}", "--inputs", "{{.input}}")
_UPLOAD = (
    *("--task", "{{.taskTemplatePath}}"),
    *("--output-prefix", "{{.outputPrefix}}"),
    *("--raw-output-data-prefix", "{{.rawOutputDataPrefix}}"),
)


def add(pod: Document, primary: str, task: tasks_pb2.TaskTemplate, options: KubernetesOptions) -> None:
    """Add the copilot to the pod of a raw container. Raises `InvalidInput` for files that can't be, or can't be moved
    as the task wants, and if no image has the copilot."""
    check_files(task)
    image = options.copilot_image or options.image
    if not image:
        raise InvalidInput(
            "NoCopilotImage",
            f"task {task.id.name} is a raw container, and the settings name no image that brings its files",
            fix="set `executors.kubernetes.copilot_image` to an image with `alula` in it",
        )
    own = _named(pod, primary)
    mounts = [
        {"name": INPUTS, "mountPath": inputs_path(task), "readOnly": True},
        {"name": OUTPUTS, "mountPath": outputs_path(task)},
    ]
    own["volumeMounts"] = [*own.get("volumeMounts", ()), *mounts]
    download = _copilot(INPUTS, ("download", "--to", f"{_FOLDER}/{INPUTS}", *_DOWNLOAD), image, options)
    upload = _copilot(OUTPUTS, ("upload", "--from", f"{_FOLDER}/{OUTPUTS}", *_UPLOAD), image, options)
    pod["initContainers"] = [*pod.get("initContainers", ()), download]
    pod["containers"] = [*pod["containers"], upload]
    pod["volumes"] = [*pod.get("volumes", ()), *({"name": each, "emptyDir": {}} for each in (INPUTS, OUTPUTS))]


def is_copilot(container: Document) -> bool:
    """True for what is not the task's: it gets neither the task's variables, which may change how a program runs, nor
    its secrets."""
    return container["name"] in (INPUTS, OUTPUTS)


def put_in_order(pod: Document, primary: str) -> None:
    """Have the raw container run after all that prepares it, and before its outputs are taken away."""
    own = _named(pod, primary)
    pod["containers"].remove(own)
    pod["initContainers"].append(own)


def _copilot(name: str, words: tuple[str, ...], image: str, options: KubernetesOptions) -> Document:
    amounts: Document = {}
    if options.copilot_cpu_millicores:
        amounts["cpu"] = f"{options.copilot_cpu_millicores}m"
    if options.copilot_memory_bytes:
        amounts["memory"] = str(options.copilot_memory_bytes)
    container: Document = {
        "name": name,
        "image": image,
        "command": ["alula-copilot"],
        "args": list(words),
        "volumeMounts": [{"name": name, "mountPath": f"{_FOLDER}/{name}"}],
    }
    return {**container, "resources": {"requests": amounts, "limits": amounts}} if amounts else container


def _named(pod: Document, name: str) -> dict[str, Any]:
    return next(each for each in cast(list[dict[str, Any]], pod["containers"]) if each["name"] == name)
