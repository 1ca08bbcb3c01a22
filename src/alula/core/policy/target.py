"""The container or pod of a task. One reading of resources and variables for both, one way to change them.

`container` and `k8s_pod` are alternatives in the template: touching one destroys the other, so nothing else may write
to either. Of a pod the primary container counts; pods are documents in Kubernetes' own words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias, cast

from flyteidl.core import tasks_pb2, workflow_pb2

from alula.core.literals.structs import plain_struct, struct_of

PRIMARY = "primary_container_name"
"""In the `config` of a template: the name of a pod's primary container, where the pod does not say."""
_PRIMARY_NAME = "primary"
_Names = tasks_pb2.Resources.ResourceName
_WORDS: dict[int, str] = {
    _Names.CPU: "cpu",
    _Names.GPU: "nvidia.com/gpu",
    _Names.MEMORY: "memory",
    _Names.STORAGE: "storage",
    _Names.EPHEMERAL_STORAGE: "ephemeral-storage",
}
"""Kubernetes' names of resources; any vendor's GPU is read."""
_GPU_SUFFIX = "/gpu"
_NAMED = ("containers", "initContainers")
# `Any`: a document, whose values are JSON's.
Document: TypeAlias = dict[str, Any]


def resources_of(task: tasks_pb2.TaskTemplate) -> tasks_pb2.Resources:
    """The resources that the task asks for, and may have at most."""
    if not task.HasField("k8s_pod"):
        return task.container.resources
    asked = _mapping(_primary(_pod(task), task).get("resources"))
    return tasks_pb2.Resources(
        requests=_entries(_mapping(asked.get("requests"))), limits=_entries(_mapping(asked.get("limits")))
    )


def extended_of(task: tasks_pb2.TaskTemplate) -> dict[str, str]:
    """The resources that a pod asks for by names of its cluster's own. Their request and limit are the same."""
    if not task.HasField("k8s_pod"):
        return {}
    asked = _mapping(_primary(_pod(task), task).get("resources"))
    amounts = _mapping(asked.get("requests")) | _mapping(asked.get("limits"))
    return {word: _quantity(amount) for word, amount in amounts.items() if _resource(word) is None}


def environment_of(task: tasks_pb2.TaskTemplate) -> dict[str, str]:
    """The variables that the task sets itself. Those that a pod takes from elsewhere in its cluster are not known."""
    if not task.HasField("k8s_pod"):
        return {pair.key: pair.value for pair in task.container.env}
    variables = _mappings(_primary(_pod(task), task).get("env"))
    return {str(each["name"]): str(each["value"]) for each in variables if "name" in each and "value" in each}


def data_config_of(task: tasks_pb2.TaskTemplate) -> tasks_pb2.DataLoadingConfig:
    """The places of inputs and outputs for a task that has them as files."""
    return task.k8s_pod.data_config if task.HasField("k8s_pod") else task.container.data_config


def pod_of(task: tasks_pb2.TaskTemplate, name: str) -> tuple[Document, str]:
    """The pod that a task is, and the name of its primary container: `name` where that has none, or is not in a pod."""
    if not task.HasField("k8s_pod"):
        return {"containers": [_document(task.container, name)]}, name
    pod = _whole_numbers(_pod(task))
    return pod, str(_primary(pod, task).setdefault("name", name))


def with_overrides(
    task: tasks_pb2.TaskTemplate, overrides: workflow_pb2.TaskNodeOverrides | None
) -> tasks_pb2.TaskTemplate:
    """The task as a node changes it: a container stays one unless it is given a pod, and a pod stays one."""
    if overrides is None or not overrides.ByteSize():
        return task
    changed = tasks_pb2.TaskTemplate()
    changed.CopyFrom(task)
    for field, value in overrides.extended_resources.ListFields():
        getattr(changed.extended_resources, field.name).CopyFrom(value)
    if overrides.HasField("pod_template"):
        set_pod(changed, overrides.pod_template)
    if overrides.container_image or overrides.HasField("resources"):
        if changed.HasField("k8s_pod"):
            _change_pod(changed, overrides)
        elif changed.HasField("container"):
            _change_container(changed.container, overrides)
    return changed


def _change_container(container: tasks_pb2.Container, overrides: workflow_pb2.TaskNodeOverrides) -> None:
    for mine, changes in (
        (container.resources.requests, overrides.resources.requests),
        (container.resources.limits, overrides.resources.limits),
    ):
        names = {entry.name for entry in changes}
        kept = [entry for entry in mine if entry.name not in names]
        del mine[:]
        mine.extend([*kept, *changes])
    if overrides.container_image:
        container.image = overrides.container_image


