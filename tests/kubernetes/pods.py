"""The world of attempts that are pods: a namespace of the tests' cluster, and a folder that its node shares."""

from __future__ import annotations

import contextlib
import os
import shlex
import urllib.error
from pathlib import Path
from uuid import uuid4

import pytest
from tests.attempts.harness import eventually
from tests.attempts.specs import attempt, filling
from tests.kubernetes.__main__ import VARIABLE
from tests.kubernetes.cluster import PAUSE, Cluster

from alula.server.blobs.file import FileBlobs
from alula.server.executor import AttemptSpec, Executor, Sink
from alula.server.executors.kubernetes.executor import KubernetesExecutor
from alula.server.executors.kubernetes.naming import name_of
from alula.server.executors.kubernetes.options import KubernetesOptions

WITHOUT_FINALIZERS = {"metadata": {"finalizers": None}}
MERGE = "application/merge-patch+json"


def cluster_of_tests() -> Cluster:
    folder = os.environ.get(VARIABLE)
    if not folder:
        pytest.skip("there is no cluster; `make test-kubernetes` has one")
    return Cluster(Path(folder))


class Namespace:
    """A namespace of its own, with what is in it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.name = f"t-{uuid4().hex[:12]}"
        self.path = f"/api/v1/namespaces/{self.name}"
        cluster.call("/api/v1/namespaces", method="POST", body={"metadata": {"name": self.name}})
        eventually(lambda: cluster.find(f"{self.path}/serviceaccounts/default"), timeout_s=60)

    def pods(self) -> list[dict]:
        return self.cluster.call(f"{self.path}/pods")["items"]

    def pod(self, spec: AttemptSpec) -> dict | None:
        return self.cluster.find(f"{self.path}/pods/{name_of(spec.id, spec.incarnation)}")

    def delete(self, pod: str, *, grace_s: int = 0) -> None:
        query = f"?gracePeriodSeconds={grace_s}"
        self.cluster.call(f"{self.path}/pods/{pod}{query}", method="DELETE")

    def close(self) -> None:
        for pod in self.pods():
            path = f"{self.path}/pods/{pod['metadata']['name']}"
            with contextlib.suppress(urllib.error.HTTPError):
                self.cluster.call(path, method="PATCH", body=WITHOUT_FINALIZERS, kind=MERGE)
                self.cluster.call(f"{path}?gracePeriodSeconds=0", method="DELETE")
        self.cluster.call(self.path, method="DELETE")


class OnFiles(KubernetesExecutor):
    """An executor that starts its objects with it."""

    def __init__(self, blobs: FileBlobs, options: KubernetesOptions) -> None:
        super().__init__(blobs, options)
        self._files = blobs

    async def start(self, sink: Sink) -> None:
        await self._files.start()
        await super().start(sink)


class Pods:
    """Attempts that are pods on a real node. Platforms share them."""

    hands_over = True
    shares_results = True
    keeps_claims = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.namespace = Namespace(cluster_of_tests())
        self.options = KubernetesOptions(
            enabled=True,
            kubeconfig=str(self.namespace.cluster.kubeconfig),
            namespace=self.namespace.name,
            shared_folder=str(folder / "objects"),
            kill_grace_s=1,
        )

    def close(self) -> None:
        self.namespace.close()

    def executor(self, platform: str) -> OnFiles:
        objects = self._folder / "objects"
        objects.mkdir(exist_ok=True)
        return OnFiles(FileBlobs(objects, self._folder / f"{platform}.key"), self.options)

    async def crash(self, executor: Executor, platform: str) -> None:
        await executor.stop()

    def succeeds(self, node: str, *, outputs: bytes = b"") -> AttemptSpec:
        return self.script(node, "", outputs)

    def fails(self, node: str) -> AttemptSpec:
        return self.script(node, "exit 3")

    def dies(self, node: str) -> AttemptSpec:
        return self.script(node, "sh -c 'kill -KILL $$'; exit $?")

    def waits(self, node: str, *, outputs: bytes = b"") -> AttemptSpec:
        return self.script(node, "until [ -e {{.outputPrefix}}/finish ]; do sleep 0.05; done", outputs)

    def finish(self, spec: AttemptSpec) -> None:
        folder = Path(spec.output_prefix)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "finish").touch()

    def burns(self, node: str, *, cpu_s: float) -> AttemptSpec:
        return self.script(node, f"i=0; while [ $i -lt {round(cpu_s * 100_000)} ]; do i=$((i + 1)); done")

    def holds(self, node: str, *, memory_bytes: int) -> AttemptSpec:
        return self.script(node, filling(memory_bytes))

    def writes(self, node: str, *, written_bytes: int) -> AttemptSpec:
        return self.script(node, f"dd if=/dev/zero of=/written bs={written_bytes} count=1")

    def starts(self, spec: AttemptSpec) -> int:
        pids = Path(spec.output_prefix, "pids")
        return len(pids.read_text().split()) if pids.exists() else 0

    def runs(self, spec: AttemptSpec) -> bool:
        pod = self.namespace.pod(spec)
        containers = pod["status"].get("containerStatuses", []) if pod is not None else []
        return any("running" in each["state"] for each in containers)

    def script(self, node: str, does: str, outputs: bytes = b"") -> AttemptSpec:
        gives = self._folder / "objects" / f"{node}.outputs"
        gives.parent.mkdir(exist_ok=True)
        gives.write_bytes(outputs)
        give = f"cp {shlex.quote(str(gives))} {{{{.outputPrefix}}}}/outputs.pb"
        script = f"echo $$ >> {{{{.outputPrefix}}}}/pids\n{does}\n{give}"
        spec = attempt(self._folder, node=node, outputs=bool(outputs), image=PAUSE)
        spec.task.container.command.extend(["sh", "-c", script])
        return spec
