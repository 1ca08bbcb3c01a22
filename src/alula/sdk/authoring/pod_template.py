"""`PodTemplate`: the Kubernetes pod in which a task runs, beside its main container."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from alula.sdk.absent_members import lacks_keywords, lacks_members
from alula.sdk.authoring.settings import check_labels, check_texts
from alula.sdk.mistake import Location, mistake


class PodTemplate(NamedTuple):
    """A pod with more containers, volumes, tolerations and the like. The task runs in the container of the primary
    name, which need not be in the specification.

    ```python
    @task(pod_template=PodTemplate(pod_spec={"tolerations": [{"key": "gpu", "operator": "Exists"}]}))
    def train() -> None: ...
    ```
    """

    pod_spec: object = None
    """A dict as in a manifest, or a `V1PodSpec` of the package `kubernetes`."""
    primary_container_name: str = "primary"
    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None

    def document(self) -> dict[str, Any]:  # Any: JSON
        """The specification as in a manifest."""
        plain = _plain(self.pod_spec or {})
        assert isinstance(plain, dict), "checked when it was given"
        return cast("dict[str, Any]", plain)


lacks_keywords(PodTemplate, {})
lacks_members(PodTemplate, {"version_hash": "leave it out: the version of what is registered follows from all of it"})


def checked_pod_template(template: object, *, at: Location) -> PodTemplate | None:
    """The value of `pod_template`. Raises `InvalidInput` for anything else."""
    if template is None:
        return None
    if not isinstance(template, PodTemplate):
        raise mistake("InvalidPodTemplate", f"`pod_template` is {template!r}, expected a `PodTemplate`", at=at)
    check_texts(at=at, primary_container_name=template.primary_container_name)
    check_labels(at=at, labels=template.labels, annotations=template.annotations)
    if not template.primary_container_name:
        raise mistake("InvalidPodTemplate", "`primary_container_name` of the pod template is empty", at=at)
    if not isinstance(_plain(template.pod_spec or {}), dict):
        raise mistake(
            "InvalidPodTemplate",
            f"`pod_spec` is {template.pod_spec!r}, expected a dict as in a manifest, or a `V1PodSpec`",
            at=at,
        )
    return template


def _plain(value: object) -> object:
    """A part of a manifest as JSON: objects of the package `kubernetes` say by which names their fields go."""
    names: object = getattr(value, "attribute_map", None)
    if isinstance(names, dict):
        fields = {key: getattr(value, name) for name, key in cast("dict[str, str]", names).items()}
        return {key: _plain(each) for key, each in fields.items() if each is not None}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in cast("Mapping[object, object]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in cast("list[object]", value)]
    named = getattr(value, "image_name", None)  # an ImageSpec as the image of a container
    return named() if callable(named) else value
