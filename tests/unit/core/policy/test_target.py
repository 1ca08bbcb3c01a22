"""What a task runs, and how a node changes it."""

import itertools

import pytest
from flyteidl.core import literals_pb2, tasks_pb2, workflow_pb2
from google.protobuf.json_format import MessageToDict
from tests.graphs import task
from tests.unit.core.policy.test_resources import resources

from alula.core.literals.structs import struct_of
from alula.core.policy.resources import Amounts, Resources, resolve_resources
from alula.core.policy.target import data_config_of, environment_of, set_pod, with_overrides

_MAIN = {
    "name": "main",
    "image": "a:1",
    "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}],
    "resources": {"requests": {"cpu": 2.0, "amd.com/gpu": 1.0, "example.com/tpu": "4"}, "limits": {"memory": "2Gi"}},
}
_MAIN_RESOURCES = Resources(
    Amounts(2000, 2 * 2**30, 1), Amounts(memory_bytes=2 * 2**30), extended={"example.com/tpu": 4}
)
_SIDE = {"name": "side", "image": "s:1", "resources": {"requests": {"cpu": "7"}}}
_ACCELERATOR = tasks_pb2.ExtendedResources(gpu_accelerator=tasks_pb2.GPUAccelerator(device="nvidia-tesla-t4"))
_OVERRIDES = {
    "resources": resources({"cpu": "3", "gpu": "1"}, {"mem": "3Gi"}),
    "extended_resources": _ACCELERATOR,
    "container_image": "b:2",
}


def pod_task(*containers: object, primary: str = "main", **spec: object) -> tasks_pb2.TaskTemplate:
    template = task("t")
    pod_spec = struct_of({"containers": list(containers), **spec})  # type: ignore[arg-type, dict-item]
    template.k8s_pod.CopyFrom(tasks_pb2.K8sPod(pod_spec=pod_spec, primary_container_name=primary))
    return template


def spec_of(template: tasks_pb2.TaskTemplate) -> dict[str, object]:
    return MessageToDict(template.k8s_pod.pod_spec)


def test_a_pod_asks_for_what_its_primary_container_asks_for() -> None:
    assert resolve_resources(pod_task(_SIDE, _MAIN)) == _MAIN_RESOURCES


def test_what_a_pod_asks_for_by_names_of_its_cluster_is_part_of_it() -> None:
    asked = {"requests": {"cpu": "1", "nvidia.com/mig-1g.5gb": 1.0}, "limits": {"nvidia.com/mig-1g.5gb": "1"}}
    found = resolve_resources(pod_task({"name": "main", "resources": asked}))
    assert found == Resources(Amounts(1000), extended={"nvidia.com/mig-1g.5gb": 1})


def test_the_variables_of_a_pod_are_those_of_its_primary_container() -> None:
    assert environment_of(pod_task(_SIDE, _MAIN)) == {"A": "1"}


def test_the_config_may_name_the_primary_container_and_an_only_one_needs_no_name() -> None:
    named = pod_task(_SIDE, _MAIN, primary="")
    named.config["primary_container_name"] = "side"
    assert resolve_resources(named).requests.cpu_millicores == 7000
    assert resolve_resources(pod_task(_SIDE, primary="")).requests.cpu_millicores == 7000


@pytest.mark.parametrize("given", [words for n in (1, 2, 3) for words in itertools.combinations(_OVERRIDES, n)])
def test_a_pod_stays_a_pod_whatever_a_node_changes(given: tuple[str, ...]) -> None:
    before = pod_task(_SIDE, _MAIN, restartPolicy="Never")
    kept = before.SerializeToString(deterministic=True)
    changed = with_overrides(before, workflow_pb2.TaskNodeOverrides(**{word: _OVERRIDES[word] for word in given}))
    assert before.SerializeToString(deterministic=True) == kept
    main = dict(_MAIN)
    if "resources" in given:
        main["resources"] = {
            "requests": {"cpu": "3", "nvidia.com/gpu": "1", "example.com/tpu": "4"},
            "limits": {"memory": "3Gi"},
        }
    if "container_image" in given:
        main["image"] = "b:2"
    assert spec_of(changed) == {"containers": [_SIDE, main], "restartPolicy": "Never"}
    assert (changed.extended_resources == _ACCELERATOR) is ("extended_resources" in given)


