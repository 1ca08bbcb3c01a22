"""Namespaces that the platform makes by templates, on a real Kubernetes and with no more rights than the documentation
gives it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec
import pytest
from tests.attempts.harness import eventually
from tests.contract.executor.outside import Lives
from tests.kubernetes.pods import Pods

from alula.core.errors import FailedPrecondition
from alula.server.executors.kubernetes.executor import KubernetesExecutor

pytestmark = pytest.mark.anyio
TEMPLATES = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota}
spec: {hard: {pods: {{ pods }}}}
---
apiVersion: v1
kind: Namespace
metadata: {name: {{ namespace }}, labels: {made-by: tests}}
"""
RULES = [
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "get", "list", "watch", "patch", "delete"]},
    {"apiGroups": [""], "resources": ["pods/log", "podtemplates"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]},
    {"apiGroups": [""], "resources": ["namespaces", "resourcequotas"], "verbs": ["create", "patch"]},
]


class Made:
    """A namespace that is not there before, with its templates."""

    def __init__(self, pods: Pods, folder: Path) -> None:
        self.pods = pods
        self.cluster = pods.namespace.cluster
        self.name = f"{pods.namespace.name}-p-d"
        self.path = f"/api/v1/namespaces/{self.name}"
        self.templates = folder / "templates"
        self.templates.mkdir()
        self.template(TEMPLATES)
        pods.options = msgspec.structs.replace(
            pods.options,
            namespace=f"{pods.namespace.name}-{{{{ project }}}}-{{{{ domain }}}}",
            cluster_resources=str(self.templates),
            cluster_resource_values={"pods": "1"},
            cluster_resources_refresh_s=1.0,
            kubeconfig=self._least(folder),
        )

    def template(self, text: str) -> None:
        (self.templates / "all.yaml").write_text(text)

    def quota(self) -> dict:
        return self.cluster.call(f"{self.path}/resourcequotas/quota")["spec"]["hard"]

    def _least(self, folder: Path) -> str:
        """The kubeconfig of a user with the rights that the documentation names."""
        name, home = self.pods.namespace.name, self.pods.namespace.path
        of, role = {"metadata": {"name": name}}, "/apis/rbac.authorization.k8s.io/v1"
        self.cluster.call(f"{home}/serviceaccounts", method="POST", body=of)
        self.cluster.call(f"{role}/clusterroles", method="POST", body={**of, "rules": RULES})
        binding = {
            **of,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": name}],
        }
        self.cluster.call(f"{role}/clusterrolebindings", method="POST", body=binding)
        token = self.cluster.call(f"{home}/serviceaccounts/{name}/token", method="POST", body={"spec": {}})
        config = json.loads(self.cluster.kubeconfig.read_text())
        config["users"][0]["user"]["token"] = token["status"]["token"]
        path = folder / "least"
        path.write_text(json.dumps(config))
        return str(path)


@pytest.fixture
def made(pods: Pods, tmp_path: Path) -> Made:
    return Made(pods, tmp_path)


async def seen(condition: Callable[[], object]) -> None:
    await asyncio.to_thread(eventually, condition, timeout_s=60)


async def test_a_namespace_is_made_before_its_first_pod_and_kept_as_the_templates_say(
    lives: Lives, pods: Pods, made: Made
) -> None:
    first, second = pods.waits("n0"), pods.succeeds("n1")
    async with lives.begin() as life:
        await life.until_it_runs(first)
        assert made.cluster.call(made.path)["metadata"]["labels"]["made-by"] == "tests"
        assert made.quota() == {"pods": "1"}
        life.executor.submit(second)
        await life.until(lambda: life.of(second, "WAITING_FOR_RESOURCES"))
        made.cluster.call(f"{made.path}/resourcequotas/quota", method="DELETE")
        await seen(lambda: made.cluster.find(f"{made.path}/resourcequotas/quota"))
        made.template(TEMPLATES.replace("{{ pods }}", "5"))
        await seen(lambda: made.quota() == {"pods": "5"})
        await life.until(lambda: life.has_ended(second), timeout_s=60)
        assert life.end_of(second).phase == "SUCCEEDED"
        pods.finish(first)
        await life.until(lambda: life.has_ended(first), timeout_s=60)
        life.executor.acknowledge([first.id, second.id])
        await seen(lambda: made.cluster.call(f"{made.path}/pods")["items"] == [])
    await asyncio.to_thread(made.cluster.call, made.path, method="DELETE")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}", "refuses ConfigMap a of all.yaml"),
        ("apiVersion: v1\nkind: Nothing\nmetadata: {name: a}", "knows no Nothing of v1"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ nowhere }}}", "wants a value `nowhere`"),
    ],
)
async def test_an_attempt_waits_and_says_why_until_the_templates_are_mended(
    lives: Lives, pods: Pods, made: Made, more: str, says: str
) -> None:
    made.template(f"{TEMPLATES}\n---\n{more}")
    spec = pods.succeeds("n0")
    async with lives.begin() as life:
        executor = cast(KubernetesExecutor, life.executor)
        executor.submit(spec)
        await life.until(lambda: any(says in each.reason for each in life.of(spec, "QUEUED")), timeout_s=30)
        assert f"namespace {made.name}" in executor.trouble()
        made.template(TEMPLATES)
        await life.until(lambda: life.has_ended(spec), timeout_s=60)
        assert life.end_of(spec).phase == "SUCCEEDED"
        assert executor.trouble() == ""
        life.executor.acknowledge([spec.id])
        await seen(lambda: made.cluster.call(f"{made.path}/pods")["items"] == [])
    await asyncio.to_thread(made.cluster.call, made.path, method="DELETE")


async def test_templates_that_can_not_be_read_are_an_error_at_the_start(pods: Pods, made: Made, lives: Lives) -> None:
    made.template("a: [")
    with pytest.raises(FailedPrecondition, match="is no template"):
        async with lives.begin():
            pass
