"""Settings of projects, domains and workflows."""

from __future__ import annotations

from typing import Protocol

import msgspec

from alula.server.store.audits import Audit


class AttributesRecord(msgspec.Struct, frozen=True):
    """Settings of one kind for a project, for a domain of it, or for a workflow there; empty where for all."""

    resource: int
    """`admin.MatchableResource`"""
    project: str
    domain: str
    workflow: str
    attributes: bytes
    """Serialized `admin.MatchingAttributes`."""
    updated_at: int = 0


class Attributes(Protocol):
    async def put(self, attributes: AttributesRecord, audit: Audit) -> None:
        """Create or replace."""
        ...

    async def delete(self, resource: int, *, project: str, domain: str, workflow: str, audit: Audit) -> bool:
        """False if there are none."""
        ...

    async def find(
        self, resource: int | None = None, *, at: tuple[str, str, str] | None = None
    ) -> list[AttributesRecord]:
        """All, those of one kind, those that hold `at` a project, domain and workflow: by project, domain, workflow and
        kind."""
        ...
