"""The first project of a new store, which every Flyte client takes for granted."""

from __future__ import annotations

from alula.server.store.projects import ProjectRecord

FIRST_PROJECT_ID = "flytesnacks"


def first_project(created_at: int) -> ProjectRecord:
    return ProjectRecord(
        id=FIRST_PROJECT_ID,
        name="flytesnacks",
        description="The project that a new platform begins with",
        created_at=created_at,
    )
