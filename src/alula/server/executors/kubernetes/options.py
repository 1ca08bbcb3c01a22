"""The settings of the Kubernetes executor, with their defaults."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from alula.core.amounts import not_amounts

VARIABLES = ("project", "domain")
"""The variables of a namespace's template."""
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Toleration(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A taint of nodes that pods tolerate, in Kubernetes' words."""

    key: str = ""
    operator: Literal["Equal", "Exists"] = "Equal"
    value: str = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""


class KubernetesOptions(msgspec.Struct, frozen=True):
    """The settings of the Kubernetes executor."""

    enabled: bool = False
    kubeconfig: str = ""
    """The file that names the cluster; empty for that of `KUBECONFIG`, of the pod that the platform runs in, or of
    `~/.kube/config`."""
    context: str = ""
    """The context in that file; empty for the current one."""
    namespace: str = ""
    """The namespace of pods, maybe with `{{ project }}` and `{{ domain }}`; empty for that of the context."""
    cluster_resources: str = ""
    """The folder of templates that a namespace is made ready by; empty for none."""
    cluster_resource_values: dict[str, str] = {}
    """Values for these templates."""
    cluster_resource_values_by: dict[str, dict[str, str]] = {}
    """Values for one `DOMAIN`, or one `PROJECT/DOMAIN`, which count more."""
    cluster_resources_refresh_s: float = 60.0
    """The interval at which namespaces are made what the templates say."""
    image: str = ""
    """The image of Alula's own tasks that name none."""
    copilot_image: str = ""
    """The image that brings and takes the files of raw containers, with `alula` in it; empty for `image`."""
    copilot_cpu_millicores: int = 500
    copilot_memory_bytes: int = 256 * 1024 * 1024
    image_pull_policy: Literal["auto", "Always", "IfNotPresent", "Never"] = "auto"
    """`auto` leaves it to the cluster."""
    image_pull_secrets: tuple[str, ...] = ()
    service_account: str = ""
    """The service account of pods whose task and run name none."""
    pod_template: str = ""
    """The `PodTemplate` of tasks that name none."""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    variables: dict[str, str] = {}
    """Variables of all containers, unless a task has them too."""
    secret_variables: tuple[str, ...] = ()
    """Names of secrets whose entries all containers have as variables, such as credentials for the objects."""
    node_selector: dict[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()
    interruptible_node_selector: dict[str, str] = {}
    """Beside `node_selector`, of attempts that may run on a node that can go away."""
    interruptible_tolerations: tuple[Toleration, ...] = ()
    gpu_resource: str = "nvidia.com/gpu"
    """The resource that a GPU is asked for by."""
    accelerator_label: str = "k8s.amazonaws.com/accelerator"
    """The label and taint of nodes that names their kind of GPU."""
    partition_label: str = "k8s.amazonaws.com/gpu-partition-size"
    """The label and taint of nodes that names the size of the parts of their GPUs."""
    shared_folder: str = ""
    """The path on every node of the platform's folder of objects, for objects in a folder; empty for objects that pods
    reach by themselves."""
    platform_url: str = ""
    """The address `host:port` at which pods reach the platform's gRPC; empty if they can't."""
    image_pull_grace_s: float = 180.0
    """The time from when a pod has a node in which its images must have come, if a pull of one has failed."""
    container_error_grace_s: float = 180.0
    """The same for containers that the node fails to make."""
    pending_timeout_s: float = 0.0
    """The time in which a pod must run; 0 for no limit."""
    node_lost_grace_s: float = 60.0
    """The time in which a pod that is being deleted by others must end."""
    kill_grace_s: float = 5.0
    """Time from SIGTERM to SIGKILL when an attempt is cancelled."""
    log_limit_bytes: int = 64 * 1024 * 1024
    """Most of a pod's log that is kept, when it has ended."""
    result_limit_bytes: int = 512 * 1024 * 1024
    """Most that the outputs of one attempt may be in `outputs.pb`."""
    calls: int = 16
    """The number of calls of the API server that may be under way."""

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from not_amounts(self)
        if self.calls < 1:
            yield "calls", f"must be 1 at least, not {self.calls}"
        unknown = set(_VARIABLE.findall(self.namespace)) - set(VARIABLES)
        if unknown:
            yield "namespace", f"has the variable `{min(unknown)}`; there are {', '.join(VARIABLES)}"
        elif self.namespace and not _NAMESPACE.fullmatch(_VARIABLE.sub("x", self.namespace)):
            yield "namespace", f"can't name a namespace: `{self.namespace}`"
        if self.enabled and self.cluster_resources and set(_VARIABLE.findall(self.namespace)) != set(VARIABLES):
            why = "needs a `namespace` of its own for each project and domain, as `{{ project }}-{{ domain }}`"
            yield "cluster_resources", why
        if self.cluster_resources_refresh_s < 1:
            yield "cluster_resources_refresh_s", f"must be 1 at least, not {self.cluster_resources_refresh_s:g}"
        if self.shared_folder and not os.path.isabs(self.shared_folder):
            yield "shared_folder", f"wants an absolute path, not `{self.shared_folder}`"

    def namespace_of(self, project: str, domain: str, default: str) -> str:
        """The namespace of the pods of a project's domain."""
        values: dict[str, str] = {"project": project, "domain": domain}
        return _VARIABLE.sub(lambda match: values[match[1]], self.namespace) or default

    def values_of(self, project: str, domain: str) -> dict[str, str]:
        """The values for templates of a project's domain."""
        by = self.cluster_resource_values_by
        return {**self.cluster_resource_values, **by.get(domain, {}), **by.get(f"{project}/{domain}", {})}

    @property
    def has_many_namespaces(self) -> bool:
        return _VARIABLE.search(self.namespace) is not None
