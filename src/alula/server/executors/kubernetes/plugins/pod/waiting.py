"""What a pod that does not run yet waits for, and for how long it may."""

from __future__ import annotations

from alula.core.errors import TaskError
from alula.server.executors.kubernetes.objects import microseconds
from alula.server.executors.kubernetes.options import KubernetesOptions
from alula.server.executors.kubernetes.plugin import Seen
from alula.server.executors.kubernetes.plugins.pod.status import Pod, Waiting
from alula.server.executors.progress import Ended, Waits

_PREPARING = frozenset(("", "ContainerCreating", "PodInitializing"))
_PULLING = frozenset(("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "ImageInspectError"))
_CREATING = frozenset(("CreateContainerError", "CreateContainerConfigError", "RunContainerError"))
_NEVER = frozenset(("InvalidImageName", "ErrImageNeverPull"))


def waits(pod: Pod, now: int, options: KubernetesOptions) -> Seen:
    """The wait of a pod, or its end if it has waited for too long."""
    created = microseconds(pod.object.metadata.creation_timestamp) or now
    found = prepares(pod, now, options) if pod.spec.node_name else _unplaced(pod, created)
    if options.pending_timeout_s and isinstance(found.progress, Waits):
        until = created + _us(options.pending_timeout_s)
        if now >= until:
            why = f": {found.progress.reason}" if found.progress.reason else ""
            message = f"the pod did not run within {options.pending_timeout_s:g} s{why}"
            return Seen(_give_up("PodPendingTimeout", message, now, recoverable=True))
        return Seen(found.progress, min(found.look_again_at or until, until))
    return found


def _unplaced(pod: Pod, created: int) -> Seen:
    """It waits for a node."""
    scheduled = pod.status.condition("PodScheduled")
    if scheduled is None or scheduled.status == "True" or not scheduled.reason:
        return Seen(Waits("QUEUED", created))
    at = microseconds(scheduled.last_transition_time) or created
    if scheduled.reason == "SchedulingGated":
        return Seen(Waits("QUEUED", at, f"the pod is held back by a scheduling gate: {scheduled.message}"))
    reason = f"no node can take the pod: {scheduled.message or scheduled.reason}"
    return Seen(Waits("WAITING_FOR_RESOURCES", at, reason))


def prepares(pod: Pod, now: int, options: KubernetesOptions, *, since: int = 0) -> Seen:
    """It has a node, and not all of its containers have begun: the first one that waits says why. `since` when, if not
    since it has the node."""
    scheduled = pod.status.condition("PodScheduled")
    at = since or (microseconds(scheduled.last_transition_time) if scheduled is not None else 0)
    at = at or microseconds(pod.object.metadata.creation_timestamp) or now
    for each in pod.status.containers:
        if each.state.waiting is not None and each.state.waiting.reason not in _PREPARING:
            return _troubled(each.name, each.state.waiting, pod, at, now, options)
    beside = {each.name for each in pod.spec.init_containers if each.restart_policy == "Always"}
    for each in pod.status.init_container_statuses:
        if each.state.running is not None and each.name not in beside:
            return Seen(Waits("INITIALIZING", at, f"init container `{each.name}` runs on node {pod.spec.node_name}"))
    return Seen(Waits("INITIALIZING", at, f"node {pod.spec.node_name} prepares the pod"))


def _troubled(name: str, waiting: Waiting, pod: Pod, since: int, now: int, options: KubernetesOptions) -> Seen:
    reason = f"{_called(name, pod)} on node {pod.spec.node_name}: {waiting.reason}"
    if waiting.message:
        reason += f": {waiting.message}"
    if waiting.reason in _NEVER:
        return Seen(_give_up(waiting.reason, reason, now))
    if waiting.reason in _PULLING:
        code, grace_s, recoverable = "ImagePullBackOff", options.image_pull_grace_s, True
    elif waiting.reason in _CREATING:
        code, grace_s, recoverable = waiting.reason, options.container_error_grace_s, False
    else:
        return Seen(_give_up(waiting.reason, reason, now, kind="SYSTEM", recoverable=True))
    until = since + _us(grace_s)
    if now >= until:
        message = f"{reason} (after {grace_s:g} s)"
        return Seen(_give_up(code, message, now, recoverable=recoverable))
    return Seen(Waits("INITIALIZING", since, reason), until)


def _called(name: str, pod: Pod) -> str:
    """A container, for people: the name of the only one is that of its pod, and says nothing."""
    return "the container" if name == pod.object.metadata.name else f"container `{name}`"


def _give_up(code: str, message: str, now: int, *, kind: str = "USER", recoverable: bool = False) -> Ended:
    """The end of a pod that may still begin to run, so it has to be stopped."""
    error = TaskError(code, message, "SYSTEM" if kind == "SYSTEM" else "USER", recoverable=recoverable)
    return Ended(now, error=error, must_stop=True)


def _us(seconds: float) -> int:
    return round(seconds * 1_000_000)
