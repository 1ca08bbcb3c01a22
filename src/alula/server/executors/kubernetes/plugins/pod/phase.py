"""How far an attempt's pod is, from what the pod tells. Flyte's rules.

deletion asked for ─► ended, once its containers have, or nobody tells of them any more
primary container terminated ─► ended by its exit; a raw one that ended well, once its outputs are taken away
primary container running ─► runs
pod failed ─► ended by what took it away
else it waits: for a node, for an image, for its containers; each of them for some time only
"""

from __future__ import annotations

import msgspec

from alula.core.engine.attempt_info import AttemptInfo
from alula.core.errors import TaskError
from alula.core.policy.outcome import OutcomeCode
from alula.server.executors.kubernetes.objects import Object, microseconds
from alula.server.executors.kubernetes.options import KubernetesOptions
from alula.server.executors.kubernetes.plugin import Seen
from alula.server.executors.kubernetes.plugins.pod.copilot import INPUTS
from alula.server.executors.kubernetes.plugins.pod.copilot_failure import copilot_failure
from alula.server.executors.kubernetes.plugins.pod.lost import given_up, lost, removed
from alula.server.executors.kubernetes.plugins.pod.status import NOT_STARTED, OUT_OF_MEMORY, Pod, Terminated, pod_of
from alula.server.executors.kubernetes.plugins.pod.waiting import prepares, waits
from alula.server.executors.progress import Ended, Runs, Waits


def phase_of(found: Object, now: int, options: KubernetesOptions) -> Seen:
    """The progress of a pod that is to run, as of `now` in microseconds since the epoch."""
    pod = pod_of(found)
    if (error := given_up(found)) is not None:
        return Seen(Ended(microseconds(found.metadata.deletion_timestamp) or now, error=error, must_stop=True))
    ended = _ended(pod)
    if found.metadata.deletion_timestamp is not None:
        return _deleted(pod, ended, now, options)
    if ended is not None:
        return Seen(ended)
    if pod.status.phase in ("Succeeded", "Failed"):
        return Seen(_failed(pod, now))
    ran = _ran(pod)
    if ran is None:
        return waits(pod, now, options)
    over = pod.terminated(pod.primary)
    return _leaves(pod, ran, over, now, options) if over is not None else Seen(ran)


def gone(found: Object, now: int) -> Ended:
    """The end of a pod that is not there any more, by what it told last."""
    pod = pod_of(found)
    ended = _ended(pod)
    if ended is not None and found.metadata.deletion_timestamp is None:
        return ended
    return Ended(now, runs=_ran(pod), error=removed(pod))


def _runs(pod: Pod, at: int) -> Runs:
    namespace, name = pod.object.key
    info = AttemptInfo({"namespace": namespace, "pod": name, "node": pod.spec.node_name})
    return Runs(at, f"pod {namespace}/{name} on node {pod.spec.node_name}", info)


def _ran(pod: Pod) -> Runs | None:
    """Since when the primary container ran; None if it never did."""
    primary = pod.status.container(pod.primary)
    if primary is None:
        return None
    if primary.state.running is not None:
        return _runs(pod, microseconds(primary.state.running.started_at))
    ended = primary.state.terminated
    if ended is None or ended.started_at is None or ended.reason in NOT_STARTED or ended.started_at.year <= 1970:
        return None
    return _runs(pod, microseconds(ended.started_at))


def _leaves(pod: Pod, ran: Runs, over: Terminated, now: int, options: KubernetesOptions) -> Seen:
    """A raw container has ended well. Its attempt goes on until its outputs are taken away, if they can be."""
    found = prepares(pod, now, options, since=microseconds(over.finished_at))
    if isinstance(found.progress, Ended):
        return Seen(msgspec.structs.replace(found.progress, runs=ran))
    return Seen(ran, found.look_again_at)


