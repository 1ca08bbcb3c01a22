"""The chart on a real Kubernetes: the platform in pods, PostgreSQL and S3 beside it. Nothing is lost by a pod that is
killed, or by an upgrade."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.attempts.harness import eventually
from tests.deploy.helm import CHART, helm
from tests.deploy.images import ROOT, built, wanted
from tests.integration.platform import alula
from tests.kubernetes.pods import Namespace, cluster_of_tests
from tests.objects.servers import s3_server
from tests.pooler import pooled

from alula.server.executors.kubernetes.naming import OWNER

pytestmark = [pytest.mark.timeout(1500), pytest.mark.xdist_group("deploy")]
PLATFORM, TASKS = "localhost/alula:tests", "localhost/alula-tasks:tests"
RELEASE = "alula"
SAMPLE = str(ROOT / "examples/wine.py")
FLOW = str(ROOT / "tests/kubernetes/flow.py")
OWN = {"app.kubernetes.io/instance": RELEASE}
PATIENCE_S = 180.0


class Release:
    """The chart, installed in a namespace of its own, and its clients on this machine."""

    def __init__(self, folder: Path, values: dict[str, Any], database: str) -> None:
        self.namespace = Namespace(cluster_of_tests())
        self._folder = folder
        self._values = values
        self._database = database
        cluster = self.namespace.cluster
        self._kubeconfig = cluster.kubeconfig
        self._client = {"ALULA_ENDPOINT": f"http://{cluster.services}:8089"}

    def secret(self, name: str, **entries: str) -> None:
        body = {"metadata": {"name": name}, "stringData": entries}
        self.namespace.cluster.call(f"{self.namespace.path}/secrets", method="POST", body=body)

    def install(self, **values: Any) -> None:
        """Install it, or upgrade it to these values, and wait until all of it is ready."""
        path = self._folder / "values.json"
        path.write_text(json.dumps({**self._values, **values}))
        words = ["upgrade", "--install", RELEASE, CHART, "-n", self.namespace.name, "-f", path]
        helm(*words, "--wait", "--timeout", "4m", kubeconfig=self._kubeconfig)

    def passes_its_test(self) -> None:
        """A client in a pod has the platform run the chart's own workflow, in pods."""
        helm("test", RELEASE, "-n", self.namespace.name, "--timeout", "4m", kubeconfig=self._kubeconfig)

    def close(self) -> None:
        """Leave nothing of it: its service has an address that the next one wants."""
        helm(
            "uninstall", RELEASE, "-n", self.namespace.name, "--ignore-not-found", "--wait", kubeconfig=self._kubeconfig
        )
        self.namespace.close()

    def alula(self, *words: str) -> str:
        done = alula(*words, environment=self._client)
        return done.stdout + done.stderr

    def launch(self, file: str, workflow: str, *words: str) -> str:
        said = self.alula("run", "--remote", file, workflow, *words)
        found = re.search(r"describe execution (\S+)", said)
        assert found, said
        return found[1]

    def platform_pods(self) -> dict[str, dict[str, Any]]:
        """The pods of the platform by name."""
        pods = self.namespace.pods()
        return {each["metadata"]["name"]: each for each in pods if OWN.items() <= each["metadata"]["labels"].items()}

    def task_pods(self) -> list[dict[str, Any]]:
        return [each for each in self.namespace.pods() if "execution-id" in each["metadata"]["labels"]]

    def owner(self, run: str) -> str:
        """The pod that has a run."""
        with psycopg.connect(self._database) as connection:
            found = connection.execute("SELECT owner FROM executions WHERE name = %s", (run,)).fetchone()
        return next(pod for pod in self.platform_pods() if found is not None and found[0].startswith(f"{pod}-"))

    def phase(self, run: str) -> str:
        """Empty while nobody answers."""
        said = self.alula("get", "execution", run, "-o", "json")
        return json.loads(said)["closure"]["phase"] if said.startswith("{") else ""

    def ends_well(self, run: str) -> None:
        """The run succeeds, no attempt was lost or started anew, and no pod is left."""
        eventually(lambda: self.phase(run) in ("SUCCEEDED", "FAILED"), timeout_s=4 * PATIENCE_S, every_s=2)
        assert self.phase(run) == "SUCCEEDED", self.alula("describe", "execution", run)
        described = self.alula("describe", "execution", run)
        assert "by kubernetes" in described and "started again" not in described, described
        assert "SYSTEM" not in described, described
        eventually(lambda: not self.task_pods(), timeout_s=PATIENCE_S)


