"""The pod of an attempt: its task's container or pod, laid over a template and what the platform adds.

From the lowest layer to the highest: the `PodTemplate`, whose containers `default` and `primary` are the ground of all
others and of the primary one; the settings; the task; the resources that the attempt was given.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec
from flyteidl.core import tasks_pb2

from alula.core.errors import InvalidInput
from alula.core.policy.image import LOCAL_IMAGE
from alula.core.policy.target import Document, merged, pod_of
from alula.core.policy.template import TemplateValues, render, render_all
from alula.server.executor import AttemptSpec
from alula.server.executors.checking import check
from alula.server.executors.command import template_values
from alula.server.executors.identity import identity_text
from alula.server.executors.kubernetes import naming
from alula.server.executors.kubernetes.objects import Manifest
from alula.server.executors.kubernetes.options import KubernetesOptions
from alula.server.executors.kubernetes.plugin import Setting
from alula.server.executors.kubernetes.plugins.pod import copilot, placing, resources, secrets, volumes
from alula.server.executors.raw.task import is_raw

PRIMARY_CONTAINER = "primary_container_name"
"""Annotation: the container whose end is that of the attempt. Flyte's name."""
SHOWN_CONTAINER = "kubectl.kubernetes.io/default-container"
"""Annotation: the container that kubectl means if nobody names one."""
_KINDS = (("containers", ""), ("initContainers", "-init"))


def build(spec: AttemptSpec, setting: Setting) -> Manifest:
    """Raises `InvalidInput` for an attempt that can't be a pod."""
    task, options = spec.task, setting.options
    if task.WhichOneof("target") not in ("container", "k8s_pod"):
        raise InvalidInput(
            "UnsupportedTask",
            f"task {task.id.name} of type {task.type!r} has no container and no pod",
            fix="run it on another executor",
        )
    name = naming.name_of(spec.id, spec.incarnation)
    own, primary = pod_of(task, name)
    if is_raw(task):
        copilot.add(own, primary, task, options)
    template = cast(Document, (setting.template or {}).get("template", {}))
    pod = merged(_ground(options), _on_template(template.get("spec", {}), own, primary))
    _fill(pod, spec, setting, primary)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": setting.namespace,
            "labels": _labels(spec, setting, template),
            "annotations": _annotations(spec, setting, template, primary),
            "finalizers": [naming.FINALIZER],
        },
        "spec": pod,
    }


def _ground(options: KubernetesOptions) -> Document:
    """What the settings give each pod."""
    given: Document = {
        "serviceAccountName": options.service_account,
        "imagePullSecrets": [{"name": each} for each in options.image_pull_secrets],
        "nodeSelector": dict(options.node_selector),
        "tolerations": [msgspec.to_builtins(each) for each in options.tolerations],
    }
    return {word: value for word, value in given.items() if value}


def _on_template(template: Document, own: Document, primary: str) -> Document:
    """The task's pod over a template."""
    template, own = dict(template), dict(own)
    for word, suffix in _KINDS:
        below: dict[str, Document] = {each["name"]: each for each in template.pop(word, ())}
        for name in (f"default{suffix}", f"primary{suffix}"):
            if name in below:
                below[name] = _as_written(below[name])
        default, first = below.pop(f"default{suffix}", {}), below.pop(f"primary{suffix}", {})
        containers = [*below.values()]
        for each in own.pop(word, ()):
            is_first = bool(suffix) or each["name"] == primary
            containers.append(merged(merged(default, first if is_first else {}), each))
        if containers:
            own[word] = containers
    return merged(template, own)


