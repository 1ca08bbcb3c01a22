"""The fate of a transaction whose COMMIT was never answered: PostgreSQL remembers it, and can be asked afterwards."""

from __future__ import annotations

import time

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

_ASK_FOR_S = 10.0
_PAUSE_S = 0.2


def transaction_id(connection: Connection) -> str | None:
    """The id under which to ask later; None on SQLite, whose commits do not get lost on the way."""
    if connection.dialect.name != "postgresql":
        return None
    return connection.execute(text("SELECT CAST(pg_current_xact_id() AS text)")).scalar_one()


def was_committed(engine: Engine, transaction: str | None) -> bool | None:
    """True if it was; None if the database can't be asked in time or does not know any more. Blocks."""
    if transaction is None:
        return None
    deadline = time.monotonic() + _ASK_FOR_S
    while time.monotonic() < deadline:
        try:
            status = _status(engine, transaction)
        except SQLAlchemyError:
            status = "in progress"  # not back yet, as far as anyone can tell
        if status != "in progress":
            return None if status is None else status == "committed"
        time.sleep(_PAUSE_S)
    return None


def _status(engine: Engine, transaction: str) -> str | None:
    with engine.connect() as connection:
        statement = text("SELECT pg_xact_status(CAST(:transaction AS xid8))")
        return connection.execute(statement, {"transaction": transaction}).scalar()
