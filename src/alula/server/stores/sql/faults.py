"""Failures of the two databases as errors of ours, told apart by codes, never by words."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from alula.core.errors import AlulaError, FailedPrecondition, InvalidInput, ResourceExhausted, Unavailable

_SPARE_BYTES = 1 << 20
"""Less than this free counts as a full disk where SQLite only says that it could not write."""
_CONTENTION_STATES = frozenset({"40001", "40P01", "23505"})
"""Serialization failure, deadlock, and a unique key that a rival took first: the same again may well work."""


def is_contention(error: DBAPIError) -> bool:
    """True if a rival's transaction was in the way, so that trying again makes sense."""
    return _state(error) in _CONTENTION_STATES


def is_text_error(error: DBAPIError) -> bool:
    """True if a value can't be kept as text: PostgreSQL has no NUL character."""
    state = _state(error)
    return state.startswith("22") or (not state and type(error.orig).__name__ == "DataError")


def translated(error: SQLAlchemyError, url: URL) -> AlulaError:
    """Raised `from` the original by the caller. `url` names the database, without its password."""
    is_sqlite = url.drivername.startswith("sqlite")
    # A password may also stand in the query, and so may the ways to keys.
    name = url.database if is_sqlite else url.set(drivername="postgresql", query={}).render_as_string()
    if isinstance(error, DBAPIError):
        if isinstance(error.orig, sqlite3.Error):
            return _of_sqlite(error.orig, str(name))
        return _of_postgresql(error, str(name))
    if isinstance(error, PoolTimeout):
        return Unavailable("StoreBusy", f"all connections to `{name}` are in use", fix="try again")
    return Unavailable("StoreFailed", f"the store `{name}` failed: {error}")


def _of_sqlite(error: sqlite3.Error, path: str) -> AlulaError:
    # The low byte is the primary code; an error of Python's own module has none.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    match code:
        case sqlite3.SQLITE_FULL:
            return _disk_full(path)
        case sqlite3.SQLITE_IOERR if _is_disk_full(path):
            return _disk_full(path)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Unavailable(
                "StoreBusy",
                f"another process keeps the database `{path}` locked",
                fix="stop the other process that uses this data folder",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return FailedPrecondition(
                "StoreDamaged",
                f"`{path}` is not a database or is damaged: {error}",
                fix="restore the file from a backup, or choose another data folder",
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return FailedPrecondition(
                "StoreReadOnly",
                f"the database `{path}` can't be written: {error}",
                fix="give this user the right to write to the folder and the file",
            )
        case sqlite3.SQLITE_TOOBIG:
            return ResourceExhausted("ValueTooBig", f"a value is larger than the database `{path}` can keep: {error}")
        case sqlite3.SQLITE_CANTOPEN:
            return Unavailable(
                "StoreUnreachable",
                f"the database `{path}` can't be opened: {error}",
                fix="check that its folder exists and that this user may write there",
            )
        case _:
            return Unavailable("StoreFailed", f"the database `{path}` failed: {error}")


def _of_postgresql(error: DBAPIError, name: str) -> AlulaError:
    state = _state(error)
    reason = str(error.orig).strip().partition("\n")[0]
    if state in ("53100", "53200"):
        what = "disk" if state == "53100" else "memory"
        return ResourceExhausted(
            "StoreDiskFull" if what == "disk" else "StoreOutOfMemory",
            f"the database server of `{name}` is out of {what}: {reason}",
            fix=f"give the database server more {what}",
        )
    if state == "54000":
        return ResourceExhausted("ValueTooBig", f"a value is larger than `{name}` can keep: {reason}")
    if state in ("42501", "25006"):
        return FailedPrecondition(
            "StoreReadOnly",
            f"the database `{name}` can't be written: {reason}",
            fix="let the user of the database URL create and write tables",
        )
    if is_text_error(error):
        return InvalidInput("BadText", f"the database can't keep this text: {reason}")
    if not state or state[:2] in ("08", "53", "57", "28", "3D"):
        return Unavailable(
            "StoreUnreachable",
            f"the database `{name}` can't be reached: {reason}",
            fix="check the database URL and that the server runs",
        )
    return Unavailable("StoreFailed", f"the database `{name}` failed: {reason}")


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _disk_full(path: str) -> ResourceExhausted:
    return ResourceExhausted(
        "StoreDiskFull", f"there is no room on the disk of `{path}`", fix="free some space and try again"
    )


def _is_disk_full(path: str) -> bool:
    try:
        return shutil.disk_usage(Path(path).parent).free < _SPARE_BYTES
    except OSError:
        return False
