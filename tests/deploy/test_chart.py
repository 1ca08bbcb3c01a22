"""What the chart makes of its values, without a cluster."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.deploy.helm import CHART, helm, rendered, written
from tests.deploy.images import wanted

from alula.server.settings.loading import load_settings
from alula.server.settings.schema import Settings

SEPARATE = {"separateRoles": True}


@pytest.fixture(autouse=True)
def _wanted() -> None:
    wanted()
    assert shutil.which("go"), "there is no Go to build Helm with"


def settings(objects: dict[tuple[str, str], dict[str, Any]], folder: Path) -> Settings:
    """The settings as the platform reads them."""
    file = folder / "settings.toml"
    file.write_text(objects["ConfigMap", "alula"]["data"]["settings.toml"])
    return load_settings({}, {}, file=str(file))


def pods(objects: dict[tuple[str, str], dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The pods of workloads, by name."""
    kinds = ("Deployment", "StatefulSet")
    return {name: each["spec"]["template"]["spec"] for (kind, name), each in objects.items() if kind in kinds}


def test_the_chart_has_no_fault(tmp_path: Path) -> None:
    helm("lint", "--strict", CHART, "-f", written(tmp_path))


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"database": {"url": ""}}, "database.url"),
        ({"objects": {"url": ""}}, "objects.url"),
        ({"database": {"url": "postgresql://a:secret@db/alula"}}, "database"),
        ({"image": {"repo": "x"}}, "repo"),
        ({"tasks": {"namespace": "{{ project }}"}}, "tasks.clusterWide"),
        ({"ingress": {"http": {"enabled": True}}}, "ingress.http.host"),
    ],
)
def test_a_mistake_in_the_values_is_named(tmp_path: Path, values: dict[str, Any], names: str) -> None:
    with pytest.raises(AssertionError, match=names):
        rendered(tmp_path, **values)


def test_the_platform_understands_the_settings(tmp_path: Path) -> None:
    given = {"runs": {"max_parallelism": 7}, "runner": {"lease_s": 5}, "log": {"level": "INFO"}}
    objects = rendered(tmp_path, settings=given, tasks={"image": "tasks:1", "secretVariables": ["objects"]})
    found = settings(objects, tmp_path)
    assert (found.runs.max_parallelism, found.runner.lease_s, found.log.level, found.log.format) == (
        7,
        5,
        "INFO",
        "json",
    )
    assert (found.store.url, found.objects.url) == ("postgresql://alula@db/alula", "s3://bucket/alula")
    assert found.http.url == "http://alula.flow.svc:8088" and "alula.flow" in found.http.hosts
    kubernetes = found.executors.kubernetes
    assert found.executors.default == "kubernetes"
    assert (kubernetes.namespace, kubernetes.image, kubernetes.service_account) == ("flow", "tasks:1", "alula-tasks")
    assert (kubernetes.platform_url, kubernetes.secret_variables) == ("alula.flow.svc:8089", ("objects",))


@pytest.mark.parametrize("values", [{}, SEPARATE], ids=["one", "separate"])
def test_no_pod_is_root_or_writes_outside_its_folders(tmp_path: Path, values: dict[str, Any]) -> None:
    for name, pod in pods(rendered(tmp_path, **values)).items():
        context = pod["containers"][0]["securityContext"]
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 10001, name
        assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"], name
        assert context["capabilities"] == {"drop": ["ALL"]}, name


def test_each_role_has_the_rights_that_it_uses_and_no_more(tmp_path: Path) -> None:
    objects = rendered(tmp_path, **SEPARATE)
    rights = {
        name: {resource: set(rule["verbs"]) for rule in each["rules"] for resource in rule["resources"]}
        for (kind, name), each in objects.items()
        if kind in ("Role", "ClusterRole")
    }
    assert rights == {
        "alula-api": {"pods": {"get"}, "pods/log": {"get"}},
        "alula-runner": {
            "pods": {"create", "get", "list", "watch", "patch", "delete"},
            "pods/log": {"get"},
            "podtemplates": {"get"},
            "events": {"list"},
        },
    }
    assert {name for kind, name in objects if kind == "ClusterRole"} == set()
    tokens = {name: pod["automountServiceAccountToken"] for name, pod in pods(objects).items()}
    assert tokens == {"alula-api": True, "alula-runner": True, "alula-scheduler": False}


def test_what_runs_attempts_has_a_name_that_stays(tmp_path: Path) -> None:
    for values, name in (({}, "alula"), (SEPARATE, "alula-runner")):
        objects = rendered(tmp_path, **values)
        variables = {each["name"]: each for each in pods(objects)[name]["containers"][0]["env"]}
        assert ("StatefulSet", name) in objects
        assert variables["ALULA__RUNNER__ID"]["value"].endswith("-$(POD_NAME)")


def test_clients_scale_by_themselves_where_roles_are_separate(tmp_path: Path) -> None:
    objects = rendered(tmp_path, **SEPARATE, autoscaling={"enabled": True})
    assert "replicas" not in objects["Deployment", "alula-api"]["spec"]
    assert objects["HorizontalPodAutoscaler", "alula-api"]["spec"]["scaleTargetRef"]["name"] == "alula-api"
    assert {name for kind, name in objects if kind == "PodDisruptionBudget"} == {
        "alula-api",
        "alula-runner",
        "alula-scheduler",
    }
    assert objects["Service", "alula"]["spec"]["selector"]["app.kubernetes.io/component"] == "api"


def test_secrets_are_referred_to_and_never_written(tmp_path: Path) -> None:
    database = {"url": "postgresql://alula@db/alula", "passwordSecret": {"name": "db"}}
    objects = rendered(tmp_path, database=database, objects={"url": "s3://b", "secret": {"name": "s3"}})
    variables = {each["name"]: each for each in pods(objects)["alula"]["containers"][0]["env"]}
    assert variables["ALULA__STORE__PASSWORD"]["valueFrom"]["secretKeyRef"] == {"name": "db", "key": "password"}
    assert variables["ALULA__OBJECTS__SECRET_KEY"]["valueFrom"]["secretKeyRef"]["name"] == "s3"
    assert not [name for kind, name in objects if kind == "Secret"]
    assert settings(objects, tmp_path).store.password == ""
