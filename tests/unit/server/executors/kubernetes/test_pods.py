"""The pods that attempts become. The whole of some stands in `goldens`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest
from flyteidl.core import tasks_pb2, types_pb2
from google.protobuf import json_format
from tests.attempts import raw as attempts
from tests.attempts.specs import attempt

from alula.core.errors import InvalidInput
from alula.core.policy.resources import Accelerator, Amounts, Resources, SharedMemory
from alula.core.policy.security import RunAs, SecretReference
from alula.server.executor import AttemptSpec
from alula.server.executors.kubernetes.options import KubernetesOptions, Toleration
from alula.server.executors.kubernetes.plugin import Mount, Setting
from alula.server.executors.kubernetes.plugins.pod.build import build

GOLDENS = Path(__file__).parent / "goldens"
RECORD = "ALULA_RECORD_GOLDENS"
"""Set it to have the goldens written anew, and read what has changed."""
TEXT = types_pb2.STRING
OPTIONS = KubernetesOptions(image="registry.test/alula:1")


def spec(**changes: object) -> AttemptSpec:
    base = attempt(
        Path("/data"), "--inputs", "{{.input}}", "--key", "{{.perRetryUniqueKey}}", image="registry.test/etl:2"
    )
    base.task.container.command.append("etl")
    base.task.id.name = "flows.load_all"
    return msgspec.structs.replace(
        base,
        incarnation="i0",
        environment={"A": "1", "FLYTE_INTERNAL_EXECUTION_WORKFLOW": "p:d:flows.nightly"},
        **changes,
    )


def setting(options: KubernetesOptions = OPTIONS, **changes: object) -> Setting:
    return msgspec.structs.replace(Setting(options, "p-d", "platform-1"), **changes)


def pod_task(of: AttemptSpec, pod: dict, **fields: str) -> AttemptSpec:
    task = tasks_pb2.TaskTemplate(type="sidecar")
    task.id.name = of.task.id.name
    json_format.ParseDict(pod, task.k8s_pod.pod_spec)
    task.k8s_pod.metadata.labels["team"] = "data"
    task.k8s_pod.primary_container_name = fields.pop("primary", "")
    return msgspec.structs.replace(of, task=task)


def plain() -> tuple[AttemptSpec, Setting]:
    return spec(), setting()


def full() -> tuple[AttemptSpec, Setting]:
    """A container with all that an attempt's record can ask for."""
    asked = Resources(
        Amounts(cpu_millicores=500, memory_bytes=1 << 30, gpu=2, ephemeral_storage_bytes=5 << 30),
        Amounts(memory_bytes=2 << 30),
        accelerator=Accelerator("nvidia-tesla-a100", "1g.5gb"),
        shared_memory=SharedMemory("/dev/shm", limit_bytes=1 << 28),
        extended={"vendor.test/tpu": 1},
    )
    options = msgspec.structs.replace(
        OPTIONS,
        service_account="tasks",
        image_pull_policy="Always",
        image_pull_secrets=("registry",),
        variables={"AWS_ENDPOINT_URL": "http://store.test"},
        secret_variables=("store",),
        labels={"cost": "research"},
        annotations={"scrape": "no"},
        node_selector={"pool": "tasks"},
        tolerations=(Toleration("tasks", effect="NoSchedule"),),
        interruptible_node_selector={"spot": "true"},
        interruptible_tolerations=(Toleration("spot", "Exists"),),
    )
    given = spec(
        resources=asked,
        interruptible=True,
        labels={"ticket": "7"},
        annotations={"why": "trial"},
        run_as=RunAs(service_account="loader"),
        secrets=(SecretReference("db", "password"), SecretReference("tls", "key", form="FILE")),
    )
    mounts = Mount("/srv/objects", "/data/objects", read_only=True), Mount("/srv/objects/a", "/data/objects/a")
    return given, setting(options, mounts=mounts, run_as=(1000, 1000), variables={"ALULA_ENDPOINT": "http://a:1"})


def sidecars() -> tuple[AttemptSpec, Setting]:
    """A pod of several containers, on a template."""
    pod = {
        "containers": [
            {
                "name": "main",
                "image": "registry.test/main:1",
                "args": ["{{.outputPrefix}}"],
                "ports": [{"containerPort": 80}],
            },
            {"name": "proxy", "image": "registry.test/proxy:1", "resources": {"limits": {"cpu": "1"}}},
        ],
        "initContainers": [{"name": "fetch", "image": "registry.test/fetch:1"}],
        "tolerations": [{"key": "own", "operator": "Exists"}],
    }
    template = {
        "template": {
            "metadata": {"labels": {"from": "template"}, "annotations": {"note": "template"}},
            "spec": {
                "containers": [
                    {"name": "default", "image": "none", "env": [{"name": "ALL", "value": "1"}]},
                    {"name": "primary", "image": "none", "workingDir": "/work"},
                    {"name": "metrics", "image": "registry.test/metrics:1"},
                ],
                "initContainers": [{"name": "default-init", "image": "none", "workingDir": "/init"}],
                "priorityClassName": "batch",
                "tolerations": [{"key": "template", "operator": "Exists"}],
            },
        }
    }
    resources = Resources(Amounts(cpu_millicores=2000))
    return pod_task(spec(resources=resources), pod, primary="main"), setting(template=template)