def _as_written(container: Document) -> Document:
    """A container of a template without what the API server adds to it: that would stand for the author's wish."""
    tag = container.get("image", "").rpartition("/")[2].partition(":")[2]
    added = {
        "imagePullPolicy": "Always" if tag in ("", "latest") else "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    return {word: value for word, value in container.items() if added.get(word) != value}


def _fill(pod: Document, spec: AttemptSpec, setting: Setting, primary: str) -> None:
    """Give the pod what the platform adds."""
    pod["restartPolicy"] = "Never"
    if spec.run_as.service_account:
        pod["serviceAccountName"] = spec.run_as.service_account
    for word, _ in _KINDS:
        for container in cast(list[Document], pod.get(word, [])):
            _fill_container(container, spec, setting, is_primary=word == "containers" and container["name"] == primary)
    resources.add_shared_memory(pod, spec.resources.shared_memory)
    placing.place(pod, spec, setting.options)
    volumes.mount(pod, setting)
    secrets.mount(pod, spec.secrets)
    if is_raw(spec.task):
        copilot.put_in_order(pod, primary)


def _fill_container(container: Document, spec: AttemptSpec, setting: Setting, *, is_primary: bool) -> None:
    options = setting.options
    words = [*container.get("command", ()), *container.get("args", ())]
    values = template_values(spec, words, namespace=setting.namespace)
    for word in ("command", "args"):
        if word in container:
            container[word] = render_all(container[word], values)
    check(spec, [*container.get("command", ()), *container.get("args", ())])
    container["env"] = _variables(container, spec, setting, values)
    if options.secret_variables:
        given = [{"secretRef": {"name": name}} for name in options.secret_variables]
        container["envFrom"] = [*given, *container.get("envFrom", ())]
    container["image"] = _image(container, spec.task, options)
    container.setdefault("terminationMessagePolicy", "FallbackToLogsOnError")
    if options.image_pull_policy != "auto":
        container.setdefault("imagePullPolicy", options.image_pull_policy)
    if is_primary:
        container["resources"] = resources.document(spec.resources, options, container.get("resources", {}))


def _variables(container: Document, spec: AttemptSpec, setting: Setting, values: TemplateValues) -> list[Document]:
    """The attempt's variables, then those that only the pod knows, as from its cluster's secrets."""
    own_variables = {} if copilot.is_copilot(container) else spec.environment
    known = {**setting.options.variables, **setting.variables, **own_variables}
    own: list[Document] = []
    for each in cast(list[Document], container.get("env", [])):
        if "value" in each:
            known.setdefault(each["name"], each["value"])
        else:
            own.append(each)
    return [{"name": name, "value": render(text, values)} for name, text in known.items()] + own


def _image(container: Document, task: tasks_pb2.TaskTemplate, options: KubernetesOptions) -> str:
    image = container.get("image") or LOCAL_IMAGE
    if image != LOCAL_IMAGE:
        return image
    if not options.image:
        raise InvalidInput(
            "NoImage",
            f"task {task.id.name} names no image, and neither do the settings of the Kubernetes executor",
            fix="give the task an image, or set `executors.kubernetes.image` to one with `alula` in it",
        )
    return options.image


def _labels(spec: AttemptSpec, setting: Setting, template: Document) -> dict[str, str]:
    """Flyte's labels of pods, and those by which the platform finds its own."""
    workflow = spec.environment.get("FLYTE_INTERNAL_EXECUTION_WORKFLOW", "").rpartition(":")[2]
    of = spec.id.execution
    told = {
        "project": of.project,
        "domain": of.domain,
        "execution-id": of.name,
        "workflow-name": workflow,
        "node-id": spec.id.node_id,
        "task-name": spec.task.id.name,
    }
    metadata = spec.task.k8s_pod.metadata
    return {
        **_texts(template, "labels"),
        **setting.options.labels,
        **metadata.labels,
        **spec.labels,
        **{name: value for name, text in told.items() if (value := naming.label_value(text))},
        "interruptible": str(spec.interruptible).lower(),
        naming.MANAGED_BY: naming.ALULA,
        naming.OWNER: setting.owner,
    }


def _annotations(spec: AttemptSpec, setting: Setting, template: Document, primary: str) -> dict[str, str]:
    return {
        "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
        **_texts(template, "annotations"),
        **setting.options.annotations,
        **spec.task.k8s_pod.metadata.annotations,
        **spec.annotations,
        PRIMARY_CONTAINER: primary,
        **({SHOWN_CONTAINER: primary, naming.COPILOT: copilot.OUTPUTS} if is_raw(spec.task) else {}),
        naming.ATTEMPT: identity_text(spec.id, spec.incarnation),
        naming.CLAIM: str(spec.claim),
    }


def _texts(template: Document, word: str) -> dict[str, str]:
    metadata: Any = template.get("metadata", {})
    return dict(metadata.get(word, {}))
