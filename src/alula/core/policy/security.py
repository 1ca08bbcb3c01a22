"""The identity that a task runs as, and the secrets that it needs: references only, whose values no record holds."""

from __future__ import annotations

from typing import Literal

import msgspec
from flyteidl.admin import execution_pb2
from flyteidl.core import security_pb2, tasks_pb2

SECRETS_FOLDER = "/etc/flyte/secrets"
FOLDER_VARIABLE = "FLYTE_SECRETS_DEFAULT_DIR"
"""The variable that tells tasks in which folder the files of secrets are. Flyte's name."""
SecretForm = Literal["ANY", "ENV_VAR", "FILE"]


class SecretReference(msgspec.Struct, frozen=True):
    """The place of a secret, and the way in which the task wants to find it."""

    group: str
    key: str
    version: str = ""
    form: SecretForm = "ANY"
    variable: str = ""
    """The name of its environment variable; empty for the usual one."""

    @property
    def variable_name(self) -> str:
        """The variable in which Flyte's tasks look for it."""
        usual = "_".join(filter(None, ("_FSEC", self.group, self.key)))
        return self.variable or usual.upper().replace("-", "_")

    @property
    def file_name(self) -> str:
        """The file in which they do, below the folder of secrets."""
        return "/".join(filter(None, (self.group.lower(), self.key.lower())))

    @property
    def path(self) -> str:
        """The file in which they do in a container."""
        return f"{SECRETS_FOLDER}/{self.file_name}"


class RunAs(msgspec.Struct, frozen=True):
    """The identity of a process in the systems around it. Empty for that of the executor."""

    iam_role: str = ""
    service_account: str = ""


NOBODY = RunAs()


def secrets_of(task: tasks_pb2.TaskTemplate) -> tuple[SecretReference, ...]:
    """The secrets that a task asks for."""
    return tuple(
        SecretReference(
            each.group,
            each.key,
            each.group_version,
            security_pb2.Secret.MountType.Name(each.mount_requirement),  # type: ignore[arg-type]
            each.env_var,
        )
        for each in task.security_context.secrets
    )


def run_as(task: tasks_pb2.TaskTemplate, execution: execution_pb2.ExecutionSpec) -> RunAs:
    """The identity of an attempt: that of its run, else that of its task.

    A run may name it in the way of older clients, which counts if it names none in that of newer ones.
    """
    if execution.security_context.HasField("run_as"):
        return _identity(execution.security_context.run_as)
    older = execution.auth_role
    if older.assumable_iam_role or older.kubernetes_service_account:
        return RunAs(older.assumable_iam_role, older.kubernetes_service_account)
    return _identity(task.security_context.run_as)


def _identity(said: security_pb2.Identity) -> RunAs:
    return RunAs(said.iam_role, said.k8s_service_account)
