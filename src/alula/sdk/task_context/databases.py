"""Databases in files, for tasks that are queries."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing

from alula.sdk.task_context.context import current_context


def rows_of(uri: str, query: str, *, compressed: bool) -> object:
    """The rows of a query as a `pandas.DataFrame`."""
    import pandas  # lazy: only where a query runs

    context = current_context()
    path = context.store.readable(uri)
    if compressed:
        path = _unpacked(path, uri, tempfile.mkdtemp(dir=context.working_directory))
    with closing(sqlite3.connect(path)) as connection:
        return pandas.read_sql_query(query, connection)


def _unpacked(path: str, uri: str, folder: str) -> str:
    """The only file in an archive."""
    archive = shutil.copyfile(path, os.path.join(folder, os.path.basename(uri)))
    inside = os.path.join(folder, "inside")
    shutil.unpack_archive(archive, inside)
    names = os.listdir(inside)
    if len(names) != 1:
        raise ValueError(f"{uri} should contain one file, and contains {', '.join(sorted(names)) or 'none'}")
    return os.path.join(inside, names[0])
