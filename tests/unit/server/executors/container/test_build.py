"""The containers that attempts become. The whole of some stands in `goldens`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest
from flyteidl.core import tasks_pb2
from tests.attempts.specs import attempt

from alula.core.errors import InvalidInput
from alula.core.policy.resources import Amounts, Resources, SharedMemory
from alula.server.executor import AttemptSpec
from alula.server.executors.container.build import Mount, Setting, build
from alula.server.executors.container.naming import NOBODY, Holder, holder_in, name_of, owner_text
from alula.server.executors.container.options import ContainerOptions
from alula.server.executors.process.options import ProcessOptions
from alula.server.executors.secret_files import Place

GOLDENS = Path(__file__).parent / "goldens"
RECORD = "ALULA_RECORD_GOLDENS"
"""Set it to have the goldens written anew, and read what has changed."""


def spec(**changes: object) -> AttemptSpec:
    base = attempt(
        Path("/data"), "--inputs", "{{.input}}", "--key", "{{.perRetryUniqueKey}}", image="registry.test/etl:2"
    )
    base.task.container.command.append("etl")
    base.task.id.name = "flows.load_all"
    return msgspec.structs.replace(base, incarnation="i0", environment={"A": "{{.outputPrefix}}"}, **changes)


def plain() -> tuple[AttemptSpec, Setting]:
    return spec(), Setting(ContainerOptions())


def full() -> tuple[AttemptSpec, Setting]:
    """A container with all that an attempt's record and the settings can ask for."""
    asked = Resources(
        Amounts(cpu_millicores=500, memory_bytes=1 << 30, gpu=2),
        Amounts(cpu_millicores=1500, memory_bytes=2 << 30),
        shared_memory=SharedMemory("/dev/shm", limit_bytes=1 << 28),
    )
    options = ContainerOptions(network="tasks", variables={"A": "0", "B": "1"}, processes_max=99)
    mounts = (
        Mount("/data/containers/k/objects", "/data/objects", read_only=True),
        Mount("/data/objects/o", "/data/objects/o"),
    )
    setting = Setting(options, mounts, user="1000:1000", variables={"ALULA_ENDPOINT": "http://a"}, gpus=("0", "3"))
    return spec(resources=asked, labels={"team": "data"}), setting


@pytest.mark.parametrize("case", [plain, full])
def test_a_container_is_exactly_this(case) -> None:
    path = GOLDENS / f"{case.__name__}.json"
    text = json.dumps(build(*case()), indent=2, sort_keys=True) + "\n"
    if os.environ.get(RECORD):
        path.write_text(text)
    assert text == path.read_text()


def test_a_task_without_command_keeps_the_one_of_its_image() -> None:
    bare = spec()
    del bare.task.container.command[:]
    document = build(bare, Setting(ContainerOptions()))
    assert "Entrypoint" not in document
    assert document["Cmd"][0] == "--inputs"


@pytest.mark.parametrize("image", ["", "alula:local"])
def test_a_task_of_alula_has_the_image_of_the_settings(image: str) -> None:
    own = spec()
    own.task.container.image = image
    assert build(own, Setting(ContainerOptions(image="tasks:1")))["Image"] == "tasks:1"
    with pytest.raises(InvalidInput) as refused:
        build(own, Setting(ContainerOptions()))
    assert refused.value.code == "NoImage"
    assert "executors.container.image" in refused.value.fix


def test_what_is_no_container_is_refused() -> None:
    task = tasks_pb2.TaskTemplate(type="sidecar", k8s_pod=tasks_pb2.K8sPod())
    with pytest.raises(InvalidInput, match="is no container"):
        build(spec(task=task), Setting(ContainerOptions()))


@pytest.mark.parametrize("owner", ["here", "a.b/c", "7f3a-92"])
def test_a_name_says_which_platform_it_belongs_to_and_under_which_claim(owner: str) -> None:
    holder = Holder(owner_text(owner), 17)
    assert holder_in(f"/{name_of(holder, 'run-n0-0-abc')}") == holder


def test_a_name_from_before_there_were_claims_is_of_the_least() -> None:
    assert holder_in("/alula.here.run-n0-0-abc") == Holder("here", 0)


@pytest.mark.parametrize("name", ["/postgres", "alula", "/alula.x", "other.a.b", "alula.a.b.c", "alula.a.1.b.c", ""])
def test_a_strangers_name_belongs_to_no_platform(name: str) -> None:
    assert holder_in(name) == NOBODY


def test_the_folder_of_secrets_is_that_of_the_project_and_domain() -> None:
    folder = "/etc/secrets/{{ project }}/{{domain}}"
    assert Place("a.setting", folder).of("etl", "production") == "/etc/secrets/etl/production"
    for options in (ContainerOptions, ProcessOptions):
        assert list(options(secrets=folder).problems()) == []
        assert list(options(secrets="there/{{ user }}").problems()) == [
            ("secrets", "wants an absolute path, not `there/{{ user }}`"),
            ("secrets", "has the variable `user`; there are project, domain"),
        ]
