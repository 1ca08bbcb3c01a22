"""Secrets: how a task asks for one, and how its code reads it. Never holds or logs a value."""

from __future__ import annotations

import os
from typing import Literal, NamedTuple

MOUNTS = ("any", "env_var", "file")
"""The ways to give a task its secret."""


class Secret(NamedTuple):
    """A secret that a task needs, for `@task(secret_requests=[...])`."""

    group: str | None = None
    key: str | None = None
    group_version: str | None = None
    mount_requirement: Literal["any", "env_var", "file"] = "any"
    env_var: str | None = None
    """The name of an environment variable to set, instead of the standard one."""


class Secrets:
    """Reads the secrets of the running task: environment variables first, then files."""

    def get(self, group: str | None = None, key: str | None = None, group_version: str | None = None) -> str:
        """The value of a secret. Raises `NotFound` naming the places where it was looked for."""
        name = self.env_name(group, key, group_version)
        value = os.environ.get(name)
        if value is not None:
            return value.strip()
        path = self.file_name(group, key, group_version)
        try:
            with open(path, encoding="utf-8") as file:
                return file.read().strip()
        except OSError:
            from alula.core.errors import NotFound  # lazy: errors load msgspec, which tasks need not pay for

            raise NotFound(
                "SecretNotFound",
                f"there is no secret {group or ''}/{key or ''}: neither the variable {name} nor the file {path}",
                fix="ask for it in the task's `secret_requests` and make it known to the platform",
            ) from None

    def env_name(self, group: str | None, key: str | None, group_version: str | None = None) -> str:
        """The environment variable in which the platform passes a secret."""
        prefix = os.environ.get("FLYTE_SECRETS_ENV_PREFIX", "_FSEC_")
        return prefix + "_".join(part.upper() for part in (group, group_version, key) if part)

    def file_name(self, group: str | None, key: str | None, group_version: str | None = None) -> str:
        """The file in which the platform passes a secret."""
        folder = os.environ.get("FLYTE_SECRETS_DEFAULT_DIR", "/etc/secrets")
        prefix = os.environ.get("FLYTE_SECRETS_FILE_PREFIX", "")
        parts = [part.lower() for part in (group, group_version, key) if part]
        return os.path.join(folder, *parts[:-1], prefix + parts[-1]) if parts else folder
