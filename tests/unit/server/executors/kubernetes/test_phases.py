"""How far an attempt is, by what its pod tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from alula.core.errors import TaskError
from alula.server.executors.kubernetes import naming
from alula.server.executors.kubernetes.objects import Object
from alula.server.executors.kubernetes.options import KubernetesOptions
from alula.server.executors.kubernetes.plugin import Seen
from alula.server.executors.kubernetes.plugins.pod.phase import gone, phase_of
from alula.server.executors.progress import Ended, Runs, Waits

BORN = datetime(2026, 1, 1, tzinfo=UTC)
OPTIONS = KubernetesOptions(image_pull_grace_s=180, container_error_grace_s=60, node_lost_grace_s=30)


def at(seconds: float) -> str:
    return (BORN + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def us(seconds: float) -> int:
    return int((BORN.timestamp() + seconds) * 1_000_000)


def pod(
    status: dict,
    *,
    node: str = "node1",
    containers: tuple[str, ...] = ("main",),
    annotations: dict[str, str] | None = None,
    **metadata: object,
) -> Object:
    all_of_them = {"primary_container_name": "main", **(annotations or {})}
    document = {
        "metadata": {"name": "a", "namespace": "n", "creationTimestamp": at(0), "annotations": all_of_them, **metadata},
        "spec": {"nodeName": node, "containers": [{"name": each} for each in containers]},
        "status": status,
    }
    return msgspec.json.decode(msgspec.json.encode(document), type=Object)


def container(name: str = "main", **state: dict) -> dict:
    return {"name": name, "state": state}


def condition(type: str, status: str, reason: str = "", message: str = "", seconds: float = 1) -> dict:
    return {"type": type, "status": status, "reason": reason, "message": message, "lastTransitionTime": at(seconds)}


def ended(code: int, reason: str = "Error", message: str = "") -> dict:
    times = {"startedAt": at(5), "finishedAt": at(9)}
    return container(terminated={"exitCode": code, "reason": reason, "message": message, **times})


SCHEDULED = condition("PodScheduled", "True")
RUNNING = container(running={"startedAt": at(5)})


def seen(found: Object, seconds: float = 10, options: KubernetesOptions = OPTIONS) -> Seen:
    return phase_of(found, us(seconds), options)


def waiting(reason: str, message: str = "") -> Object:
    states = [container(waiting={"reason": reason, "message": message})]
    return pod({"phase": "Pending", "conditions": [SCHEDULED], "containerStatuses": states})


# Before it runs


def test_a_new_pod_is_queued():
    assert seen(pod({"phase": "Pending"}, node="")).progress == Waits("QUEUED", us(0))


def test_a_pod_that_no_node_can_take_says_what_it_waits_for():
    why = condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.")
    progress = seen(pod({"phase": "Pending", "conditions": [why]}, node="")).progress
    assert isinstance(progress, Waits)
    assert (progress.phase, progress.at) == ("WAITING_FOR_RESOURCES", us(1))
    assert "3 Insufficient nvidia.com/gpu" in progress.reason


def test_a_pod_with_a_node_is_being_prepared():
    progress = seen(waiting("ContainerCreating")).progress
    assert progress == Waits("INITIALIZING", us(1), "node node1 prepares the pod")


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff"])
def test_an_image_may_come_late(reason):
    found = waiting(reason, "no such image")
    progress, again_at = seen(found, 100)
    assert isinstance(progress, Waits)
    assert "no such image" in progress.reason
    assert again_at == us(1 + OPTIONS.image_pull_grace_s)
    progress, _ = phase_of(found, again_at, OPTIONS)
    assert isinstance(progress, Ended)
    assert progress.must_stop
    assert progress.error is not None
    assert progress.error[2:4] == ("USER", True)
    assert progress.error.code == "ImagePullBackOff"


@pytest.mark.parametrize(
    "reason, seconds, kind, recoverable",
    [
        ("CreateContainerConfigError", 100, "USER", False),
        ("CreateContainerError", 100, "USER", False),
        ("InvalidImageName", 2, "USER", False),
        ("ErrImageNeverPull", 2, "USER", False),
        ("CrashLoopBackOff", 2, "SYSTEM", True),
    ],
)
def test_a_container_that_never_comes_into_being_fails_the_attempt(reason, seconds, kind, recoverable):
    progress = seen(waiting(reason, "because"), seconds).progress
    assert isinstance(progress, Ended)
    assert progress.must_stop
    assert progress.error is not None
    assert (progress.error.code, *progress.error[2:4]) == (reason, kind, recoverable)
    assert "because" in progress.error.message


def test_a_pod_that_must_run_in_time_fails_if_it_does_not():
    options = msgspec.structs.replace(OPTIONS, pending_timeout_s=60)
    found = pod({"phase": "Pending"}, node="")
    assert seen(found, 10, options).look_again_at == us(60)
    progress = seen(found, 60, options).progress
    assert isinstance(progress, Ended)
    assert progress.error is not None
    assert progress.error.code == "PodPendingTimeout"
    running = pod({"phase": "Running", "containerStatuses": [RUNNING]})
    assert isinstance(seen(running, 100, options).progress, Runs)


# Running and its end


def test_a_pod_runs_since_its_primary_container_does():
    progress = seen(pod({"phase": "Running", "containerStatuses": [RUNNING]})).progress
    assert isinstance(progress, Runs)
    assert (progress.at, progress.where) == (us(5), "pod n/a on node node1")
    assert progress.info.custom == {"namespace": "n", "pod": "a", "node": "node1"}


@pytest.mark.parametrize("code", [0, 3])
def test_the_primary_container_ends_the_attempt_while_others_run(code):
    states = [ended(code, message="one\nlast\n"), container("proxy", running={"startedAt": at(4)})]
    progress = seen(pod({"phase": "Running", "containerStatuses": states})).progress
    assert isinstance(progress, Ended)
    assert (progress.at, progress.exit_code, progress.last_line) == (us(9), code, "last")
    assert progress.runs is not None
    assert progress.runs.at == us(5)
    assert (progress.error, progress.out_of_memory, progress.must_stop) == (None, False, False)


def test_the_end_of_another_container_changes_nothing():
    states = [RUNNING, container("proxy", terminated={"exitCode": 1})]
    assert isinstance(seen(pod({"phase": "Running", "containerStatuses": states})).progress, Runs)


@pytest.mark.parametrize("code", [137, 0])
def test_out_of_memory_is_told_apart(code):
    progress = seen(pod({"phase": "Failed", "containerStatuses": [ended(code, "OOMKilled")]})).progress
    assert isinstance(progress, Ended)
    assert progress.out_of_memory


def test_a_command_that_is_not_in_the_image_never_ran():
    times = {"startedAt": "1970-01-01T00:00:00Z", "finishedAt": at(9)}
    state = container(terminated={"exitCode": 128, "reason": "StartError", "message": "exec: no", **times})
    progress = seen(pod({"phase": "Failed", "containerStatuses": [state]})).progress
    assert isinstance(progress, Ended)
    assert (progress.runs, progress.exit_code) == (None, None)
    assert progress.error is not None
    assert (progress.error.code, progress.error.recoverable) == ("CommandNotFound", False)


def test_a_container_that_prepares_may_fail():
    first = container("fetch", terminated={"exitCode": 2, "reason": "Error", "message": "no", "finishedAt": at(3)})
    progress = seen(pod({"phase": "Failed", "initContainerStatuses": [first]})).progress
    assert isinstance(progress, Ended)
    assert progress.error is not None
    assert progress.error.code == "ExitCode"
    assert "`fetch` ended with status 2: no" in progress.error.message


def test_a_pod_without_its_primary_container_fails_for_good():
    progress = seen(pod({"phase": "Succeeded"}, containers=("other",))).progress
    assert isinstance(progress, Ended)
    assert progress.error is not None
    assert (progress.error.code, progress.error.recoverable) == ("PrimaryContainerNotFound", False)


# Raw containers


RAW = {naming.COPILOT: "alula-outputs"}


def raw_pod(phase: str, *init: dict, outputs: dict | None = None) -> Object:
    status = {"phase": phase, "conditions": [SCHEDULED], "initContainerStatuses": [*init]}
    after = container("alula-outputs", **(outputs or {"waiting": {"reason": "PodInitializing"}}))
    return pod({**status, "containerStatuses": [after]}, containers=("alula-outputs",), annotations=RAW)


def over(code: int, message: str = "", reason: str = "") -> dict:
    times = {"startedAt": at(9), "finishedAt": at(20)}
    return {"terminated": {"exitCode": code, "message": message, "reason": reason, **times}}


BROUGHT = container("alula-inputs", terminated={"exitCode": 0})


def test_a_raw_container_waits_for_its_inputs():
    brings = container("alula-inputs", running={"startedAt": at(3)})
    found = raw_pod("Pending", brings, container(waiting={"reason": "PodInitializing"}))
    assert seen(found).progress == Waits("INITIALIZING", us(1), "init container `alula-inputs` runs on node node1")


def test_a_raw_container_runs_in_a_pod_that_says_it_is_pending():
    progress = seen(raw_pod("Pending", BROUGHT, RUNNING)).progress
    assert isinstance(progress, Runs)
    assert progress.at == us(5)


def test_a_raw_container_that_ended_well_runs_on_until_its_outputs_are_taken_away():
    for outputs in ({"waiting": {"reason": "PodInitializing"}}, {"running": {"startedAt": at(9)}}):
        progress = seen(raw_pod("Running", BROUGHT, ended(0), outputs=outputs)).progress
        assert isinstance(progress, Runs)
        assert progress.at == us(5)
    progress = seen(raw_pod("Succeeded", BROUGHT, ended(0, message="bye"), outputs=over(0))).progress
    assert isinstance(progress, Ended)
    assert (progress.at, progress.exit_code, progress.error, progress.last_line) == (us(20), 0, None, "bye")


def test_a_raw_container_that_failed_ends_its_attempt_at_once():
    progress = seen(raw_pod("Failed", BROUGHT, ended(3))).progress
    assert isinstance(progress, Ended)
    assert (progress.at, progress.exit_code, progress.error) == (us(9), 3, None)


def test_an_image_of_the_copilot_that_is_gone_at_the_end_is_waited_for_from_then_on():
    found = raw_pod("Pending", BROUGHT, ended(0), outputs={"waiting": {"reason": "ErrImagePull", "message": "gone"}})
    progress, again_at = seen(found, 1000, msgspec.structs.replace(OPTIONS, image_pull_grace_s=2000))
    assert isinstance(progress, Runs)
    assert again_at == us(9 + 2000)
    progress = seen(found, 1000).progress
    assert isinstance(progress, Ended)
    assert progress.must_stop
    assert progress.runs is not None


TOLD = TaskError("InputNotFound", "input x is not there")


@pytest.mark.parametrize(
    "message, reason, code, kind, recoverable, says",
    [
        (msgspec.json.encode(TOLD).decode(), "Error", "InputNotFound", "USER", False, "input x is not there"),
        ("Traceback\nMemoryError", "Error", "CopilotFailed", "SYSTEM", True, "status 1: Traceback"),
        ("", "OOMKilled", "CopilotFailed", "SYSTEM", True, "copilot_memory_bytes"),
        ("exec: no alula-copilot", "StartError", "CopilotFailed", "SYSTEM", False, "needs `alula` in it"),
    ],
)
def test_the_copilot_says_why_it_failed(message, reason, code, kind, recoverable, says):
    before = raw_pod("Failed", container("alula-inputs", **over(1, message, reason)))
    after = raw_pod("Failed", BROUGHT, ended(0), outputs=over(1, message, reason))
    for found, ran in ((before, False), (after, True)):
        progress = seen(found).progress
        assert isinstance(progress, Ended)
        assert progress.error is not None
        assert (progress.error.code, *progress.error[2:4]) == (code, kind, recoverable)
        assert says in progress.error.message
        assert (progress.runs is not None) == ran


def test_a_copilot_that_was_taken_away_is_no_failure_of_its_own():
    found = raw_pod("Failed", BROUGHT, ended(0), outputs=over(137))
    status = msgspec.json.decode(found.status) | {"reason": "Evicted"}
    progress = seen(msgspec.structs.replace(found, status=msgspec.Raw(msgspec.json.encode(status)))).progress
    assert isinstance(progress, Ended)
    assert progress.error is not None
    assert progress.error.code == "Evicted"


def test_an_init_container_of_the_kind_that_runs_beside_others_is_not_waited_for():
    found = pod(
        {
            "phase": "Pending",
            "conditions": [SCHEDULED],
            "initContainerStatuses": [container("proxy", running={"startedAt": at(2)})],
        }
    )
    spec = msgspec.json.decode(found.spec) | {"initContainers": [{"name": "proxy", "restartPolicy": "Always"}]}
    progress = seen(msgspec.structs.replace(found, spec=msgspec.Raw(msgspec.json.encode(spec)))).progress
    assert progress == Waits("INITIALIZING", us(1), "node node1 prepares the pod")


# Taken away


@pytest.mark.parametrize(
    "status, code",
    [
        ({"reason": "Evicted", "message": "low on memory"}, "Evicted"),
        ({"reason": "Preempting"}, "Preempted"),
        ({"reason": "NodeLost"}, "NodeLost"),
        ({"reason": "Terminated"}, "Interrupted"),
        ({"conditions": [condition("DisruptionTarget", "True", "PreemptionByScheduler")]}, "Preempted"),
        ({"conditions": [condition("DisruptionTarget", "True", "EvictionByEvictionAPI")]}, "Evicted"),
        ({"conditions": [condition("DisruptionTarget", "True", "DeletionByTaintManager")]}, "NodeLost"),
    ],
    ids=str,
)
@pytest.mark.parametrize("states", [[], [ended(137)]], ids=["silent", "killed"])
def test_what_takes_a_pod_away_is_the_failure(status, code, states):
    progress = seen(pod({"phase": "Failed", **status, "containerStatuses": states})).progress
    assert isinstance(progress, Ended)
    assert progress.error is not None
    assert (progress.error.code, progress.error.kind, progress.error.recoverable) == (code, "SYSTEM", True)


def test_a_pod_that_is_deleted_from_outside_ends_with_its_containers():
    going = {"deletionTimestamp": at(8), "finalizers": [naming.FINALIZER]}
    running = pod({"phase": "Running", "containerStatuses": [RUNNING]}, **going)
    progress, again_at = seen(running)
    assert isinstance(progress, Runs)
    assert again_at == us(8 + OPTIONS.node_lost_grace_s)
    progress = seen(pod({"phase": "Failed", "containerStatuses": [ended(143)]}, **going)).progress
    assert isinstance(progress, Ended)
    assert progress.error is not None
    assert (progress.error.code, progress.error.kind) == ("UnexpectedObjectDeletion", "SYSTEM")
    progress = phase_of(running, again_at, OPTIONS).progress
    assert isinstance(progress, Ended)
    assert progress.error is not None
    assert progress.error.code == "NodeLost"


def test_a_pod_that_did_its_work_before_it_was_deleted_has_ended_well():
    going = {"deletionTimestamp": at(8), "finalizers": [naming.FINALIZER]}
    progress = seen(pod({"phase": "Succeeded", "containerStatuses": [ended(0, "Completed")]}, **going)).progress
    assert isinstance(progress, Ended)
    assert (progress.exit_code, progress.error) == (0, None)


def test_a_pod_that_is_gone_ended_as_it_was_last():
    assert gone(pod({"phase": "Succeeded", "containerStatuses": [ended(0)]}), us(10)).exit_code == 0
    vanished = gone(pod({"phase": "Running", "containerStatuses": [RUNNING]}), us(10))
    assert vanished.error is not None
    assert vanished.error.code == "UnexpectedObjectDeletion"
    assert vanished.runs is not None


def test_what_the_platform_has_given_up_says_why():
    error = TaskError("ImagePullBackOff", "no such image", recoverable=True)
    why = naming.giving_up(pod({}), error)["metadata"]["annotations"]
    progress = seen(pod({"phase": "Pending"}, annotations=why, deletionTimestamp=at(8))).progress
    assert isinstance(progress, Ended)
    assert progress.error == error
