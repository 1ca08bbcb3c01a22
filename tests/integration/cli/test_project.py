"""`alula project` on a platform."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.platform import Platforms, alula

HELLO = str(Path(__file__).parents[3] / "examples" / "hello.py")


def test_a_project_is_created_changed_archived_and_activated(tmp_path: Path) -> None:
    platforms = Platforms(tmp_path)
    to = ("--endpoint", platforms.start().grpc)

    def project(*words: str) -> None:
        ended = alula("project", *words, *to)
        assert ended.returncode == 0, ended.stderr

    def error_of(*words: str) -> str:
        ended = alula(*words, *to)
        assert ended.returncode == 2, ended.stdout
        return ended.stderr

    try:
        project("create", "etl", "--description", "Loads", "--label", "team=data")
        assert "error[ProjectExists]" in error_of("project", "create", "etl")
        assert "error[InvalidProjectId]" in error_of("project", "create", "Etl_1")
        project("archive", "etl")
        project("update", "etl", "--name", "ETL jobs")
        shown = json.loads(alula("get", "project", "etl", "-o", "json", *to).stdout)
        assert (shown["name"], shown["description"], shown["state"]) == ("ETL jobs", "Loads", "ARCHIVED")
        assert shown["labels"]["values"] == {"team": "data"}
        refused = error_of("run", "--remote", "-p", "etl", HELLO, "hello")
        assert "error[ProjectArchived]" in refused
        assert "`alula project activate etl`" in refused
        project("activate", "etl")
        ran = alula("run", "--remote", "--wait", *to, "-p", "etl", HELLO, "hello")
        assert ran.returncode == 0, ran.stderr
        assert "error[BadUsage]: nothing to change" in error_of("project", "update", "etl")
        assert "`alula project create`" in error_of("project", "activate", "nope")
    finally:
        platforms.close()