def _deleted(pod: Pod, ended: Ended | None, now: int, options: KubernetesOptions) -> Seen:
    """Somebody else has asked for the pod's deletion."""
    asked = microseconds(pod.object.metadata.deletion_timestamp)
    until = asked + round(options.node_lost_grace_s * 1_000_000)
    running = [each.name for each in pod.status.containers if each.state.running is not None]
    if running and now < until:
        ran = _ran(pod)
        return Seen(ran if ran is not None else Waits("INITIALIZING", asked, "its pod is being deleted"), until)
    if running:
        node = pod.spec.node_name
        error = lost(OutcomeCode.NODE_LOST, f"node {node} does not say how the pod ended, which was deleted")
        return Seen(Ended(now, runs=_ran(pod), error=error))
    if ended is not None and ended.exit_code == 0:
        return Seen(ended)
    at = ended.at if ended is not None else asked
    return Seen(Ended(min(at, now) or now, runs=_ran(pod), error=removed(pod)))


def _ended(pod: Pod) -> Ended | None:
    """The end that the attempt has come to, by its containers; None if they have not."""
    ended = pod.terminated(pod.primary)
    if ended is None or ended.exit_code or not pod.copilot:
        return _ended_by(pod, ended) if ended is not None else None
    after = pod.terminated(pod.copilot)
    if after is None:
        return None
    if after.exit_code:
        return Ended(microseconds(after.finished_at), runs=_ran(pod), error=_taken_away(pod) or copilot_failure(after))
    return msgspec.structs.replace(_ended_by(pod, ended), at=microseconds(after.finished_at))


def _ended_by(pod: Pod, ended: Terminated) -> Ended:
    """The end by that of the primary container."""
    at, ran = microseconds(ended.finished_at), _ran(pod)
    if ended.reason in NOT_STARTED:
        message = f"the container could not be started: {ended.message}"
        return Ended(at, error=TaskError(OutcomeCode.COMMAND_NOT_FOUND, message))
    if ended.exit_code and (error := _taken_away(pod)) is not None:
        return Ended(at, runs=ran, error=error)
    code = 128 + ended.signal if ended.signal else ended.exit_code
    said = ended.message.strip().rpartition("\n")[2]
    return Ended(at, runs=ran, exit_code=code, out_of_memory=ended.reason == OUT_OF_MEMORY, last_line=said)


def _taken_away(pod: Pod) -> TaskError | None:
    """The failure of a pod that its node or scheduler has ended."""
    marked = pod.status.condition("DisruptionTarget")
    return removed(pod) if pod.status.reason or (marked is not None and marked.status == "True") else None


def _failed(pod: Pod, now: int) -> Ended:
    """The pod is over, and its primary container has not told how it ended."""
    error = _taken_away(pod)
    if error is None:
        for each in pod.status.init_container_statuses:
            if each.state.terminated is not None and each.state.terminated.exit_code:
                return _failed_before(each.name, each.state.terminated)
        if pod.primary not in [each.name for each in (*pod.spec.containers, *pod.spec.init_containers)]:
            error = TaskError("PrimaryContainerNotFound", f"the pod has no container `{pod.primary}`")
        else:
            error = lost(OutcomeCode.INTERRUPTED, "the pod ended, and does not say how its container did")
    return Ended(now, runs=_ran(pod), error=error)


def _failed_before(name: str, ended: Terminated) -> Ended:
    """A container that prepares others has failed."""
    if name == INPUTS:
        return Ended(microseconds(ended.finished_at), error=copilot_failure(ended))
    said = f": {ended.message.strip()}" if ended.message.strip() else ""
    if ended.reason == OUT_OF_MEMORY:
        error = TaskError(
            OutcomeCode.OUT_OF_MEMORY,
            f"init container `{name}` used more memory than its limit{said}",
            recoverable=True,
        )
    else:
        message = f"init container `{name}` ended with status {ended.exit_code}{said}"
        error = TaskError(OutcomeCode.EXIT_CODE, message, recoverable=True)
    return Ended(microseconds(ended.finished_at), error=error)
