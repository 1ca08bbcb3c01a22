"""The identity that a task runs as, and the secrets that it needs: references only, whose values no record holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

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
        return self.variable or "_".join(("_FSEC", *self.names)).upper()

    @property
    def file_name(self) -> str:
        """The file in which they do, below the folder of secrets."""
        return "/".join(self.names).lower()

    @property
    def names(self) -> tuple[str, ...]:
        """The parts of its name, from the outermost in."""
        return tuple(filter(None, (self.group, self.version, self.key)))

    def without_version(self) -> SecretReference:
        """The same as code names it that leaves the version out."""
        return msgspec.structs.replace(self, version="")


class RunAs(msgspec.Struct, frozen=True):
    """The identity of a process in the systems around it. Empty for that of the executor."""

    iam_role: str = ""
    service_account: str = ""


NOBODY = RunAs()


class Places(NamedTuple):
    """Secrets by the names under which a task finds them."""

    variables: dict[str, SecretReference]
    files: dict[str, SecretReference]
    """By the path below the folder of secrets."""


def placed(references: Sequence[SecretReference]) -> Places:
    """The places of secrets: each has its whole name, and, as Flyte hands it over, that without its version unless
    another has it."""
    places = Places({}, {})
    for form in (_whole, SecretReference.without_version):
        for each in references:
            if each.form == "FILE":
                places.files.setdefault(form(each).file_name, each)
            else:
                places.variables.setdefault(form(each).variable_name, each)
    return places


def _whole(reference: SecretReference) -> SecretReference:
    return reference


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
