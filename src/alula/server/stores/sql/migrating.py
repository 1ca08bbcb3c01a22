"""Brings a store that an older program made to the newest revision. Forward only; imports Alembic."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from alula.core.errors import FailedPrecondition
from alula.server.stores.sql.tables import HEAD

_SCRIPTS = "alula.server.stores.sql:migrations"


def upgrade(connection: Connection, revision: str | None, to: str = "head") -> None:
    """In the caller's transaction, from `revision` (None: an empty database). Raises code `StoreTooNew`."""
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    if revision is not None and revision not in known_revisions(config):
        raise _too_new(revision)
    command.upgrade(config, to)


def known_revisions(config: Config) -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}


def _too_new(revision: str) -> FailedPrecondition:
    return FailedPrecondition(
        "StoreTooNew",
        f"the store has revision `{revision}`, and this program knows revisions up to `{HEAD}`",
        fix="install the newer version of alula that wrote it, or choose another data folder or database",
    )
