"""Templates in, closures out: everything that can be known to be wrong is reported before anything runs."""

from alula.core.compiler.entities import ReferencedLaunchPlan
from alula.core.compiler.errors import Code, CompileError, CompileErrors
from alula.core.compiler.task import compile_task
from alula.core.compiler.workflow import compile_workflow

__all__ = [
    "Code",
    "CompileError",
    "CompileErrors",
    "ReferencedLaunchPlan",
    "compile_task",
    "compile_workflow",
]
