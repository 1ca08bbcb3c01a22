"""A real platform whose tasks run in pods, seen as its users see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.attempts.harness import eventually
from tests.integration.platform import Platforms, RunningPlatform, alula
from tests.kubernetes.pods import Namespace, cluster_of_tests
from tests.kubernetes.task_image import IMAGE, load_task_image

pytestmark = pytest.mark.xdist_group("platform")  # one process makes the image that all tests of it use
FLOW = str(Path(__file__).parent / "flow.py")


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    cluster = cluster_of_tests()
    load_task_image(cluster)
    namespace = Namespace(cluster)
    yield namespace
    namespace.close()


@pytest.fixture
def platforms(tmp_path: Path, namespace: Namespace) -> Iterator[Platforms]:
    """Platforms that run everything as pods of one namespace."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "settings.toml").write_text(f"""
[executors.kubernetes]
enabled = true
kubeconfig = "{namespace.cluster.kubeconfig}"
namespace = "{namespace.name}"
image = "{IMAGE}"
shared_folder = "{data}/objects"

[[routes]]
executor = "kubernetes"
task_types = ["python-*"]
""")
    platforms = Platforms(tmp_path)
    yield platforms
    platforms.close()


class Client:
    """The command line, as a user of one platform."""

    def __init__(self, platform: RunningPlatform) -> None:
        self._environment = {"ALULA_ENDPOINT": f"http://{platform.grpc}"}

    def __call__(self, *words: str) -> str:
        done = alula(*words, environment=self._environment)
        return done.stdout + done.stderr

    def launch(self, workflow: str) -> str:
        found = re.search(r"describe execution (\S+)", said := self("run", "--remote", FLOW, workflow))
        assert found, said
        return found[1]


def test_a_killed_platform_goes_on_with_the_pods_that_run(platforms: Platforms, namespace: Namespace) -> None:
    first = platforms.start()
    name = Client(first).launch("lasting")
    eventually(lambda: running(namespace), timeout_s=60)
    first.kill()
    client = Client(platforms.start())
    said = client("watch", name)
    assert "SUCCEEDED" in said, said
    described = client("describe", "execution", name)
    assert "by kubernetes" in described
    assert "attempt 1" not in described, described
    eventually(lambda: not namespace.pods(), timeout_s=60)


def running(namespace: Namespace) -> bool:
    """Whether the task that lasts runs."""
    names = [pod["metadata"]["labels"]["task-name"] for pod in namespace.pods() if pod["status"]["phase"] == "Running"]
    return any("started" in name for name in names)


def test_a_run_that_waits_for_a_node_says_so_and_leaves_nothing(platforms: Platforms, namespace: Namespace) -> None:
    client = Client(platforms.start())
    name = client.launch("never")
    eventually(lambda: "Insufficient cpu" in client("explain", name), timeout_s=60)
    client("abort", name)
    eventually(lambda: not namespace.pods(), timeout_s=60)
