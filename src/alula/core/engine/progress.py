"""The sum of an executor's reports on one attempt: they come late, twice, and again after a crash.

A report says all that an executor knows of an attempt. Its empty fields are as before; known facts are no news.
"""

from __future__ import annotations

import msgspec

from alula.core.engine.events import AttemptProgressed


def known(last: AttemptProgressed | None, report: AttemptProgressed) -> AttemptProgressed:
    """All that is known with `report`, where `last` was known before it. Equal to `last` if there is no news in it."""
    if last is None:
        return report
    return msgspec.structs.replace(
        last,
        phase=report.phase or last.phase,
        why=report.why or last.why,
        executor=report.executor or last.executor,
        handle=report.handle or last.handle,
        logs=last.logs if report.logs is None else report.logs,
        info=last.info if report.info is None else report.info,
        happened_at=last.happened_at if _is_as_before(last, report) else report.happened_at,
    )


def is_start(last: AttemptProgressed | None, report: AttemptProgressed) -> bool:
    """True if the attempt began to run, for the first time or once more.

    A job that has a handle goes on under it, whenever its executor tells of it. Without one, each moment that an
    executor names is a start.
    """
    if report.phase != "RUNNING":
        return False
    return last is None or last.phase != "RUNNING" or known(last, report).happened_at != last.happened_at


def _is_as_before(last: AttemptProgressed, report: AttemptProgressed) -> bool:
    if report.phase not in ("", last.phase):
        return False
    return report.phase != "RUNNING" or (report.handle != b"" and report.handle == last.handle)
