"""As whom tasks run, and the secrets that they name."""

from __future__ import annotations

import pytest
from flyteidl.admin import common_pb2, execution_pb2
from flyteidl.core import security_pb2
from tests.graphs import task

from alula.core.policy.security import NOBODY, RunAs, SecretReference, placed, run_as, secrets_of
from alula.sdk.task_context.secret import Secrets


def identity(role: str = "", account: str = "") -> security_pb2.SecurityContext:
    return security_pb2.SecurityContext(run_as=security_pb2.Identity(iam_role=role, k8s_service_account=account))


def test_secrets_are_references_with_the_form_that_the_task_wants() -> None:
    given = task("t")
    given.security_context.secrets.add(group="db", key="password")
    given.security_context.secrets.add(
        group="db", key="user", group_version="v2", mount_requirement=security_pb2.Secret.ENV_VAR, env_var="DB_USER"
    )
    assert secrets_of(given) == (
        SecretReference("db", "password"),
        SecretReference("db", "user", "v2", "ENV_VAR", "DB_USER"),
    )


@pytest.mark.parametrize("version", ["", "v2"])
@pytest.mark.parametrize("group", ["user-info", "DB", ""])
def test_a_task_looks_where_its_secret_is_placed(group: str, version: str) -> None:
    variable, file = SecretReference(group, "Pass", version), SecretReference(group, "Pass", version, "FILE")
    places, asked = placed([variable, file]), Secrets()
    for given in {version, ""}:
        assert places.variables[asked.get_secrets_env_var(group, "Pass", given)] == variable
        assert places.files[asked.get_secrets_file(group, "Pass", given).removeprefix("/etc/secrets/")] == file


def test_a_name_without_version_is_that_of_the_secret_without_one() -> None:
    second, plain, first = (SecretReference("g", "k", version) for version in ("v2", "", "v1"))
    names = {"_FSEC_G_K": plain, "_FSEC_G_V1_K": first, "_FSEC_G_V2_K": second}
    assert placed([second, plain, first]).variables == names
    assert placed([SecretReference("g", "k", "v1", variable="OWN")]).variables.keys() == {"OWN"}


def test_a_run_says_as_whom_its_tasks_run_before_they_do() -> None:
    given = task("t")
    assert run_as(given, execution_pb2.ExecutionSpec()) == NOBODY
    given.security_context.CopyFrom(identity("task-role"))
    assert run_as(given, execution_pb2.ExecutionSpec()) == RunAs("task-role")
    older = execution_pb2.ExecutionSpec(auth_role=common_pb2.AuthRole(kubernetes_service_account="old"))
    assert run_as(given, older) == RunAs(service_account="old")
    older.security_context.CopyFrom(identity("run-role", "new"))
    assert run_as(given, older) == RunAs("run-role", "new")
