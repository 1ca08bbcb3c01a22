"""The image: the same each time, nobody's root, and a whole platform on a read-only file system."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest
from tests.attempts.harness import eventually
from tests.deploy.images import ROOT, built, podman, run, wanted
from tests.integration.platform import alula
from tests.objects.servers import free_port

pytestmark = [pytest.mark.timeout(1200), pytest.mark.xdist_group("image")]
HARDENED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


@pytest.fixture(scope="module")
def image() -> str:
    wanted()
    built(name := "localhost/alula:tests")
    return name


@pytest.fixture
def platform() -> Iterator[Container]:
    wanted()
    built(name := "localhost/alula-samples:tests", "platform", "--build-arg", "EXTRAS=server,examples")
    container = Container(name)
    yield container
    container.close()


class Container:
    """A platform in a container, on a volume of its own."""

    def __init__(self, image: str) -> None:
        self.name = f"alula-{uuid4().hex[:8]}"
        self.grpc, self.http = free_port(), free_port()
        ports = {"ALULA_GRPC_PORT": self.grpc, "ALULA_HTTP_PORT": self.http}
        variables = [word for name, port in ports.items() for word in ("-e", f"{name}={port}")]
        volume = f"{self.name}:/var/lib/alula"
        run(image, options=["-d", "--name", self.name, "-v", volume, *HARDENED, *variables])

    @property
    def is_healthy(self) -> bool:
        try:
            return podman("healthcheck", "run", self.name).strip() in ("", "healthy")
        except AssertionError:
            return False

    def close(self) -> None:
        podman("rm", "-f", "-t", "15", self.name)
        podman("volume", "rm", self.name)


def test_two_builds_are_the_same(image: str) -> None:
    built(again := "localhost/alula:again", "platform", "--no-cache")
    layers, others = (podman("image", "inspect", each, "--format", "{{.RootFS.Layers}}") for each in (image, again))
    assert layers == others


def test_a_container_is_not_root_and_can_change_nothing_of_what_it_runs(image: str) -> None:
    script = "id -u; find / -xdev -writable -not -path '/proc/*' -not -type l -not -path '/dev/*' 2>/dev/null; true"
    user, *writable = run(image, "-c", script, options=["--rm", "--entrypoint", "sh"]).split()
    assert user == "10001"
    assert {path for path in writable if not path.startswith(("/var/lib/alula", "/tmp", "/var/tmp", "/run"))} == set()


def test_a_bill_of_materials_is_in_it(image: str) -> None:
    text = run(image, "/opt/alula/sbom.cdx.json", options=["--rm", "--entrypoint", "cat"])
    document = json.loads(text)
    has = {each["name"]: each["version"] for each in document["components"]}
    pinned = dict(
        line.split(";")[0].strip().split("==") for line in (ROOT / "constraints.txt").read_text().splitlines()
    )
    assert document["bomFormat"] == "CycloneDX"
    assert has["flyteidl"] == pinned["flyteidl"]
    assert "alula" in has


def test_the_sample_runs_on_a_platform_with_a_read_only_file_system(platform: Container) -> None:
    eventually(lambda: platform.is_healthy, timeout_s=60)
    client = {"ALULA_ENDPOINT": f"http://127.0.0.1:{platform.grpc}"}
    done = alula("run", "--remote", "--wait", str(ROOT / "examples/wine.py"), "pipeline", environment=client)
    assert "SUCCEEDED" in done.stdout + done.stderr, done.stdout + done.stderr
    podman("stop", "-t", "15", platform.name)
    assert podman("inspect", platform.name, "--format", "{{.State.ExitCode}}").strip() == "0"
    podman("start", platform.name)
    eventually(lambda: platform.is_healthy, timeout_s=60)
    assert "SUCCEEDED" in alula("list", "execution", environment=client).stdout