def raw() -> tuple[AttemptSpec, Setting]:
    """A raw container with the copilot, on a template with a container that runs beside all others."""
    given = attempts.raw(spec(secrets=(SecretReference("db", "password"),)), "sort /in/text > /out/text", text=TEXT)
    given = msgspec.structs.replace(given, resources=Resources(Amounts(cpu_millicores=2000, memory_bytes=1 << 30)))
    template = {
        "template": {
            "spec": {
                "containers": [
                    {"name": "default", "image": "none", "securityContext": {"runAsNonRoot": True}},
                    {"name": "primary", "image": "none", "workingDir": "/work"},
                ],
                "initContainers": [{"name": "proxy", "image": "registry.test/proxy:1", "restartPolicy": "Always"}],
            }
        }
    }
    mounts = (Mount("/srv/objects", "/data/objects", read_only=True),)
    return given, setting(template=template, mounts=mounts, run_as=(1000, 1000))


@pytest.mark.parametrize("case", [plain, full, sidecars, raw], ids=lambda case: case.__name__)
def test_pods_are_as_they_are_written_down(case):
    built = build(*case())
    path = GOLDENS / f"{case.__name__}.json"
    if os.environ.get(RECORD):
        path.write_text(json.dumps(built, indent=2) + "\n")
    assert built == json.loads(path.read_text())


def test_alulas_own_tasks_run_in_the_image_of_the_settings():
    own = spec()
    own.task.container.image = "alula:local"
    assert build(own, setting())["spec"]["containers"][0]["image"] == "registry.test/alula:1"
    with pytest.raises(InvalidInput, match="names no image") as error:
        build(own, setting(KubernetesOptions()))
    assert error.value.code == "NoImage"


def test_the_copilot_has_an_image_of_its_own_if_the_settings_name_one():
    given = attempts.raw(spec(), "true")
    options = msgspec.structs.replace(OPTIONS, copilot_image="registry.test/copilot:2", copilot_cpu_millicores=0)
    [copilot] = build(given, setting(options))["spec"]["containers"]
    assert copilot["image"] == "registry.test/copilot:2"
    assert copilot["resources"]["limits"] == {"memory": str(256 << 20)}
    with pytest.raises(InvalidInput, match="name no image that brings") as error:
        build(given, setting(KubernetesOptions()))
    assert error.value.code == "NoCopilotImage"


def test_a_raw_pod_whose_outputs_no_file_can_be_is_refused():
    many = types_pb2.LiteralType(collection_type=types_pb2.LiteralType(simple=TEXT))
    with pytest.raises(InvalidInput, match="output x of"):
        build(attempts.raw(spec(), "true", x=many), setting())


def test_a_task_without_a_container_is_refused():
    query = tasks_pb2.TaskTemplate(type="sql")
    query.sql.statement = "select 1"
    with pytest.raises(InvalidInput, match="no container and no pod"):
        build(msgspec.structs.replace(spec(), task=query), setting())


def test_a_limit_follows_its_request_and_a_request_its_limit():
    asked = Resources(Amounts(cpu_millicores=100), Amounts(memory_bytes=1000))
    [container] = build(spec(resources=asked), setting())["spec"]["containers"]
    both = {"cpu": "100m", "memory": "1000"}
    assert container["resources"] == {"requests": both, "limits": both}


@pytest.mark.parametrize("partition, operator", [("", "DoesNotExist"), ("2g", "In"), (None, None)])
def test_a_kind_of_gpu_is_wanted_of_the_node(partition, operator):
    asked = Resources(accelerator=Accelerator("a100", partition))
    affinity = build(spec(resources=asked), setting())["spec"]["affinity"]["nodeAffinity"]
    [term] = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    wanted = {each["key"]: each["operator"] for each in term["matchExpressions"]}
    assert wanted[OPTIONS.accelerator_label] == "In"
    assert wanted.get(OPTIONS.partition_label) == operator


def test_what_a_pod_wants_of_its_node_holds_beside_the_gpu():
    term = {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term, {}]}}
    pod = {"containers": [{"name": "main", "image": "i"}], "affinity": {"nodeAffinity": required}}
    asked = Resources(accelerator=Accelerator("a100"))
    built = build(pod_task(spec(resources=asked), pod), setting())
    found = built["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert [len(each["matchExpressions"]) for each in found["nodeSelectorTerms"]] == [2, 1]


def test_the_only_container_of_a_pod_is_its_primary_one():
    built = build(pod_task(spec(), {"containers": [{"name": "odd", "image": "i"}]}), setting())
    assert built["metadata"]["annotations"]["primary_container_name"] == "odd"


def test_a_variable_from_the_cluster_stays_with_those_of_the_attempt():
    known = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    built = build(pod_task(spec(), {"containers": [{"name": "main", "image": "i", "env": [known]}]}), setting())
    variables = built["spec"]["containers"][0]["env"]
    assert known in variables
    assert {"name": "A", "value": "1"} in variables


@pytest.mark.parametrize("policy, kept", [("Always", None), ("Never", "Never")])
def test_what_a_template_has_only_by_default_is_nobodys_wish(policy, kept):
    """The API server writes its defaults into templates; those for the placeholder's image say nothing of others."""
    ground = {
        "name": "default",
        "image": "registry.test:5000/none",
        "imagePullPolicy": policy,
        "terminationMessagePolicy": "File",
    }
    template = {"template": {"spec": {"containers": [ground]}}}
    [container] = build(spec(), setting(template=template))["spec"]["containers"]
    assert container.get("imagePullPolicy") == kept
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_labels_hold_any_name_as_far_as_they_can():
    odd = spec()
    odd.task.id.name = "flows/übung.load all" + "x" * 100
    labels = build(odd, setting())["metadata"]["labels"]
    assert labels["task-name"].startswith("flows-bung.load-all") or labels["task-name"].startswith("flows-")
    assert all(len(value) <= 63 for value in labels.values())
