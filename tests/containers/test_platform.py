"""A real platform with a container runtime, as its users see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.attempts.harness import eventually
from tests.containers.engine import BUSYBOX, Podman
from tests.integration.platform import Platforms, RunningPlatform, alula

EXAMPLE = Path(__file__).parents[2] / "examples/any_language.py"
FLOW = f"""
from alula import ContainerTask, kwtypes, task, workflow

lasts = ContainerTask(
    name="lasts",
    image="{BUSYBOX}",
    command=["sh", "-c", "echo begun; sleep {{{{.inputs.seconds}}}}; echo 7 > /var/flyte/outputs/x"],
    inputs=kwtypes(seconds=int),
    outputs=kwtypes(x=int),
)
nowhere = ContainerTask(name="nowhere", image="localhost:1/no/such:1", command=["true"])

@task
def total(x: int) -> int:
    return x + 1

@workflow
def lasting(seconds: int = 8) -> int:
    return total(x=lasts(seconds=seconds))

@workflow
def broken() -> None:
    nowhere()
"""


class Client:
    """The command line, as a user of one platform."""

    def __init__(self, platform: RunningPlatform) -> None:
        self._environment = {"ALULA_ENDPOINT": f"http://{platform.grpc}"}

    def __call__(self, *words: str) -> str:
        done = alula(*words, environment=self._environment)
        return done.stdout + done.stderr

    def launch(self, file: Path, workflow: str, *words: str) -> str:
        said = self("run", "--remote", str(file), workflow, *words)
        found = re.search(r"describe execution (\S+)", said)
        assert found, said
        return found[1]


@pytest.fixture
def platforms(tmp_path: Path, podman: Podman) -> Iterator[Platforms]:
    data = tmp_path / "data"
    data.mkdir()
    settings = f'[executors.container]\nenabled = true\nsocket = "{podman.socket}"\nnetwork = "none"\n'
    (data / "settings.toml").write_text(settings)
    platforms = Platforms(tmp_path)
    yield platforms
    platforms.close()


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    path = tmp_path / "flow.py"
    path.write_text(FLOW)
    return path


def left(podman: Podman, run: str) -> list[str]:
    """The containers of a run."""
    return podman("ps", "-aq", "--filter", f"label=execution-id={run}").split()


def test_a_killed_platform_goes_on_with_the_container_that_runs(
    platforms: Platforms, podman: Podman, flow: Path
) -> None:
    first = platforms.start()
    name = Client(first).launch(flow, "lasting")
    eventually(lambda: "begun" in Client(first)("logs", name), timeout_s=120)
    first.kill()
    client = Client(platforms.start())
    said = client("watch", name)
    assert "SUCCEEDED" in said, said
    described = client("describe", "execution", name)
    assert "by container" in described
    assert "as no environment is for its image" in described
    assert "by process" in described
    assert "attempt 1" not in described, described
    eventually(lambda: not left(podman, name), timeout_s=60)


def test_an_aborted_run_leaves_no_container(platforms: Platforms, podman: Podman, flow: Path) -> None:
    client = Client(platforms.start())
    name = client.launch(flow, "lasting", "--seconds", "600")
    eventually(lambda: "begun" in client("logs", name), timeout_s=120)
    client("abort", name)
    eventually(lambda: not left(podman, name), timeout_s=60)


def test_the_example_runs_as_it_is(platforms: Platforms, podman: Podman) -> None:
    podman("tag", BUSYBOX, "docker.io/library/busybox:1.37")
    client = Client(platforms.start())
    said = client("watch", client.launch(EXAMPLE, "sort_words"))
    assert "apple is the first of 3" in said, said