@pytest.mark.parametrize("given", [words for n in (1, 2, 3) for words in itertools.combinations(_OVERRIDES, n)])
def test_a_container_stays_a_container(given: tuple[str, ...]) -> None:
    before = task("t")
    changed = with_overrides(before, workflow_pb2.TaskNodeOverrides(**{word: _OVERRIDES[word] for word in given}))
    assert changed.container.args == before.container.args
    assert changed.container.image == ("b:2" if "container_image" in given else before.container.image)
    assert resolve_resources(changed).requests.cpu_millicores == (3000 if "resources" in given else 0)


@pytest.mark.parametrize("target", ["sql", "nothing"])
def test_what_has_neither_gets_neither(target: str) -> None:
    before = task("t")
    before.ClearField("container")
    if target == "sql":
        before.sql.statement = "SELECT 1"
    changed = with_overrides(before, workflow_pb2.TaskNodeOverrides(**_OVERRIDES))
    assert changed.WhichOneof("target") == before.WhichOneof("target")
    assert changed.extended_resources == _ACCELERATOR


def test_accelerator_and_shared_memory_are_changed_each_on_its_own() -> None:
    before = task("t")
    before.extended_resources.CopyFrom(_ACCELERATOR)
    shared = tasks_pb2.ExtendedResources(shared_memory=tasks_pb2.SharedMemory(size_limit="1Gi"))
    changed = with_overrides(before, workflow_pb2.TaskNodeOverrides(extended_resources=shared))
    assert changed.extended_resources.gpu_accelerator.device == "nvidia-tesla-t4"
    assert changed.extended_resources.shared_memory.size_limit == "1Gi"


def test_a_pod_laid_over_a_container_keeps_its_command() -> None:
    before = task("t")
    before.container.env.append(literals_pb2.KeyValuePair(key="A", value="1"))
    before.container.resources.CopyFrom(resources({"cpu": "1"}))
    above = pod_task({"name": "main", "resources": {"limits": {"cpu": "4"}}}, _SIDE, nodeSelector={"a": "b"})
    changed = with_overrides(before, workflow_pb2.TaskNodeOverrides(pod_template=above.k8s_pod))
    main = {
        "name": "main",
        "image": "python",
        "args": ["true"],
        "env": [{"name": "A", "value": "1"}],
        "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "4"}},
    }
    assert spec_of(changed) == {"containers": [main, _SIDE], "nodeSelector": {"a": "b"}}
    assert changed.k8s_pod.primary_container_name == "main"


def test_a_pod_laid_over_a_pod_goes_first_and_keeps_the_rest() -> None:
    before = pod_task(_MAIN, tolerations=[{"key": "x"}], restartPolicy="Never")
    above = pod_task({"name": "main", "image": "c:3"}, tolerations=[{"key": "y"}], restartPolicy="Always")
    overrides = workflow_pb2.TaskNodeOverrides(pod_template=above.k8s_pod, resources=resources({"cpu": "9"}))
    changed = with_overrides(before, overrides)
    assert spec_of(changed)["tolerations"] == [{"key": "x"}, {"key": "y"}]
    assert spec_of(changed)["restartPolicy"] == "Always"
    assert spec_of(changed)["containers"][0]["image"] == "c:3"  # type: ignore[index]
    assert resolve_resources(changed).requests.cpu_millicores == 9000


@pytest.mark.parametrize("spec", [{}, {"containers": 5}, {"containers": ["x"]}, {"containers": [{"resources": 1}]}])
def test_a_pod_that_makes_no_sense_asks_for_nothing(spec: dict[str, object]) -> None:
    template = task("t")
    template.k8s_pod.pod_spec.CopyFrom(struct_of(spec))  # type: ignore[arg-type]
    assert resolve_resources(template) == Resources()
    assert environment_of(template) == {}


def test_a_pod_laid_over_a_raw_container_has_its_files() -> None:
    task = tasks_pb2.TaskTemplate()
    task.container.data_config.enabled = True
    task.container.data_config.input_path = "/in"
    set_pod(task, tasks_pb2.K8sPod())
    assert (data_config_of(task).enabled, data_config_of(task).input_path) == (True, "/in")
