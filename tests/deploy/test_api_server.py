"""What the chart makes of its values, as a real API server takes it: every object, with every field, and the pods under
the strictest standard. Nothing is installed."""

from __future__ import annotations

import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.deploy.helm import rendered
from tests.deploy.images import wanted
from tests.kubernetes.pods import Namespace, cluster_of_tests

pytestmark = pytest.mark.xdist_group("deploy")
TRIED = "dryRun=All&fieldValidation=Strict"
"""Of a request: it is checked and admitted, an unknown field is an error, and nothing is kept."""
HOST = {"enabled": True, "className": "nginx", "tls": [{"hosts": ["a.test"], "secretName": "tls"}]}
EVERYTHING = {
    "separateRoles": True,
    "autoscaling": {"enabled": True},
    "ingress": {"http": {**HOST, "host": "a.test"}, "grpc": {**HOST, "host": "b.test"}},
    "networkPolicy": {
        "enabled": True,
        "from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
        "metricsFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
        "egress": [{"ports": [{"port": 443, "protocol": "TCP"}]}],
    },
    "tasks": {"image": "tasks:1", "serviceAccount": {"annotations": {"a/b": "c"}}},
    "pullSecrets": ["login"],
    "serviceAccount": {"annotations": {"a/b": "c"}},
    "pod": {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "a", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {}},
        "env": [{"name": "A", "value": "b"}],
    },
}
"""Every part that is left out by default, and what goes into pods."""
WHOLE_CLUSTER = {"tasks": {"namespace": "{{ project }}-{{ domain }}", "clusterWide": True}}
KINDS = {
    "ClusterRole": "rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "rbac.authorization.k8s.io/v1/clusterrolebindings",
    "ConfigMap": "configmaps",
    "Deployment": "apps/v1/deployments",
    "HorizontalPodAutoscaler": "autoscaling/v2/horizontalpodautoscalers",
    "Ingress": "networking.k8s.io/v1/ingresses",
    "NetworkPolicy": "networking.k8s.io/v1/networkpolicies",
    "Pod": "pods",
    "PodDisruptionBudget": "policy/v1/poddisruptionbudgets",
    "Role": "rbac.authorization.k8s.io/v1/roles",
    "RoleBinding": "rbac.authorization.k8s.io/v1/rolebindings",
    "Service": "services",
    "ServiceAccount": "serviceaccounts",
    "StatefulSet": "apps/v1/statefulsets",
}


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    wanted()
    namespace = Namespace(cluster_of_tests())
    yield namespace
    namespace.close()


def refusal(namespace: Namespace, kind: str, body: Any) -> str:
    """The API server's answer to the creation of an object, or empty where it would be made."""
    group, _, plural = KINDS[kind].rpartition("/")
    place = "" if kind.startswith("Cluster") else f"/namespaces/{namespace.name}"
    path = f"/apis/{group}{place}/{plural}" if group else f"/api/v1{place}/{plural}"
    try:
        namespace.cluster.call(f"{path}?{TRIED}", method="POST", body=body)
    except urllib.error.HTTPError as error:
        return error.read().decode()
    return ""


@pytest.mark.parametrize("values", [{}, EVERYTHING, WHOLE_CLUSTER], ids=["least", "everything", "whole-cluster"])
def test_the_api_server_takes_every_object(tmp_path: Path, namespace: Namespace, values: dict[str, Any]) -> None:
    objects = rendered(tmp_path, namespace.name, **values)
    refused = {key: said for key, body in objects.items() if (said := refusal(namespace, key[0], body))}
    assert refused == {}
    if values is EVERYTHING:
        assert {"Ingress", "HorizontalPodAutoscaler", "NetworkPolicy"} <= {kind for kind, _ in objects}


def test_a_field_that_is_none_is_refused(namespace: Namespace) -> None:
    wrong = {"metadata": {"name": "a"}, "spec": {"podSelector": {}, "ingres": []}}
    assert "ingres" in refusal(namespace, "NetworkPolicy", wrong)


def test_its_pods_meet_the_standard_that_is_called_restricted(tmp_path: Path, namespace: Namespace) -> None:
    labels = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    kind = "application/merge-patch+json"
    namespace.cluster.call(namespace.path, method="PATCH", body=labels, kind=kind)
    objects = rendered(tmp_path, namespace.name, **EVERYTHING)
    pods = {key: each["spec"]["template"] for key, each in objects.items() if key[0] in ("Deployment", "StatefulSet")}
    pods |= {key: each for key, each in objects.items() if key[0] == "Pod"}
    assert len(pods) == 4
    for key, pod in pods.items():
        account = {} if key[0] == "Pod" else {"serviceAccountName": "default"}
        body = {"metadata": {"name": key[1]}, "spec": {**pod["spec"], **account}}
        assert refusal(namespace, "Pod", body) == "", key
