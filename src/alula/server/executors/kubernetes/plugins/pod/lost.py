"""The failures of pods that somebody or something has taken away."""

from __future__ import annotations

import msgspec

from alula.core.errors import TaskError
from alula.core.policy.outcome import OutcomeCode
from alula.server.executors.kubernetes import naming
from alula.server.executors.kubernetes.objects import Object
from alula.server.executors.kubernetes.plugins.pod.status import Pod

_DISRUPTIONS = {
    "PreemptionByScheduler": OutcomeCode.PREEMPTED,
    "EvictionByEvictionAPI": OutcomeCode.EVICTED,
    "TerminationByKubelet": OutcomeCode.EVICTED,
    "DeletionByTaintManager": OutcomeCode.NODE_LOST,
    "DeletionByPodGC": OutcomeCode.NODE_LOST,
}
"""By the reason of the condition `DisruptionTarget`."""
_REASONS = {
    "Evicted": OutcomeCode.EVICTED,
    "Preempting": OutcomeCode.PREEMPTED,
    "NodeLost": OutcomeCode.NODE_LOST,
    "DeadlineExceeded": OutcomeCode.TIMEOUT_EXPIRED,
}
"""By the reason of the pod's status; any other is an interruption."""
_outcomes = msgspec.json.Decoder(TaskError)


def lost(code: OutcomeCode, message: str) -> TaskError:
    """A failure that is not the task's, so that another attempt is worth it."""
    return TaskError(code, message, "SYSTEM", recoverable=True)


def removed(pod: Pod) -> TaskError:
    """The failure of a pod that did not end by itself: by what it says of that, else it was deleted from outside."""
    status, where = pod.status, f"on node {pod.spec.node_name}" if pod.spec.node_name else "before it had a node"
    marked = status.condition("DisruptionTarget")
    if marked is not None and marked.status == "True":
        code = _DISRUPTIONS.get(marked.reason, OutcomeCode.INTERRUPTED)
        return lost(code, f"the pod was taken away {where}: {marked.message or marked.reason}")
    if status.reason:
        told = f"{status.reason}: {status.message}" if status.message else status.reason
        code = _REASONS.get(status.reason, OutcomeCode.INTERRUPTED)
        if code is OutcomeCode.TIMEOUT_EXPIRED:
            return TaskError(code, f"the pod ran longer than it may: {told}", recoverable=True)
        return lost(code, f"the pod was taken away {where}: {told}")
    return lost(OutcomeCode.DELETED, f"the pod was deleted from outside {where}")


def given_up(found: Object) -> TaskError | None:
    """The failure for which the platform has given up on an object, if it has."""
    text = found.metadata.annotations.get(naming.OUTCOME)
    if text is None:
        return None
    try:
        return _outcomes.decode(text)
    except msgspec.DecodeError:
        return lost(OutcomeCode.DELETED, "the pod was given up, and it does not say why")
