"""Migrations of the store stand in one line."""

from __future__ import annotations

import re
from pathlib import Path

import alula.server.stores.sql.migrations.versions as versions
from alula.server.stores.sql.tables import HEAD


def test_each_migration_follows_the_one_before_and_the_schema_is_that_of_the_last() -> None:
    before = None
    for file in sorted(Path(versions.__path__[0]).glob("0*.py")):
        said = dict(re.findall(r'^(revision|down_revision) = (?:"(\d+)"|None)$', file.read_text(), re.MULTILINE))
        assert said["revision"] == file.name[:4]
        assert (said["down_revision"] or None) == before
        before = said["revision"]
    assert before == HEAD
