"""Scripts of the shell as tasks."""

from __future__ import annotations

from alula.sdk.absent import refuse_others
from alula.sdk.authoring.shell_task import OutputLocation, ProcessResult, ShellTask

__all__ = ["OutputLocation", "ProcessResult", "ShellTask"]

refuse_others(__name__)
