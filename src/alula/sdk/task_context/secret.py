"""Secrets: how a task asks for one, and how its code reads it. Never holds or logs a value."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Literal, NamedTuple, overload

from alula.sdk.absent_members import lacks_keywords

MOUNTS = ("any", "env_var", "file")
"""The ways to give a task its secret."""


class MountType(StrEnum):
    """The ways to give a task its secret, as flytekit names them. The text does as well."""

    ANY = "any"
    ENV_VAR = "env_var"
    FILE = "file"


class _SecretFields(NamedTuple):
    group: str | None = None
    key: str | None = None
    group_version: str | None = None
    mount_requirement: Literal["any", "env_var", "file"] | MountType = "any"
    env_var: str | None = None
    """The name of an environment variable to set, instead of the standard one."""


class Secret(_SecretFields):  # apart from its fields, as mypy reads no field of a NamedTuple that has more than these
    """A secret that a task needs, for `@task(secret_requests=[...])`."""

    __slots__ = ()
    MountType = MountType  # pyright: ignore[reportUnannotatedClassAttribute]  # flytekit's place of it


lacks_keywords(Secret, {})


class Secrets:
    """Reads the secrets of the running task: environment variables first, then files."""

    @overload
    def get(
        self,
        group: str | None = None,
        key: str | None = None,
        group_version: str | None = None,
        encode_mode: Literal["r"] = "r",
    ) -> str: ...

    @overload
    def get(
        self,
        group: str | None = None,
        key: str | None = None,
        group_version: str | None = None,
        *,
        encode_mode: Literal["rb"],
    ) -> bytes: ...

    def get(
        self,
        group: str | None = None,
        key: str | None = None,
        group_version: str | None = None,
        encode_mode: Literal["r", "rb"] = "r",
    ) -> str | bytes:
        """The value of a secret, as bytes with the mode `rb`.

        In a run on this machine a variable without the usual prefix does as well, as `GROUP_KEY`.

        Raises `NotFound` naming the places where it was looked for.
        """
        name = self.env_name(group, key, group_version)
        value = os.environ.get(name)
        if value is None and "FLYTE_INTERNAL_EXECUTION_ID" not in os.environ:
            value = os.environ.get(_usual_name(group, group_version, key))
        if value is not None:
            return value.strip() if encode_mode == "r" else value.encode()
        path = self.file_name(group, key, group_version)
        try:
            with open(path, "rb") as file:
                content = file.read()
            return content.decode().strip() if encode_mode == "r" else content
        except OSError:
            from alula.core.errors import NotFound  # lazy: errors load msgspec, which tasks need not pay for

            raise NotFound(
                "SecretNotFound",
                f"there is no secret {group or ''}/{key or ''}: neither the variable {name} nor the file {path}",
                fix="ask for it in the task's `secret_requests` and make it known to the platform",
            ) from None

    def __getattr__(self, group: str) -> SecretGroup:
        """The secrets of a group: `secrets.database.password` is `secrets.get("database", "password")`."""
        if group.startswith("__"):
            raise AttributeError(group)
        return SecretGroup(self, group)

    def get_secrets_env_var(self, group: str | None, key: str | None = None, group_version: str | None = None) -> str:
        """The environment variable in which the platform passes a secret."""
        return self.env_name(group, key, group_version)

    def get_secrets_file(self, group: str | None, key: str | None = None, group_version: str | None = None) -> str:
        """The file in which the platform passes a secret."""
        return self.file_name(group, key, group_version)

    def env_name(self, group: str | None, key: str | None, group_version: str | None = None) -> str:
        """The environment variable in which the platform passes a secret."""
        prefix = os.environ.get("FLYTE_SECRETS_ENV_PREFIX", "_FSEC_")
        return prefix + _usual_name(group, group_version, key)

    def file_name(self, group: str | None, key: str | None, group_version: str | None = None) -> str:
        """The file in which the platform passes a secret."""
        folder = os.environ.get("FLYTE_SECRETS_DEFAULT_DIR", "/etc/secrets")
        prefix = os.environ.get("FLYTE_SECRETS_FILE_PREFIX", "")
        parts = [part.lower() for part in (group, group_version, key) if part]
        return os.path.join(folder, *parts[:-1], prefix + parts[-1]) if parts else folder


def _usual_name(*parts: str | None) -> str:
    return "_".join(part.upper() for part in parts if part)


class SecretGroup:
    """The secrets of one group, as attributes."""

    def __init__(self, secrets: Secrets, group: str) -> None:
        self._secrets = secrets
        self._group = group

    def __getattr__(self, key: str) -> str:
        if key.startswith("__"):
            raise AttributeError(key)
        return self._secrets.get(self._group, key)
