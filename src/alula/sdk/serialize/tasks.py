"""Tasks as messages: the template and the command line by which an attempt is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flyteidl.admin.task_pb2 import TaskSpec
from flyteidl.core.identifier_pb2 import ResourceType
from flyteidl.core.literals_pb2 import KeyValuePair, RetryStrategy
from flyteidl.core.security_pb2 import Secret as SecretMessage
from flyteidl.core.security_pb2 import SecurityContext
from flyteidl.core.tasks_pb2 import Container, K8sPod, RuntimeMetadata, TaskMetadata, TaskTemplate

from alula.core.policy.forking import FORK_VARIABLE, NO_FORK
from alula.core.policy.image_contents import KEY as IMAGE_KEY
from alula.core.policy.image_contents import text_of
from alula.core.policy.memory_growth import FACTOR_KEY, MOST_KEY
from alula.core.policy.target import PRIMARY, set_pod
from alula.sdk.authoring.accelerators import extended_resources
from alula.sdk.authoring.map_task import MapTask
from alula.sdk.authoring.naming import attribute_of
from alula.sdk.authoring.task import Task
from alula.sdk.mistake import mistake
from alula.sdk.serialize.images import image_contents
from alula.sdk.serialize.interfaces import description, typed_interface
from alula.sdk.serialize.nodes import duration, pod_message, resources_message
from alula.sdk.serialize.settings import SerializationSettings
from alula.sdk.task_context.secret import Secret
from alula.version import __version__

if TYPE_CHECKING:
    from alula.sdk.authoring.kind import Target
    from alula.sdk.authoring.pod_template import PodTemplate

_MOUNTS = {"any": SecretMessage.ANY, "env_var": SecretMessage.ENV_VAR, "file": SecretMessage.FILE}


def task_spec(task: Task[..., object], settings: SerializationSettings) -> TaskSpec:
    """The specification of a task."""
    template = _template(task, settings, name=task.name)
    template.interface.CopyFrom(typed_interface(task.interface))
    return TaskSpec(template=template, description=description(task.interface, task.settings.docs))


def map_task_spec(task: MapTask[object], settings: SerializationSettings) -> TaskSpec:
    """The specification of the task of an array: the same, with a list interface."""
    template = _template(task.task, settings, name=task.name)
    template.interface.CopyFrom(typed_interface(task.interface))
    template.task_type_version = 1
    if not template.HasField("container"):
        kind = template.type
        raise mistake("UnsupportedMapTarget", f"{task!r} is over a task of type `{kind}`, which has no container")
    template.container.args.extend(["map-bound", ",".join(sorted(task.bound))])
    return TaskSpec(template=template)


def _template(task: Task[..., object], settings: SerializationSettings, *, name: str) -> TaskTemplate:
    declared = task.settings
    template = TaskTemplate(
        id=settings.identifier(ResourceType.TASK, name),
        type=task.kind.type,
        metadata=_metadata(task),
    )
    _set_target(template, task.kind.target(task, Writing(task, settings)))
    _set_custom(template, task)
    _set_pod(template, declared.pod_template)
    extended = extended_resources(declared.accelerator, declared.shared_memory)
    if extended is not None:
        template.extended_resources.CopyFrom(extended)
    if declared.on_out_of_memory is not None:
        template.config[FACTOR_KEY] = f"{declared.on_out_of_memory.factor:g}"
        if declared.on_out_of_memory.up_to is not None:
            template.config[MOST_KEY] = str(declared.on_out_of_memory.up_to)
    if declared.image_spec is not None:
        template.config[IMAGE_KEY] = text_of(image_contents(declared.image_spec, at=task.location))
    if declared.secret_requests:
        secrets = [_secret(secret) for secret in declared.secret_requests]
        template.security_context.CopyFrom(SecurityContext(secrets=secrets))
    return template


class Writing:
    """The facts that a kind may know when a task is written. Fulfils `alula.sdk.authoring.kind.Writing`."""

    def __init__(self, task: Task[..., object], settings: SerializationSettings) -> None:
        self._task = task
        self._settings = settings

    @property
    def image(self) -> str:
        return self._settings.image

    @property
    def settings(self) -> str:
        return self._settings.to_text()

    def container(self, variables: Mapping[str, str] | None = None) -> Container:
        return _container(self._task, self._settings, variables or {})


def _set_target(template: TaskTemplate, target: Target) -> None:
    if isinstance(target, Container):
        template.container.CopyFrom(target)
    elif isinstance(target, K8sPod):
        template.k8s_pod.CopyFrom(target)
    elif target is not None:
        template.sql.CopyFrom(target)


def _set_pod(template: TaskTemplate, pod: PodTemplate | None) -> None:
    """Put the container of a task into its pod."""
    if pod is None or not template.HasField("container"):
        return
    set_pod(template, pod_message(pod))
    template.config[PRIMARY] = pod.primary_container_name  # where flytekit's tasks have it


def _set_custom(template: TaskTemplate, task: Task[..., object]) -> None:
    custom: Mapping[str, Any] = task.kind.custom()  # Any: what JSON can hold
    if not custom:
        return
    try:
        template.custom.update(custom)
    except (TypeError, ValueError) as error:
        raise mistake(
            "InvalidSetting",
            f"the custom part of task `{task.interface.name}`, of type `{task.kind.type}`, is no JSON: {error}",
            at=task.location,
        ) from error


def _metadata(task: Task[..., object]) -> TaskMetadata:
    declared = task.settings
    metadata = TaskMetadata(
        runtime=RuntimeMetadata(type=RuntimeMetadata.FLYTE_SDK, version=__version__, flavor="alula"),
        retries=RetryStrategy(retries=declared.retries),
        deprecated_error_message=declared.deprecated,
        pod_template_name=declared.pod_template_name,
    )
    if declared.labels or declared.annotations:
        metadata.metadata.labels.update(declared.labels or {})
        metadata.metadata.annotations.update(declared.annotations or {})
    metadata.generates_deck.value = declared.enable_deck
    metadata.is_eager = task.is_eager
    if declared.timeout_s:
        metadata.timeout.CopyFrom(duration(declared.timeout_s))
    if declared.interruptible is not None:
        metadata.interruptible = declared.interruptible
    if declared.cache is not None:
        metadata.discoverable = True
        metadata.discovery_version = declared.cache.get_version(task.function)
        metadata.cache_serializable = declared.cache.serialize
        metadata.cache_ignore_input_vars.extend(declared.cache.ignored())
    return metadata


def _container(task: Task[..., object], settings: SerializationSettings, of_kind: Mapping[str, str]) -> Container:
    declared = task.settings
    variables = {**settings.environment, **(declared.environment or {})}
    if not declared.fork:
        variables[FORK_VARIABLE] = NO_FORK
    variables.update(of_kind)
    return Container(
        image=declared.container_image or settings.image,
        args=_command(task, settings),
        resources=resources_message(declared.requests, declared.limits),
        env=[KeyValuePair(key=key, value=value) for key, value in variables.items()],
    )


def _command(task: Task[..., object], settings: SerializationSettings) -> list[str]:
    name = task.interface.name
    if settings.require_importable:
        name = attribute_of(task, module=task.module, name=name, location=task.location, kind="task")
    return [
        "alula-execute",
        "--inputs",
        "{{.input}}",
        "--output-prefix",
        "{{.outputPrefix}}",
        "--raw-output-data-prefix",
        "{{.rawOutputDataPrefix}}",
        "--checkpoint-path",
        "{{.checkpointOutputPrefix}}",
        "--prev-checkpoint",
        "{{.prevCheckpointPrefix}}",
        *(["--code", settings.code_uri] if settings.code_uri else []),
        "--",
        "task-module",
        task.module,
        "task-name",
        name,
    ]


def _secret(secret: Secret) -> SecretMessage:
    return SecretMessage(
        group=secret.group or "",
        key=secret.key or "",
        group_version=secret.group_version or "",
        mount_requirement=_MOUNTS[secret.mount_requirement],
        env_var=secret.env_var or "",
    )