def _change_pod(task: tasks_pb2.TaskTemplate, overrides: workflow_pb2.TaskNodeOverrides) -> None:
    pod = _pod(task)
    container = _primary(pod, task)
    if overrides.container_image:
        container["image"] = overrides.container_image
    asked = _mapping(container.get("resources"))
    for word, changes in (("requests", overrides.resources.requests), ("limits", overrides.resources.limits)):
        names = {entry.name for entry in changes}
        kept = {name: value for name, value in _mapping(asked.get(word)).items() if _resource(name) not in names}
        if amounts := kept | _amounts(changes):
            asked[word] = amounts
    container["resources"] = asked
    task.k8s_pod.pod_spec.CopyFrom(struct_of(pod))


def set_pod(task: tasks_pb2.TaskTemplate, overlay: tasks_pb2.K8sPod) -> None:
    """Lay a pod over the task: fields of the pod go first, those that it leaves open stay."""
    name = overlay.primary_container_name or _primary_name(task)
    below = {"containers": [_document(task.container, name)]} if task.HasField("container") else _pod(task)
    spec = struct_of(merged(below, plain_struct(overlay.pod_spec)))
    data = tasks_pb2.DataLoadingConfig()
    data.CopyFrom(data_config_of(task))
    task.k8s_pod.MergeFrom(overlay)
    if data.enabled and not overlay.HasField("data_config"):
        task.k8s_pod.data_config.CopyFrom(data)
    task.k8s_pod.pod_spec.CopyFrom(spec)
    task.k8s_pod.primary_container_name = name


def _document(container: tasks_pb2.Container, name: str) -> Document:
    """A container in Kubernetes' words."""
    resources = {"requests": _amounts(container.resources.requests), "limits": _amounts(container.resources.limits)}
    document: Document = {
        "name": name,
        "image": container.image,
        "command": list(container.command),
        "args": list(container.args),
        "env": [{"name": pair.key, "value": pair.value} for pair in container.env],
        "resources": {word: amounts for word, amounts in resources.items() if amounts},
    }
    return {word: value for word, value in document.items() if value}


def merged(below: Document, above: Document) -> Document:
    """Documents are merged, containers by their names; other lists are appended to, and anything else is replaced."""
    both = dict(below)
    for word, value in above.items():
        old = below.get(word)
        if isinstance(value, dict) and isinstance(old, dict):
            both[word] = merged(cast(Document, old), cast(Document, value))
        elif isinstance(value, list) and isinstance(old, list):
            lists = cast(list[Any], old), cast(list[Any], value)
            both[word] = _by_name(*lists) if word in _NAMED else [*lists[0], *lists[1]]
        else:
            both[word] = value
    return both


def _by_name(below: list[Any], above: list[Any]) -> list[Document]:
    named = {each.get("name"): each for each in _mappings(below)}
    for each in _mappings(above):
        named[each.get("name")] = merged(named.get(each.get("name"), {}), each)
    return list(named.values())


def _pod(task: tasks_pb2.TaskTemplate) -> Document:
    return plain_struct(task.k8s_pod.pod_spec)


def _whole_numbers(value: Any) -> Any:
    """A document with integers where its numbers, which were carried as doubles, are whole."""
    if isinstance(value, dict):
        return {word: _whole_numbers(each) for word, each in cast(Document, value).items()}
    if isinstance(value, list):
        return [_whole_numbers(each) for each in cast(list[Any], value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _primary_name(task: tasks_pb2.TaskTemplate) -> str:
    return task.k8s_pod.primary_container_name or task.config.get(PRIMARY, "") or _PRIMARY_NAME


def _primary(pod: Document, task: tasks_pb2.TaskTemplate) -> Document:
    """The primary container, in place: the one of that name, else the only one, else a new one."""
    containers = pod["containers"] = _mappings(pod.get("containers"))
    name = _primary_name(task)
    for container in containers:
        if container.get("name") == name:
            return container
    if len(containers) != 1:
        containers.append({"name": name})
    return containers[-1]


def _resource(word: str) -> int | None:
    """The number of a resource, from Kubernetes' word for it."""
    if word.endswith(_GPU_SUFFIX):
        return _Names.GPU
    return next((number for number, known in _WORDS.items() if known == word), None)


def _entries(amounts: Document) -> list[tasks_pb2.Resources.ResourceEntry]:
    return [
        tasks_pb2.Resources.ResourceEntry(name=tasks_pb2.Resources.ResourceName.Name(number), value=_quantity(amount))
        for word, amount in amounts.items()
        if (number := _resource(word)) is not None
    ]


def _quantity(amount: object) -> str:
    """A quantity as text; a number of a pod's document is a double."""
    return f"{amount:.15g}" if isinstance(amount, float) else str(amount)


def _amounts(entries: Iterable[tasks_pb2.Resources.ResourceEntry]) -> dict[str, str]:
    return {_WORDS[entry.name]: entry.value for entry in entries if entry.name in _WORDS}


def _mapping(value: object) -> Document:
    """A document that may be missing, or be something else in a pod that nobody has checked."""
    return dict(cast(Document, value)) if isinstance(value, dict) else {}


def _mappings(value: object) -> list[Document]:
    items = cast(list[Any], value) if isinstance(value, list) else ()
    return [each for each in items if isinstance(each, dict)]
