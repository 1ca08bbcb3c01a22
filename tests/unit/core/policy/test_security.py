"""As whom tasks run, and the secrets that they name."""

from __future__ import annotations

from flyteidl.admin import common_pb2, execution_pb2
from flyteidl.core import security_pb2
from tests.graphs import task

from alula.core.policy.security import NOBODY, RunAs, SecretReference, run_as, secrets_of


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


def test_a_run_says_as_whom_its_tasks_run_before_they_do() -> None:
    given = task("t")
    assert run_as(given, execution_pb2.ExecutionSpec()) == NOBODY
    given.security_context.CopyFrom(identity("task-role"))
    assert run_as(given, execution_pb2.ExecutionSpec()) == RunAs("task-role")
    older = execution_pb2.ExecutionSpec(auth_role=common_pb2.AuthRole(kubernetes_service_account="old"))
    assert run_as(given, older) == RunAs(service_account="old")
    older.security_context.CopyFrom(identity("run-role", "new"))
    assert run_as(given, older) == RunAs("run-role", "new")
