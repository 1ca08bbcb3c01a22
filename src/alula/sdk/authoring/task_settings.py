"""The settings of a task: as authors give them, and as its kind and its specification see them.

What `@task` takes is a row of `TaskOptions`. `@dynamic` and the entities that are no functions take the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

from alula.sdk.authoring.accelerators import GPUAccelerator, SharedMemory, checked_accelerator, checked_shared_memory
from alula.sdk.authoring.cache import Cache, ordered
from alula.sdk.authoring.documentation import Documentation, checked_docs
from alula.sdk.authoring.image_spec import ImageSpec
from alula.sdk.authoring.overrides import cache_setting, image_name, retry_count, timeout_seconds
from alula.sdk.authoring.pod_template import PodTemplate, checked_pod_template
from alula.sdk.authoring.promise import Entity
from alula.sdk.authoring.resources import GrowMemory, Resources, checked, checked_growth, checked_single
from alula.sdk.authoring.settings import check_flags, check_labels, check_names, check_texts
from alula.sdk.mistake import Location, mistake, refuse_unknown
from alula.sdk.task_context.secret import MOUNTS, Secret

if TYPE_CHECKING:
    from datetime import timedelta


class TaskOptions(TypedDict, total=False):
    """Arguments of `@task`."""

    retries: int
    timeout: int | timedelta
    cache: bool | Cache
    cache_version: str | None
    cache_serialize: bool
    cache_ignore_input_vars: Sequence[str]
    requests: Resources | None
    limits: Resources | None
    resources: Resources | None
    on_out_of_memory: GrowMemory | None
    accelerator: GPUAccelerator | None
    shared_memory: SharedMemory | None
    environment: Mapping[str, str] | None
    container_image: str | ImageSpec | None
    pod_template: PodTemplate | None
    pod_template_name: str | None
    labels: Mapping[str, str] | None
    annotations: Mapping[str, str] | None
    interruptible: bool | None
    enable_deck: bool
    disable_deck: bool | None
    fork: bool
    docs: str | Documentation
    deprecated: str
    secret_requests: Sequence[Secret]
    pickle_untyped: bool


class TaskSettings(NamedTuple):
    """The arguments of `@task`, checked."""

    retries: int = 0
    timeout_s: float = 0.0
    """0 for no limit."""
    cache: Cache | None = None
    requests: Resources | None = None
    limits: Resources | None = None
    on_out_of_memory: GrowMemory | None = None
    accelerator: GPUAccelerator | None = None
    shared_memory: SharedMemory | None = None
    environment: Mapping[str, str] | None = None
    container_image: str | None = None
    image_spec: ImageSpec | None = None
    """The contents of `container_image`, if they are told."""
    pod_template: PodTemplate | None = None
    pod_template_name: str = ""
    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None
    interruptible: bool | None = None
    enable_deck: bool = False
    fork: bool = True
    docs: Documentation | None = None
    deprecated: str = ""
    secret_requests: tuple[Secret, ...] = ()
    pickle_untyped: bool = False
    node_dependency_hints: tuple[Entity, ...] = ()
    """Entities to register with it."""


def task_settings(options: TaskOptions, what: str, *, at: Location) -> TaskSettings:
    """The settings that `what` is given. Raises `InvalidInput` for one that is unknown or can't be."""
    unknown = {name: value for name, value in options.items() if name not in TaskOptions.__annotations__}
    refuse_unknown(unknown, what, TaskOptions.__annotations__, replaced=REPLACED, at=at)
    given = options.get
    check_texts(at=at, deprecated=given("deprecated"), pod_template_name=given("pod_template_name"))
    check_flags(at=at, interruptible=given("interruptible"), fork=given("fork"), pickle_untyped=given("pickle_untyped"))
    check_names(at=at, cache_ignore_input_vars=given("cache_ignore_input_vars"))
    check_labels(at=at, labels=given("labels"), annotations=given("annotations"))
    requests, limits = _resources(options, at=at)
    cached = cache_setting(
        given("cache", False),
        given("cache_version"),
        given("cache_serialize", False),
        ordered(given("cache_ignore_input_vars") or ()),
        at=at,
    )
    growth, image = given("on_out_of_memory"), given("container_image")
    return TaskSettings(
        retries=retry_count(given("retries", 0), at=at),
        timeout_s=timeout_seconds(given("timeout", 0), at=at),
        cache=cached if isinstance(cached, Cache) else None,
        requests=requests,
        limits=limits,
        on_out_of_memory=checked_growth(growth, "on_out_of_memory", at=at) if growth is not None else None,
        accelerator=checked_accelerator(given("accelerator"), at=at),
        shared_memory=checked_shared_memory(given("shared_memory"), at=at),
        environment=_environment(given("environment"), at=at),
        container_image=image_name(image, at=at),
        image_spec=image if isinstance(image, ImageSpec) else None,
        pod_template=checked_pod_template(given("pod_template"), at=at),
        pod_template_name=given("pod_template_name") or "",
        labels=given("labels"),
        annotations=given("annotations"),
        interruptible=given("interruptible"),
        enable_deck=_deck(options, at=at),
        fork=given("fork", True) is not False,
        docs=checked_docs(given("docs"), at=at),
        deprecated=given("deprecated") or "",
        secret_requests=_secrets(given("secret_requests", ()), at=at),
        pickle_untyped=bool(given("pickle_untyped")),
    )


