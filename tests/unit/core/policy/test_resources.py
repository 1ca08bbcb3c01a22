"""Kubernetes quantities, and what a task asks for."""

from typing import Any

import pytest
from flyteidl.core import tasks_pb2, workflow_pb2
from tests.graphs import task

from alula.core.errors import InvalidInput
from alula.core.policy.resources import (
    Accelerator,
    Amounts,
    ResourceCeiling,
    Resources,
    SharedMemory,
    cpu_millicores,
    memory_bytes,
    parse_quantity,
    resolve_resources,
)
from alula.core.policy.target import with_overrides

_NAMES = {
    "cpu": tasks_pb2.Resources.CPU,
    "mem": tasks_pb2.Resources.MEMORY,
    "gpu": tasks_pb2.Resources.GPU,
    "storage": tasks_pb2.Resources.STORAGE,
    "ephemeral": tasks_pb2.Resources.EPHEMERAL_STORAGE,
}


def resources(requests: dict[str, str], limits: dict[str, str] | None = None) -> tasks_pb2.Resources:
    def entries(given: dict[str, str]) -> list[tasks_pb2.Resources.ResourceEntry]:
        return [tasks_pb2.Resources.ResourceEntry(name=_NAMES[name], value=value) for name, value in given.items()]

    return tasks_pb2.Resources(requests=entries(requests), limits=entries(limits or {}))


def asking(requests: dict[str, str], limits: dict[str, str] | None = None) -> tasks_pb2.TaskTemplate:
    template = task("t")
    template.container.resources.CopyFrom(resources(requests, limits))
    return template


@pytest.mark.parametrize(
    ("text", "millicores"), [("1", 1000), ("500m", 500), ("0.1", 100), ("1.5", 1500), ("1u", 1), ("2e3m", None)]
)
def test_processors(text: str, millicores: int | None) -> None:
    if millicores is None:
        with pytest.raises(InvalidInput):
            cpu_millicores(text)
    else:
        assert cpu_millicores(text) == millicores


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [
        ("1", 1),
        ("1k", 1000),
        ("1Ki", 1024),
        ("1.5Gi", 1610612736),
        ("500Mi", 524288000),
        ("2G", 2_000_000_000),
        ("1e3", 1000),
        ("1E", 10**18),
        ("100m", 1),
        (".5Ki", 512),
        (" 1Mi ", 1048576),
    ],
)
def test_memory(text: str, bytes_: int) -> None:
    assert memory_bytes(text) == bytes_


@pytest.mark.parametrize("text", ["", "x", "1Gb", "1 Gi", "-1", "1e400", "9999999E", "1KI", "Gi", "١"])
def test_what_is_not_a_quantity(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_quantity(text)
    assert caught.value.code == "InvalidQuantity"


def test_a_task_that_says_nothing_gets_the_defaults_and_no_limit() -> None:
    assert resolve_resources(task("t")) == Resources()
    defaults = Amounts(cpu_millicores=500, memory_bytes=100, ephemeral_storage_bytes=7)
    assert resolve_resources(task("t"), defaults=defaults) == Resources(defaults)


def test_a_missing_request_follows_its_limit() -> None:
    given = asking({}, {"cpu": "2", "mem": "1Gi", "gpu": "1", "storage": "1Ki", "ephemeral": "2Ki"})
    amounts = Amounts(2000, 2**30, 1, 1024, 2048)
    assert resolve_resources(given) == Resources(amounts, amounts)
    assert resolve_resources(asking({"mem": "1Ki"})) == Resources(Amounts(memory_bytes=1024))


def test_a_nodes_overrides_go_before_its_task() -> None:
    given = asking({"cpu": "1", "mem": "1Gi"}, {"mem": "2Gi"})
    overrides = workflow_pb2.TaskNodeOverrides(resources=resources({"mem": "1536Mi"}, {"cpu": "2"}))
    found = resolve_resources(with_overrides(given, overrides))
    assert found == Resources(Amounts(1000, 1536 * 2**20), Amounts(2000, 2 * 2**30))


@pytest.mark.parametrize(
    ("value", "partition"),
    [({}, None), ({"unpartitioned": True}, ""), ({"partition_size": "1g.5gb"}, "1g.5gb")],
)
def test_the_kind_of_gpu_and_shared_memory_are_part_of_it(value: dict[str, Any], partition: str | None) -> None:
    given = task("t")
    given.extended_resources.gpu_accelerator.CopyFrom(tasks_pb2.GPUAccelerator(device="nvidia-a100", **value))
    given.extended_resources.shared_memory.CopyFrom(
        tasks_pb2.SharedMemory(mount_path="/dev/shm", mount_name="shm", size_limit="1Gi")
    )
    found = resolve_resources(given)
    assert found.accelerator == Accelerator("nvidia-a100", partition)
    assert found.shared_memory == SharedMemory("/dev/shm", "shm", 2**30)


@pytest.mark.parametrize(
    "given",
    [
        asking({"mem": "2Gi"}, {"mem": "1Gi"}),
        asking({"cpu": "3"}, {"cpu": "2"}),
        asking({"gpu": "500m"}),
        asking({"gpu": "1"}, {"gpu": "2"}),
        asking({"storage": "2Gi"}, {"storage": "1Gi"}),
    ],
)
def test_requests_that_can_not_be(given: tasks_pb2.TaskTemplate) -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve_resources(given)
    assert caught.value.code == "InvalidResources"


def test_a_default_gives_way_to_the_limit_of_the_task() -> None:
    defaults = Amounts(cpu_millicores=2000, memory_bytes=2**30, gpu=1)
    asked = resolve_resources(asking({}, {"cpu": "1"}), defaults=defaults)
    assert asked == Resources(Amounts(1000, 2**30, 1), Amounts(1000))


def test_nothing_is_over_the_ceiling() -> None:
    ceiling = ResourceCeiling(cpu_millicores=500, memory_bytes=100, gpu=0, storage_bytes=9)
    asked = resolve_resources(
        asking({"cpu": "1", "mem": "1Gi", "gpu": "2"}, {"mem": "2Gi", "gpu": "2", "storage": "1Gi"}), ceiling=ceiling
    )
    most = Amounts(cpu_millicores=500, memory_bytes=100, storage_bytes=9)
    assert asked == Resources(most, most)
    assert resolve_resources(asking({}), ceiling=ceiling) == Resources(limits=most)
