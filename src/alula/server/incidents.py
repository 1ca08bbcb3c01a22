"""Incidents: errors of the platform's own. The log of the platform has the traceback under an id; everybody else gets
the id.
"""

from __future__ import annotations

import logging
import secrets

from alula.core.errors import AlulaError, TaskError

INTERNAL = "Internal"
"""Code of an incident that is not an error which the platform reports on purpose."""

_log = logging.getLogger(__name__)


def report(error: BaseException, where: str) -> str:
    """Write the traceback to the log of the platform. Returns the id of the incident."""
    id = secrets.token_hex(4)
    _log.error("incident %s %s", id, where, exc_info=error)
    return id


def as_failure(error: Exception, where: str) -> TaskError:
    """Report an error that ends a run, as the reason that its owner reads."""
    id = report(error, where)
    if isinstance(error, AlulaError):
        return TaskError(error.code, f"{error} (incident {id} {where})", "SYSTEM")
    name = type(error).__name__
    return TaskError(INTERNAL, f"{name} {where}; the log of the platform has the details under incident {id}", "SYSTEM")