REPLACED = {
    "deck_fields": "show what is of use by a `Deck` in the task",
    "execution_mode": "write `@dynamic` for a task that makes a graph",
    "task_resolver": "tasks are found by module and name; declare them at the top level of a module",
    "metadata": "give its fields as settings",
    "task_config": "leave it out: the class of the task says what runs it",
    "node_dependency_hints": "give it to the `@dynamic` task whose calls are not known before it runs",
    "local_logs": "leave it out: `alula logs` shows what an attempt has written",
    "security_ctx": "write `secret_requests`",
    **dict.fromkeys(
        ("remote", "client_secret_group", "client_secret_key", "client_secret_env_var"),
        "leave it out: an attempt reaches the platform that runs it",
    ),
}
"""Settings of flytekit that do not exist here, and what to do instead."""


def _resources(options: TaskOptions, *, at: Location) -> tuple[Resources | None, Resources | None]:
    requests, limits, both = options.get("requests"), options.get("limits"), options.get("resources")
    if both is not None:
        if requests is not None or limits is not None:
            raise mistake("ConflictingResources", "give either `resources`, or `requests` and `limits`", at=at)
        return checked(both, "resources", at=at).split()
    return (
        checked_single(requests, "requests", at=at) if requests is not None else None,
        checked_single(limits, "limits", at=at) if limits is not None else None,
    )


def _deck(options: TaskOptions, *, at: Location) -> bool:
    enabled, disabled = options.get("enable_deck"), options.get("disable_deck")
    check_flags(at=at, enable_deck=enabled, disable_deck=disabled)
    if enabled is not None and disabled is not None:
        raise mistake("InvalidSetting", "give either `enable_deck` or `disable_deck`", at=at)
    return bool(enabled) if enabled is not None else disabled is False


def _environment(environment: Mapping[str, str] | None, *, at: Location) -> Mapping[str, str] | None:
    if environment is None:
        return None
    if not isinstance(cast("object", environment), Mapping):
        raise mistake("InvalidEnvironment", f"`environment` is {environment!r}, expected a dict of texts", at=at)
    for name, value in cast("Mapping[object, object]", environment).items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise mistake("InvalidEnvironment", f"`environment` has {name!r}: {value!r}, expected texts", at=at)
        if not name or "=" in name or "\0" in name + value:
            why = f"`environment` has {name!r}: {value!r}, which no process can have"
            raise mistake("InvalidEnvironment", why, at=at)
    return dict(environment)


def _secrets(requests: Sequence[Secret] | None, *, at: Location) -> tuple[Secret, ...]:
    if not isinstance(cast("object", requests), list | tuple | None):
        raise mistake("InvalidSetting", f"`secret_requests` is {requests!r}, expected a list of `Secret`", at=at)
    for secret in cast("Sequence[object]", requests or ()):
        if not isinstance(secret, Secret):
            raise mistake("InvalidSetting", f"`secret_requests` has {secret!r}, expected a `Secret`", at=at)
        check_texts(at=at, group=secret.group, key=secret.key, group_version=secret.group_version)
        check_texts(at=at, env_var=secret.env_var)
        if secret.mount_requirement not in MOUNTS:
            listed = ", ".join(map(repr, MOUNTS))
            why = f"`mount_requirement` of a `Secret` is {secret.mount_requirement!r}, expected one of {listed}"
            raise mistake("InvalidSetting", why, at=at)
        if not secret.group and not secret.key:
            why = "a `Secret` has neither a group nor a key"
            raise mistake("InvalidSetting", why, at=at, fix='write `Secret(group="database", key="password")`')
    return tuple(requests or ())