@pytest.fixture
def release(tmp_path: Path, postgres_server: str, postgres_url: str) -> Iterator[Release]:
    wanted()
    cluster = cluster_of_tests()
    built(PLATFORM)
    built(TASKS, "tasks", "--build-arg", "EXTRAS=examples")
    for image in (PLATFORM, TASKS):
        cluster.hand(image)
    with ExitStack() as stack:
        cluster.start_services()
        stack.callback(cluster.stop_services)
        s3 = stack.enter_context(s3_server(tmp_path, cluster.address))
        url = stack.enter_context(pooled(postgres_url, cluster.address))
        direct = stack.enter_context(pooled(postgres_url, cluster.address, mode="session", connections=100))
        user = "//postgres@"
        values = {
            "image": {"repository": "localhost/alula", "tag": "tests", "pullPolicy": "Never"},
            "database": {
                "url": re.sub("//[^@]*@", user, url),
                "directUrl": re.sub("//[^@]*@", user, direct),
                "pooled": True,
                "passwordSecret": {"name": "database"},
            },
            "objects": {
                "url": f"{s3.url}/alula",
                "endpoint": s3.endpoint,
                "region": s3.region,
                "secret": {"name": "s3"},
            },
            "tasks": {"image": TASKS},
            "service": {"clusterIP": cluster.services},
            "url": f"http://{cluster.services}:8088",
            "hosts": [cluster.services],
            "settings": {"runner": {"lease_s": 5}},
        }
        release = Release(tmp_path, values, postgres_url)
        stack.callback(release.close)
        release.secret("database", password="none-is-asked-for")
        release.secret("s3", access_key=s3.access_key, secret_key=s3.secret_key)
        yield release


def test_nothing_is_lost_by_a_pod_that_is_killed_or_by_an_upgrade(release: Release) -> None:
    release.install()
    assert release.platform_pods().keys() == {"alula-0", "alula-1"}
    release.passes_its_test()
    assert "sample" in release.alula("get", "execution")

    sample = release.launch(SAMPLE, "pipeline")
    eventually(release.task_pods, timeout_s=PATIENCE_S)
    owner = release.owner(sample)
    assert all(pod["metadata"]["labels"][OWNER].endswith(f"-{owner}") for pod in release.task_pods())
    release.namespace.delete(owner)
    release.ends_well(sample)

    lasting = release.launch(FLOW, "lasting", "--at", "20")
    eventually(release.task_pods, timeout_s=PATIENCE_S)
    before = {name: pod["metadata"]["uid"] for name, pod in release.platform_pods().items()}
    release.install(settings={"runner": {"lease_s": 5}, "runs": {"max_parallelism": 7}})
    after = {name: pod["metadata"]["uid"] for name, pod in release.platform_pods().items()}
    assert after.keys() == before.keys() and not set(after.values()) & set(before.values())
    release.ends_well(lasting)

    again = release.launch(FLOW, "lasting", "--at", "20")
    eventually(release.task_pods, timeout_s=PATIENCE_S)
    release.install(separateRoles=True)
    roles = {pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in release.platform_pods().values()}
    assert {"api", "runner", "scheduler"} <= roles
    release.ends_well(again)
    assert {name for name in release.alula("get", "execution").split() if name in (sample, lasting, again)} == {
        sample,
        lasting,
        again,
    }
