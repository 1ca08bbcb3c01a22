"""Eager workflows of the unmodified flytekit, on a small machine: a parent must not hold what its children need."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flyteidl.admin import common_pb2
from tests.integration.flytekit.conftest import Pyflyte
from tests.integration.platform import Platforms, RunningPlatform

from alula.core.engine.records import ExecutionPhase
from alula.sdk.client.connection import Connection
from alula.sdk.client.endpoint import find_endpoint
from alula.sdk.client.remote import Remote
from alula.sdk.client.rpcs import LIST_EXECUTIONS

FLOWS = "flows/eagerly.py"
PATIENCE_S = 90.0


@pytest.fixture
def small(platforms: Platforms, tmp_path: Path) -> RunningPlatform:
    settings = tmp_path / "settings.toml"
    settings.write_text("[executors.process]\ncpu_millicores = 1000\ndefault_cpu_millicores = 300\n")
    return platforms.start("--settings", str(settings))


def children(platform: RunningPlatform, parent: str) -> dict[str, ExecutionPhase]:
    """The runs that an eager task has launched, by what they run, as its clean-up would find them."""
    ids = common_pb2.NamedEntityIdentifier(project="flytesnacks", domain="development")
    filters = f"value_in(execution_tag.key,eager-exec)+value_in(execution_tag.value,{parent})"
    with Connection(find_endpoint(platform.grpc)) as connection:
        found = connection.call(LIST_EXECUTIONS, LIST_EXECUTIONS.request(id=ids, limit=100, filters=filters))
    return {one.spec.launch_plan.name.rpartition(".")[2]: ExecutionPhase(one.closure.phase) for one in found.executions}


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.1)


def test_eager_workflows(flytekit_bin: Path, platforms: Platforms, small: RunningPlatform, tmp_path: Path) -> None:
    """All at once, as flytekit looks at each run every two seconds only."""
    pyflyte = Pyflyte(flytekit_bin, tmp_path, small.grpc)

    def launch(workflow: str) -> str:
        found = re.search(r"/executions/(\w+)", pyflyte("run", "--remote", FLOWS, workflow, "--a", "5"))
        assert found
        return found[1]

    nested, half, slow = launch("nested"), launch("half"), launch("slow")
    eventually(lambda: len(children(small, half)) == 2 and children(small, slow).get("wait") is not None)
    small.kill()  # the parents begin again, and find what they launched
    small = platforms.start("--settings", str(tmp_path / "settings.toml"), "--grpc-port", small.grpc.rpartition(":")[2])
    with Remote(small.grpc) as remote:
        remote.run(slow).abort()
        ended = [remote.run(name).wait(PATIENCE_S) for name in (nested, half, slow)]
        assert [run.phase.name for run in ended] == ["SUCCEEDED", "FAILED", "ABORTED"]
        assert ended[0].outputs == {"o0": 11}
        assert ended[1].error is not None
        assert ended[1].error.code == "USER:NonRecoverableSystemError"
    eventually(lambda: children(small, slow) == {"wait": ExecutionPhase.ABORTED})
    assert children(small, nested) == {"refuse": ExecutionPhase.FAILED, "inner": ExecutionPhase.SUCCEEDED}
    assert children(small, half) == {"refuse": ExecutionPhase.FAILED, "wait": ExecutionPhase.ABORTED}
