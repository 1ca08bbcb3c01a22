"""Incidents: errors of the platform's own. The log of the platform has the traceback under an id; everybody else gets
the id.
"""

from __future__ import annotations

import logging
import secrets

from alula.core.errors import AlulaError, TaskError
from alula.server.log_subject import Subject, about

INTERNAL = "Internal"
"""Code of an incident that is not an error which the platform reports on purpose."""

_log = logging.getLogger(__name__)


def report(error: BaseException, where: str, of: Subject | None = None) -> str:
    """Write the traceback to the log of the platform, with what it is about. Returns the id of the incident."""
    id = secrets.token_hex(4)
    _log.error("incident %s %s", id, where, exc_info=error, extra={"incident": id, **about(of)})
    return id


def as_failure(error: Exception, where: str, of: Subject) -> TaskError:
    """Report an error that ends a run or an attempt, as the reason that its owner reads."""
    id = report(error, where, of)
    if isinstance(error, AlulaError):
        return TaskError(error.code, f"{error} (incident {id} {where})", "SYSTEM")
    name = type(error).__name__
    return TaskError(INTERNAL, f"{name} {where}; the log of the platform has the details under incident {id}", "SYSTEM")
