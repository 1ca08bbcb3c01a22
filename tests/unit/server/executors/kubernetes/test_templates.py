"""Templates of what a namespace needs."""

from __future__ import annotations

import msgspec
import pytest

from alula.core.errors import InvalidInput
from alula.server.executors.kubernetes.options import KubernetesOptions
from alula.server.executors.kubernetes.templates import filled, templates_in

OWN = {"namespace": "etl-production", "project": "etl", "domain": "production"}
FLYTE = """
apiVersion: v1
kind: Namespace
metadata:
  name: {{ namespace }}
---
apiVersion: v1
kind: ResourceQuota
metadata:
  name: project-quota
  namespace: {{ namespace }}
  labels: {"{{project}}": "of {{ domain }}"}
spec:
  hard:
    limits.cpu: {{ projectQuotaCpu }}
    pods: 10
"""


def test_flytes_own_templates_are_read_as_they_are() -> None:
    values = {**OWN, "projectQuotaCpu": "16"}
    namespace, quota = (filled(each, values) for each in templates_in("a.yaml", FLYTE))
    assert namespace.document == {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "etl-production"}}
    assert quota.document["metadata"]["labels"] == {"etl": "of production"}
    assert quota.document["spec"]["hard"] == {"limits.cpu": "16", "pods": 10}


def test_a_value_is_a_text_whatever_it_holds() -> None:
    [template] = templates_in("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: {{ evil }} }")
    evil = "y}\n---\nkind: ClusterRoleBinding {{ project }}"
    assert filled(template, {**OWN, "evil": evil}).document["data"] == {"x": evil}


def test_a_value_that_nobody_has_set_is_named_with_its_file() -> None:
    [_, quota] = templates_in("quota.yaml", FLYTE)
    with pytest.raises(InvalidInput, match="wants a value `projectQuotaCpu`, which project etl") as error:
        filled(quota, OWN)
    assert error.value.code == "ClusterResourceValueMissing"
    assert error.value.message.startswith("quota.yaml wants")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "while parsing"),
        ("- a", "no text `apiVersion`"),
        ("apiVersion: v1\nkind: [x]\nmetadata: {name: a}", "no text `kind`"),
        ("apiVersion: v1\nkind: Secret\nmetadata: [a]", "no text `metadata.name`"),
    ],
)
def test_what_is_no_template_says_why(text: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says) as error:
        list(templates_in("a.yaml", text))
    assert error.value.code == "ClusterResourcesInvalid"
    assert error.value.message.startswith("a.yaml is no template")


def test_an_empty_document_is_none() -> None:
    assert list(templates_in("a.yaml", "---\n# nothing\n---\n")) == []


def test_values_of_a_project_count_more_than_those_of_its_domain() -> None:
    options = KubernetesOptions(
        cluster_resource_values={"a": "1", "b": "1", "c": "1"},
        cluster_resource_values_by={"production": {"b": "2", "c": "2"}, "etl/production": {"c": "3"}, "x": {"a": "4"}},
    )
    assert options.values_of("etl", "production") == {"a": "1", "b": "2", "c": "3"}


@pytest.mark.parametrize("namespace", ["", "one", "{{ domain }}"])
def test_templates_need_a_namespace_for_each_project_and_domain(namespace: str) -> None:
    options = KubernetesOptions(enabled=True, namespace=namespace, cluster_resources="/etc/templates")
    assert [name for name, _ in options.problems()] == ["cluster_resources"]
    of_each = msgspec.structs.replace(options, namespace="{{project}}-{{domain}}")
    assert list(of_each.problems()) == []
